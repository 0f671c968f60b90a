#!/usr/bin/env python3
"""Records PySINDy's sparse optimisers into tests/data/sindy/, for tests/models/optimisers_test.cpp.

Usage: tools/record_sparse_reference.py
Needs Python 3.11 with pysindy 2.1.0:   python3 -m venv venv && venv/bin/pip install pysindy==2.1.0
pysindy_optimisers.json holds, for states and noisy derivatives of tests/data/sindy/pysindy_<system>.json and its
polynomials: cases, each the optimiser's arguments and what PySINDy made of them (coefficients, or for the greedy ones
the sequence of supports and coefficients that they keep as history).
"""
import json
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pysindy as ps

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "data" / "sindy"
SYSTEMS = {"lorenz": 2, "van_der_pol": 3}


def coefficients(optimizer):
    return np.asarray(optimizer.coef_).tolist()


def sr3_cases(theta, y):
    for kind in ("l0", "l1"):
        for threshold in (0.05, 0.5):
            nu = 0.1
            weight = ps.SR3.calculate_l0_weight(threshold, nu) if kind == "l0" else threshold / nu
            fit = ps.SR3(reg_weight_lam=weight, regularizer=kind, relax_coeff_nu=nu, tol=1e-10, max_iter=200000)
            fit.fit(theta, y)
            yield {"optimiser": "sr3", "regulariser": kind, "threshold": threshold, "nu": nu,
                   "coefficients": coefficients(fit)}
    nu = 0.1
    thresholds = 0.05 * (1 + np.arange(theta.shape[1] * y.shape[1]).reshape(theta.shape[1], y.shape[1]) % 3)
    fit = ps.SR3(reg_weight_lam=(thresholds / nu).T, regularizer="weighted_l1", relax_coeff_nu=nu, tol=1e-10,
                 max_iter=200000)
    fit.fit(theta, y)
    yield {"optimiser": "sr3", "regulariser": "l1", "threshold": 1.0, "nu": nu, "weights": thresholds.T.tolist(),
           "coefficients": coefficients(fit)}


def greedy_cases(theta, y):
    fit = ps.SSR(alpha=1e-9, max_iter=theta.shape[1] - 1, criteria="coefficient_value")
    fit.fit(theta, y)
    yield {"optimiser": "ssr", "history": [np.asarray(c).tolist() for c in fit.history_]}
    fit = ps.FROLS(alpha=1e-9, max_iter=theta.shape[1])
    fit.fit(theta, y)
    yield {"optimiser": "frols", "history": [np.asarray(c).tolist() for c in fit.history_]}


def ensemble_case(theta, y):
    np.random.seed(1)
    fit = ps.EnsembleOptimizer(ps.STLSQ(threshold=0.1), bagging=True, n_models=400)
    fit.fit(theta, y)
    members = np.asarray(fit.coef_list)
    return {"optimiser": "ensemble", "threshold": 0.1, "alpha": 0.05, "median": np.median(members, 0).tolist(),
            "spread": members.std(0).tolist(), "inclusion": (members != 0).mean(0).tolist()}


def main():
    warnings.filterwarnings("ignore")
    out = {"source": f"PySINDy {version('pysindy')}, by tools/record_sparse_reference.py", "cases": []}
    for system, degree in SYSTEMS.items():
        data = json.loads((FOLDER / f"pysindy_{system}.json").read_text(encoding="utf-8"))
        x, y = np.array(data["x"]), np.array(data["noisy"])
        theta = np.asarray(ps.PolynomialLibrary(degree=degree).fit_transform(x))
        for case in [*sr3_cases(theta, y), *greedy_cases(theta, y), ensemble_case(theta, y)]:
            out["cases"].append({"system": system, "degree": degree, **case})
    (FOLDER / "pysindy_optimisers.json").write_text(json.dumps(out, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
