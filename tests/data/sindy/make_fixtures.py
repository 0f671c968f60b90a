"""Makes the fixtures of the sparse-regression tests with PySINDy 2.1.0: python make_fixtures.py (pip install pysindy==2.1.0).

pysindy_<name>.json: states, controls, targets (clean, and with 1 % Gaussian noise of each target's rms), the library's
feature names, and the coefficients of pysindy.STLSQ on them with and without its final unbiased solve.
"""
import json
import warnings

import numpy as np
import pysindy as ps

warnings.filterwarnings("ignore")


def integrate(field, x0, dt, rows, control=None, substeps=20):
    """Classical Runge-Kutta; the states at multiples of dt."""
    x, out = np.array(x0, float), []
    h = dt / substeps
    f = lambda x, t: np.array(field(x, control(t) if control else None))
    for k in range(rows):
        out.append(x.copy())
        for s in range(substeps):
            t = k * dt + s * h
            k1 = f(x, t)
            k2 = f(x + h / 2 * k1, t + h / 2)
            k3 = f(x + h / 2 * k2, t + h / 2)
            k4 = f(x + h * k3, t + h)
            x = x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return np.array(out)


def polynomial(degree):
    def evaluate(z, num_states):
        library = ps.PolynomialLibrary(degree=degree)
        theta = np.asarray(library.fit_transform(z))
        inputs = [f"x{i}" for i in range(num_states)] + [f"u{i}" for i in range(z.shape[1] - num_states)]
        return theta, library.get_feature_names(inputs)
    return evaluate


def polynomial_and_angle(degree, angle):
    def evaluate(z, num_states):
        theta, names = polynomial(degree)(z, num_states)
        extra = [np.sin(z[:, angle]), np.cos(z[:, angle])]
        return np.column_stack([theta, *extra]), names + [f"sin(x{angle})", f"cos(x{angle})"]
    return evaluate


def fixture(name, x, u, y, library, threshold, alpha):
    z = x if u is None else np.column_stack([x, u])
    theta, names = library(z, x.shape[1])
    noisy = y + 0.01 * np.sqrt((y ** 2).mean(0)) * np.random.default_rng(7).standard_normal(y.shape)
    cases = []
    for kind, target in (("clean", y), ("noisy", noisy)):
        for unbias in (True, False):
            optimizer = ps.STLSQ(threshold=threshold, alpha=alpha, unbias=unbias)
            optimizer.fit(theta, target)
            cases.append({"targets": kind, "unbias": unbias, "coefficients": optimizer.coef_.tolist()})
    data = {"source": "PySINDy 2.1.0 STLSQ, by make_fixtures.py", "name": name, "threshold": threshold, "alpha": alpha,
            "features": names, "x": x.tolist(), "u": [] if u is None else u.tolist(), "clean": y.tolist(),
            "noisy": noisy.tolist(), "cases": cases}
    with open(f"pysindy_{name}.json", "w", encoding="utf-8") as out:
        json.dump(data, out, separators=(",", ":"))
        out.write("\n")


def main():
    lorenz = lambda x, u: [10 * (x[1] - x[0]), 28 * x[0] - x[1] - x[0] * x[2], x[0] * x[1] - 8 / 3 * x[2]]
    x = integrate(lorenz, [-8, 8, 27], 0.02, 150)
    fixture("lorenz", x, None, np.array([lorenz(s, None) for s in x]), polynomial(2), 0.1, 0.05)

    pol = lambda x, u: [x[1], 2 * (1 - x[0] ** 2) * x[1] - x[0]]
    x = integrate(pol, [2, 0.1], 0.05, 150)
    fixture("van_der_pol", x, None, np.array([pol(s, None) for s in x]), polynomial(3), 0.1, 0.05)

    force = lambda t: 0.35 * np.cos(1.4 * t) + 0.2 * np.sin(3.3 * t)
    duffing = lambda x, u: [x[1], -0.1 * x[1] + x[0] - x[0] ** 3 + u]
    x = integrate(duffing, [1, 0], 0.1, 150, force)
    u = np.array([[force(0.1 * k)] for k in range(150)])
    fixture("duffing", x, u, np.array([duffing(s, c[0]) for s, c in zip(x, u)]), polynomial(3), 0.05, 0.05)

    torque = lambda t: 1.5 * np.sin(1.1 * t) + np.cos(2.7 * t)
    pendulum = lambda x, u: [x[1], 9.81 * np.sin(x[0]) - 0.15 * x[1] + 2 * u]
    x = integrate(pendulum, [2.5, 0], 0.05, 150, torque)
    u = np.array([[torque(0.05 * k)] for k in range(150)])
    fixture("pendulum", x, u, np.array([pendulum(s, c[0]) for s, c in zip(x, u)]), polynomial_and_angle(2, 0), 0.1, 0.05)

    x = [[0.1, 0.1]]
    for _ in range(150):
        x.append([1 - 1.4 * x[-1][0] ** 2 + x[-1][1], 0.3 * x[-1][0]])
    x = np.array(x)
    fixture("henon", x[:-1], None, x[1:], polynomial(3), 0.1, 0.05)


if __name__ == "__main__":
    main()
