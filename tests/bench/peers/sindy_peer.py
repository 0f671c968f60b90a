#!/usr/bin/env python3
"""Runs the same sparse regressions in PySINDy and in Lockstep, alternately, on one core, and prints the table of ratios.

Usage: tests/bench/peers/sindy_peer.py [--build BUILD] [--venv FOLDER] [--repeat N] [--models N] [--json FILE]
BUILD holds tests/bench/sparse_fits (cmake --build build --target sparse_fits). PySINDy runs in a virtual environment
that is made on first use, with pinned versions, outside the repository: FOLDER, or $LOCKSTEP_PEERS, or
~/.cache/lockstep/peers/pysindy-2.1.0.
Both sides get the same features and derivatives in memory and are timed in CPU seconds of their thread. Ensembles and
grids of PySINDy are timed on N models and counted up to 1,000, as it does them one after the other.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PINS = ("pysindy==2.1.0", "numpy==2.4.6", "scipy==1.17.1", "scikit-learn==1.9.1", "derivative==0.6.3")
ROOT = Path(__file__).resolve().parents[3]
MEMBERS = 1000
# One thread each; and no forced kernel, which would slow the peer's linear algebra.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def peer_environment():
    env = {key: value for key, value in os.environ.items() if key not in ("OPENBLAS_CORETYPE", "PYTHONPATH")}
    return env | {key: "1" for key in THREADS}


def enter_environment(folder):
    """Starts this script again in the virtual environment, which is made where it is not there."""
    python = folder / "bin" / "python"
    if Path(sys.prefix).resolve() == folder.resolve() and "OPENBLAS_CORETYPE" not in os.environ:
        return
    if not python.exists():
        print(f"making {folder} with {', '.join(PINS)}", file=sys.stderr)
        made = subprocess.run([sys.executable, "-m", "venv", str(folder)], check=False)
        installed = made.returncode == 0 and subprocess.run(
            [str(python), "-m", "pip", "install", "--quiet", *PINS], check=False).returncode == 0
        if not installed:
            subprocess.run(["rm", "-rf", str(folder)], check=False)
            sys.exit(f"PySINDy could not be installed into {folder}\n"
                     "  fix: let pip reach a package index that has " + " ".join(PINS) + ",\n"
                     "  or give --venv a virtual environment that holds them")
    os.execve(python, [str(python), *sys.argv], peer_environment())


def make_cases(folder):
    """Features and derivatives of noisy Lorenz-63 and Lorenz-96 trajectories, written for both sides."""
    import numpy as np
    import pysindy as ps
    from scipy.integrate import solve_ivp

    def lorenz63(_, x):
        return [10 * (x[1] - x[0]), 28 * x[0] - x[1] - x[0] * x[2], x[0] * x[1] - 8 / 3 * x[2]]

    def lorenz96(_, x):
        return (np.roll(x, -1) - np.roll(x, 2)) * np.roll(x, 1) - x + 8

    start = 8 * np.ones(10)
    start[0] += 0.01
    systems = {"p=10": (lorenz63, [-8, 8, 27], 0.002, 10000, 2), "p=20": (lorenz63, [-8, 8, 27], 0.002, 10000, 3),
               "p=56": (lorenz63, [-8, 8, 27], 0.002, 10000, 5), "p=66, 10 targets": (lorenz96, start, 0.01, 10000, 2),
               "p=10, 1e5 rows": (lorenz63, [-8, 8, 27], 0.002, 100000, 2)}
    cases = {}
    for name, (field, x0, dt, rows, degree) in systems.items():
        t = np.arange(rows) * dt
        x = solve_ivp(field, (0, t[-1]), x0, t_eval=t, rtol=1e-10, atol=1e-10).y.T
        x = x + 0.01 * x.std(0) * np.random.default_rng(0).standard_normal(x.shape)
        y = ps.SmoothedFiniteDifference(smoother_kws={"window_length": 41})._differentiate(x, dt)
        theta = np.ascontiguousarray(ps.PolynomialLibrary(degree=degree).fit_transform(x), dtype=float)
        place = folder / name.replace(" ", "_").replace(",", "")
        place.mkdir()
        theta.tofile(place / "theta.f64")
        np.ascontiguousarray(y, dtype=float).tofile(place / "y.f64")
        cases[name] = (place, theta, np.asarray(y, dtype=float))
    return cases


class Lockstep:
    def __init__(self, program):
        if not program.exists():
            sys.exit(f"{program} is not there\n  fix: cmake --build {program.parents[2]} --target sparse_fits")
        self.process = subprocess.Popen([str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def seconds(self, task, case, members=MEMBERS, threshold=0.1, alpha=0.05):
        place, theta, y = case
        print(task, place, theta.shape[1], y.shape[1], threshold, alpha, members, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit("sparse_fits ended: see its message above")
        return float(answer)

    @staticmethod
    def result(case, parts):
        import numpy as np
        place, theta, y = case
        return np.fromfile(place / "result.f64").reshape(parts, theta.shape[1], y.shape[1])


def peer_seconds(fit):
    begin = time.process_time()
    fit()
    return time.process_time() - begin


def peer_single(case):
    import pysindy as ps
    _, theta, y = case
    return peer_seconds(lambda: ps.STLSQ(threshold=0.1, alpha=0.05).fit(theta, y))


def peer_ensemble(case, models):
    import pysindy as ps
    _, theta, y = case
    fit = ps.EnsembleOptimizer(ps.STLSQ(threshold=0.1, alpha=0.05), bagging=True, n_models=models)
    return peer_seconds(lambda: fit.fit(theta, y)) * MEMBERS / models


def peer_grid(case, models):
    """A share of the grid's points, spread over it."""
    import numpy as np
    import pysindy as ps
    _, theta, y = case
    points = [(t, a) for t in np.geomspace(0.01, 1, MEMBERS // 20) for a in np.geomspace(1e-3, 10, 20)]
    points = points[::max(1, len(points) // models)]
    total = sum(peer_seconds(lambda t=t, a=a: ps.STLSQ(threshold=t, alpha=a).fit(theta, y)) for t, a in points)
    return total * MEMBERS / len(points)


def compare(cases, lockstep, repeat, models):
    """Rows of (what, ours, theirs), each the least of `repeat` alternating runs."""
    tasks = []
    for name in [n for n in cases if "1e5" not in n]:
        tasks += [(f"rows ensemble of 1,000, {name}", "rows", name, lambda c: peer_ensemble(c, models)),
                  (f"group ensemble of 1,000, {name}", "groups", name, lambda c: peer_ensemble(c, models)),
                  (f"threshold x ridge grid of 1,000, {name}", "path", name, lambda c: peer_grid(c, models))]
    tasks += [(f"one STLSQ fit, {name}", "stlsq", name, peer_single) for name in cases]
    for what, task, name, peer in tasks:
        case = cases[name]
        ours, theirs = [], []
        for _ in range(repeat):
            theirs.append(peer(case))
            ours.append(min(lockstep.seconds(task, case) for _ in range(3)))
        yield what, min(ours), min(theirs)


def agreement(cases, lockstep):
    """How far random groups are from drawing rows, in members enough that chance is less than a hundredth: mean ratio of
    the widths of the middle half (one member in a thousand with other terms would rule a standard deviation), largest
    difference of inclusion."""
    for name in [n for n in cases if "1e5" not in n]:
        lockstep.seconds("rows", cases[name], members=10000)
        rows = lockstep.result(cases[name], 3)
        lockstep.seconds("groups", cases[name], members=10000)
        groups = lockstep.result(cases[name], 3)
        sure = rows[2] > 0.99
        yield name, float((groups[1][sure] / rows[1][sure]).mean()), float(abs(groups[2] - rows[2]).max())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    cache = Path(os.environ.get("LOCKSTEP_PEERS", Path.home() / ".cache" / "lockstep" / "peers"))
    parser.add_argument("--venv", type=Path, default=cache / "pysindy-2.1.0")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--models", type=int, default=20, help="of PySINDy's ensembles and grids, per run")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    enter_environment(options.venv)
    import warnings
    warnings.filterwarnings("ignore")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # both sides on one core; children inherit it
    with tempfile.TemporaryDirectory() as folder:
        cases = make_cases(Path(folder))
        lockstep = Lockstep(options.build / "tests" / "bench" / "sparse_fits")
        rows = []
        print(f"{'':44} {'Lockstep':>12} {'PySINDy':>12} {'ratio':>9}")
        for what, ours, theirs in compare(cases, lockstep, options.repeat, options.models):
            print(f"{what:44} {ours * 1e3:9.3f} ms {theirs * 1e3:9.1f} ms {theirs / ours:8.0f}x", flush=True)
            rows.append({"name": what, "ours": ours, "peer": theirs, "peer_name": "pysindy 2.1.0", "unit": "s",
                         "ratio": theirs / ours, "threads": 1})
        for name, spread, inclusion in agreement(cases, lockstep):
            print(f"groups against rows, {name}: spread {spread:.3f}, inclusion differs by {inclusion:.3f} at most")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
