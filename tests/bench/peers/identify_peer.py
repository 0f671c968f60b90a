#!/usr/bin/env python3
"""Identifies the 24 public systems in PySINDy and in Lockstep from the same noisy samples, and prints how far ahead each
model predicts, how far its coefficients are off, its long-time statistics on Lorenz-63, and what a rollout costs.

Usage: tests/bench/peers/identify_peer.py [--build BUILD] [--venv FOLDER] [--noise 0.01 0.05] [--seeds N] [--json FILE]
BUILD holds tests/bench/identify_series (cmake --build build --target identify_series). PySINDy's environment is that of
sindy_peer.py. PySINDy: STLSQ with the threshold recorded for each system, second-order differences on clean data,
Savitzky-Golay of window 41 on noisy data; Lockstep: `identify` as it is. Times are CPU seconds of one thread.

Valid time: until the error, in units of each state's deviation, rms over states, passes 0.4; mean over ten starts; in
Lyapunov times where the largest exponent is above 0.005 (at most 12), else in lengths of the recording (at most 1).
D_stsp: Kullback-Leibler divergence of state-space histograms of 30 bins a dimension, smoothed by 1e-5 (the measure of
Hess et al. 2023, ICML), 100,000 free steps against 100,000 steps of the truth from another start.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sindy_peer import ROOT, enter_environment

STARTS = 10
LIMIT = 0.4


def exponents(inputs, degree):
    """Of the monomials in the order of both libraries."""
    import itertools
    import numpy as np
    rows = []
    for total in range(degree + 1):
        for chosen in itertools.combinations_with_replacement(range(inputs), total):
            rows.append([chosen.count(i) for i in range(inputs)])
    return np.array(rows)


class Field:
    """x' = Theta(x, u(t)) c for many worlds at once."""

    def __init__(self, powers, coefficients, control=None):
        used = (coefficients != 0).any(axis=1)
        self.factors = [[i for i, e in enumerate(row) for _ in range(e)] for row in powers[used]]
        self.coefficients, self.control = coefficients[used], control

    def __call__(self, t, x):
        import numpy as np
        if self.control:
            x = np.hstack([x, np.full((len(x), 1), self.control(t))])
        theta = np.ones((len(x), len(self.factors)))
        for k, factors in enumerate(self.factors):
            for i in factors:
                theta[:, k] *= x[:, i]
        return theta @ self.coefficients

    def motion(self, x, dt, steps):
        """[steps + 1][worlds][nx] by classical Runge-Kutta."""
        import numpy as np
        out = np.empty((steps + 1, *x.shape))
        out[0] = x
        with np.errstate(all="ignore"):
            for k in range(steps):
                t, x = k * dt, out[k]
                a = self(t, x)
                b = self(t + dt / 2, x + dt / 2 * a)
                c = self(t + dt / 2, x + dt / 2 * b)
                out[k + 1] = x + dt / 6 * (a + 2 * b + 2 * c + self(t + dt, x + dt * c))
        return out


def controls():
    import numpy as np
    return {"lorenz63_controlled": lambda t: 50 * np.sin(5 * t) * np.exp(-0.1 * t) + 20 * np.sin(17 * t),
            "duffing_forced_control": lambda t: 0.35 * np.cos(1.4 * t) + 0.2 * np.sin(3.3 * t)}


class System:
    def __init__(self, name, facts):
        import numpy as np
        self.name, self.facts, self.dt = name, facts, facts["dt"]
        self.nx, self.nu, self.degree = facts["n_state"], facts["n_control"], facts["library_degree"]
        self.powers = exponents(self.nx + self.nu, self.degree)
        self.truth = np.zeros((len(self.powers), self.nx))
        for i, equation in enumerate(facts["equations"]):
            for coefficient, powers in equation:
                self.truth[(self.powers == powers).all(axis=1), i] += coefficient
        self.control = controls().get(name)
        rows = facts["n_samples"]
        fine = Field(self.powers, self.truth, self.control).motion(np.array([facts["x0"]]), self.dt / 4, 4 * (rows - 1))
        self.clean = fine[::4, 0]
        times = np.arange(rows) * self.dt
        self.u = self.control(times)[:, None] if self.control else np.zeros((rows, 0))
        exponent = facts["lyapunov"] or 0
        self.is_chaotic = exponent > 0.005
        self.unit = 1 / exponent if self.is_chaotic else rows * self.dt
        self.prepare_starts(np)

    def prepare_starts(self, np):
        """Chaotic: further along the attractor. Else: starts around the recorded one."""
        field = Field(self.powers, self.truth, self.control)
        if self.is_chaotic:
            further = field.motion(self.clean[-1:], self.dt, len(self.clean))[:, 0]
            starts = further[np.linspace(100, len(further) - 1, STARTS).astype(int)]
        else:
            starts = np.array(self.facts["x0"]) * np.linspace(0.8, 1.2, STARTS)[:, None]
        self.steps = int(min((12 if self.is_chaotic else 1) * self.unit / self.dt, 30000))
        self.expected = field.motion(starts, self.dt, self.steps)

    def samples(self, noise, seed):
        import numpy as np
        random = np.random.default_rng(seed)
        return self.clean + noise * self.clean.std(0) * random.standard_normal(self.clean.shape)

    def valid_time(self, coefficients):
        import numpy as np
        predicted = Field(self.powers, coefficients, self.control).motion(self.expected[0], self.dt, self.steps)
        with np.errstate(all="ignore"):
            error = np.sqrt((((predicted - self.expected) / self.clean.std(0)) ** 2).mean(axis=2))
        wrong = ~(error <= LIMIT)
        first = np.where(wrong.any(axis=0), wrong.argmax(axis=0), self.steps)
        return float(first.mean() * self.dt / self.unit)

    def score(self, coefficients):
        import numpy as np
        return {"exact": bool(((coefficients != 0) == (self.truth != 0)).all()),
                "error": float(np.linalg.norm(coefficients - self.truth) / np.linalg.norm(self.truth)),
                "valid_time": self.valid_time(coefficients)}


def timed(fit):
    begin = time.process_time()
    result = fit()
    return result, time.process_time() - begin


def peer_fit(x, u, dt, degree, threshold, window):
    """[features][nx] and CPU seconds."""
    import pysindy as ps
    method = ps.SmoothedFiniteDifference(smoother_kws={"window_length": window}) if window else ps.FiniteDifference()
    model = ps.SINDy(optimizer=ps.STLSQ(threshold=threshold), feature_library=ps.PolynomialLibrary(degree=degree),
                     differentiation_method=method)
    _, seconds = timed(lambda: model.fit(x, t=dt, u=u if u.shape[1] else None))
    return model, model.coefficients().T, seconds


class Lockstep:
    def __init__(self, program, folder):
        if not program.exists():
            sys.exit(f"{program} is not there\n  fix: cmake --build {program.parents[2]} --target identify_series")
        self.process = subprocess.Popen([str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.folder = folder

    def run(self, task, nx, nu, dt, degree):
        print(task, self.folder, nx, nu, repr(float(dt)), degree, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit("identify_series ended: see its message above")
        return float(answer)

    def fit(self, x, u, dt, degree, task="identify"):
        import numpy as np
        np.ascontiguousarray(x).tofile(self.folder / "x.f64")
        np.ascontiguousarray(u).tofile(self.folder / "u.f64")
        seconds = self.run(task, x.shape[1], u.shape[1], dt, degree)
        return np.fromfile(self.folder / "result.f64").reshape(-1, x.shape[1]), seconds


def mean_score(system, scores, seconds):
    scored = [system.score(c) for c in scores]
    count = len(scored)
    return {"exact": sum(s["exact"] for s in scored) / count, "error": sum(s["error"] for s in scored) / count,
            "valid_time": sum(s["valid_time"] for s in scored) / count, "seconds": min(seconds)}


def compare_systems(lockstep, noises, seeds):
    facts = json.loads((ROOT / "tests/data/sindy/public_systems.json").read_text(encoding="utf-8"))["systems"]
    print(f"{'':26} noise  {'exact':>11} {'error':>19} {'valid time':>15}  unit")
    for name, fact in facts.items():
        system = System(name, fact)
        for noise in noises:
            ours, theirs = ([], []), ([], [])
            for seed in range(seeds if noise > 0 else 1):
                x = system.samples(noise, seed)
                for into, (c, seconds) in (
                        (theirs, peer_fit(x, system.u, system.dt, system.degree, fact["threshold"],
                                          41 if noise > 0 else 0)[1:]),
                        (ours, lockstep.fit(x, system.u, system.dt, system.degree))):
                    into[0].append(c)
                    into[1].append(seconds)
            row = {"name": f"identify/{name}", "noise": noise, "seeds": len(ours[0]), "peer_name": "pysindy 2.1.0",
                   "unit": "Lyapunov times" if system.is_chaotic else "recordings",
                   "ours": mean_score(system, *ours), "peer": mean_score(system, *theirs)}
            a, b = row["ours"], row["peer"]
            print(f"{name:26} {noise:5.2f}  {a['exact']:5.2f} {b['exact']:5.2f} {a['error']:9.1e} {b['error']:9.1e} "
                  f"{a['valid_time']:7.2f} {b['valid_time']:7.2f}  {row['unit']}", flush=True)
            yield row


def divergence(truth, model):
    """D_stsp."""
    import numpy as np
    low, high = truth.min(0) - 0.1 * truth.std(0), truth.max(0) + 0.1 * truth.std(0)
    bins = [np.linspace(a, b, 31) for a, b in zip(low, high)]
    p, q = (np.histogramdd(m, bins)[0].ravel() for m in (truth, model))
    p, q = ((h / len(m) + 1e-5) / (h.sum() / len(m) + 1e-5 * h.size) for h, m in ((p, truth), (q, model)))
    return float((p * np.log(p / q)).sum())


def reconstruct(lockstep):
    """Lorenz-63, 100,000 samples of 10 ms with 5 % noise."""
    import numpy as np
    powers = exponents(3, 2)
    truth = np.zeros((10, 3))
    for i, terms in enumerate(([(-10, [1, 0, 0]), (10, [0, 1, 0])], [(28, [1, 0, 0]), (-1, [0, 1, 0]), (-1, [1, 0, 1])],
                               [(-8 / 3, [0, 0, 1]), (1, [1, 1, 0])])):
        for c, e in terms:
            truth[(powers == e).all(axis=1), i] = c
    dt, count = 0.01, 100000
    train, test = np.moveaxis(Field(powers, truth).motion(np.array([[-8.0, 8, 27], [3, 1, 20]]), dt, count + 1000)[1001:],
                              1, 0)
    noisy = train + 0.05 * train.std(0) * np.random.default_rng(0).standard_normal(train.shape)
    none = np.zeros((count, 0))
    models, seconds = {"the true field": truth}, {"the true field": 0.0}
    for threshold, window in ((0.05, 9), (0.1, 15), (0.2, 21)):
        name = f"PySINDy, threshold {threshold}, window {window}"
        _, models[name], seconds[name] = peer_fit(noisy, none, dt, 2, threshold, window)
    for task in ("identify", "identify-weak"):
        models[f"Lockstep, {task}"], seconds[f"Lockstep, {task}"] = lockstep.fit(noisy, none, dt, 2, task)
    for name, c in models.items():
        free = Field(powers, c).motion(test[:1], dt, count)[1:, 0]
        row = {"name": f"lorenz63 D_stsp/{name}", "D_stsp": divergence(test, free), "terms": int((c != 0).sum()),
               "error": float(np.linalg.norm(c - truth) / np.linalg.norm(truth)), "seconds": seconds[name]}
        print(f"{name:36} D_stsp {row['D_stsp']:.4f}, {row['terms']} terms, coefficients off by {row['error']:.1e}, "
              f"{row['seconds']:.3f} s", flush=True)
        yield row


def roll_out(lockstep):
    """Five states, forty-one terms: one world's step against PySINDy's predict() and simulate()."""
    import numpy as np
    random = np.random.default_rng(1)
    x = random.uniform(-0.5, 0.5, (2000, 5))
    c = np.zeros((21, 5))
    c.ravel()[random.permutation(105)[:41]] = 0.1 * random.standard_normal(41)
    lockstep.fit(np.cumsum(x, axis=0), np.zeros((2000, 0)), 0.01, 2)
    np.ascontiguousarray(x).tofile(lockstep.folder / "x.f64")
    np.ascontiguousarray(c).tofile(lockstep.folder / "result.f64")
    ours = min(lockstep.run("rollout", 5, 0, 0.01, 2) for _ in range(7))
    model, *_ = peer_fit(np.cumsum(x, axis=0), np.zeros((2000, 0)), 0.01, 2, 0.1, 0)
    model.optimizer.coef_ = c.T
    predict = min(timed(lambda: [model.predict(x[:1]) for _ in range(50)])[1] for _ in range(5)) / 50
    t = np.arange(101) * 0.01
    simulate = min(timed(lambda: model.simulate(x[0], t))[1] for _ in range(3)) / 100
    for name, theirs in (("predict", predict), ("simulate", simulate)):
        row = {"name": f"one step, 5 states, 41 terms/{name}", "ours": ours, "peer": theirs, "unit": "s",
               "peer_name": "pysindy 2.1.0", "ratio": theirs / ours}
        print(f"{row['name']}: {ours * 1e9:.0f} ns ({1 / ours:.2e} steps/s) against {theirs * 1e3:.3f} ms: "
              f"{row['ratio']:.0f}x", flush=True)
        yield row


def machine():
    """What the rows were measured on."""
    import platform
    cpu = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
                if line.startswith("model name")), platform.processor())
    return {"cpu": cpu, "cores": os.cpu_count(), "os": f"{platform.system()} {platform.release()}",
            "python": platform.python_version()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    cache = Path(os.environ.get("LOCKSTEP_PEERS", Path.home() / ".cache" / "lockstep" / "peers"))
    parser.add_argument("--venv", type=Path, default=cache / "pysindy-2.1.0")
    parser.add_argument("--noise", type=float, nargs="*", default=[0.0, 0.01, 0.05], help="shares of a state's deviation")
    parser.add_argument("--seeds", type=int, default=3, help="draws of the noise")
    parser.add_argument("--json", type=Path, help="one JSON row a line")
    options = parser.parse_args()
    enter_environment(options.venv)
    import warnings
    warnings.filterwarnings("ignore")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # both sides on one core; children inherit it
    with tempfile.TemporaryDirectory() as folder:
        lockstep = Lockstep(options.build / "tests" / "bench" / "identify_series", Path(folder))
        rows = [*roll_out(lockstep), *reconstruct(lockstep), *compare_systems(lockstep, options.noise, options.seeds)]
    if options.json:
        options.json.write_text("".join(json.dumps(row | {"machine": machine()}) + "\n" for row in rows),
                                encoding="utf-8")


if __name__ == "__main__":
    main()
