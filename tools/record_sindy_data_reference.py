#!/usr/bin/env python3
"""Records what PySINDy does with data: derivatives, weak-form libraries, rational fits; into tests/data/sindy/.

Usage: record_sindy_data_reference.py [OUTPUT_FOLDER [NAME...]]   (in an environment with pysindy==2.1.0 and derivative)
Times are seconds of the machine it runs on, with one BLAS thread (OMP_NUM_THREADS=1); errors are relative rms.
"""
import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pysindy as ps
from scipy.integrate import solve_ivp

warnings.filterwarnings("ignore")
SOURCE = "PySINDy 2.1.0 with derivative 0.6.3, by tools/record_sindy_data_reference.py"


def lorenz(_, s):
    return [10 * (s[1] - s[0]), s[0] * (28 - s[2]) - s[1], s[0] * s[1] - 8 / 3 * s[2]]


def lorenz_samples(rows, noise, seed=3):
    t = np.arange(rows) * 0.002
    x = solve_ivp(lorenz, (0, t[-1]), [-8, 8, 27], t_eval=t, method="DOP853", rtol=1e-12, atol=1e-12).y.T
    derivative = np.array([lorenz(0, s) for s in x])
    noisy = x + noise * x.std(0) * np.random.default_rng(seed).standard_normal(x.shape)
    return t, noisy, derivative


def differentiation():
    """Errors and times of PySINDy's methods on Lorenz-63 (dt 2 ms); the slow ones on the first 2000 rows."""
    methods = {
        "finite_difference_2": (10000, ps.FiniteDifference(order=2)),
        "finite_difference_4": (10000, ps.FiniteDifference(order=4)),
        "savgol_11": (10000, ps.SmoothedFiniteDifference(smoother_kws={"window_length": 11})),
        "savgol_41": (10000, ps.SmoothedFiniteDifference(smoother_kws={"window_length": 41})),
        "local_savgol": (10000, ps.SINDyDerivative(kind="savitzky_golay", order=3, left=0.05, right=0.05)),
        "local_savgol_wide": (10000, ps.SINDyDerivative(kind="savitzky_golay", order=5, left=0.12, right=0.12)),
        "kalman": (2000, ps.SINDyDerivative(kind="kalman", alpha=1e-4)),
    }
    rows = []
    for noise in (0, 0.01, 0.05):
        for name, (count, method) in methods.items():
            t, x, truth = lorenz_samples(10000, noise)
            begin = time.perf_counter()
            found = method._differentiate(x[:count], t[:count])
            seconds = time.perf_counter() - begin
            error = np.linalg.norm(found - truth[:count]) / np.linalg.norm(truth[:count])
            rows.append({"method": name, "rows": count, "noise": noise, "error": float(error), "seconds": seconds})
            print(rows[-1], flush=True)
    return {"source": SOURCE, "system": "Lorenz-63, dt 0.002 s, noise as a share of each state's deviation", "results": rows}


def weak_form():
    """Relative coefficient error (Frobenius) of PySINDy's weak form on Lorenz-63."""
    truth = np.zeros((3, 10))
    truth[0, 1:3] = -10, 10
    truth[1, [1, 2, 6]] = 28, -1, -1
    truth[2, [3, 5]] = -8 / 3, 1
    rows = []
    for noise in (0, 0.01, 0.05):
        for domains, seed in [(100, 3)] + [(2000, seed) for seed in ((3,) if noise == 0 else range(3, 8))]:
            t, x, _ = lorenz_samples(10000, noise, seed)
            np.random.seed(seed)
            library = ps.WeakPDELibrary(ps.PolynomialLibrary(degree=2, include_bias=True), spatiotemporal_grid=t, K=domains)
            model = ps.SINDy(feature_library=library, optimizer=ps.STLSQ(threshold=0.5))
            model.fit(x, t=t)
            coefficients = model.coefficients()
            error = np.linalg.norm(coefficients - truth) / np.linalg.norm(truth)
            same = bool(((coefficients != 0) == (truth != 0)).all())
            rows.append({"noise": noise, "domains": domains, "error": float(error), "support": same, "seed": seed})
            print(rows[-1], flush=True)
    return {"source": SOURCE, "system": "Lorenz-63, dt 0.002 s, 10000 rows, STLSQ threshold 0.5", "results": rows}


def main(arguments):
    folder = Path(arguments[0] if arguments else Path(__file__).resolve().parent.parent / "tests/data/sindy")
    for name, record in {"pysindy_differentiation": differentiation, "pysindy_weak_form": weak_form}.items():
        if len(arguments) > 1 and name not in arguments[1:]:
            continue
        text = json.dumps(record(), indent=1)
        (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
