// The reference problems' dynamics and costs, written from the formulas in the data file.
#include "tests/planners/reference_problems.h"
#include "tests/planners/function_problem.h"

#include <array>
#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <stdexcept>

namespace lockstep::planners::testing {
namespace {

using std::cos, std::sin, std::sqrt;

// One classical Runge-Kutta step of x' = f(x, u), u held.
template <int kN, class Ode>
FunctionDynamics::Step runge_kutta(double h, Ode f) {
  return [h, f](const double* x, const double* u, double* next) {
    using State = std::array<double, kN>;
    State x0, k1, k2, k3, k4;
    for (int i = 0; i < kN; ++i) x0[i] = x[i];
    const auto moved = [&](const State& slope, double by) {
      State y;
      for (int i = 0; i < kN; ++i) y[i] = x0[i] + by * slope[i];
      return y;
    };
    f(x0.data(), u, k1.data());
    f(moved(k1, h / 2).data(), u, k2.data());
    f(moved(k2, h / 2).data(), u, k3.data());
    f(moved(k3, h).data(), u, k4.data());
    for (int i = 0; i < kN; ++i) next[i] = x0[i] + h / 6 * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]);
  };
}

double square(double v) { return v * v; }
double smooth_abs(double v, double p) { return sqrt(v * v + p * p) - p; }

// Accelerations of two links (m = l = 1, lc = 0.5, I = 1/12, g = 9.81, damping 0.1) under torques t1, t2.
void two_link(const double* x, double t1, double t2, double& a1, double& a2) {
  constexpr double inertia = 1.0 / 12, lc = 0.5, g = 9.81, b = 0.1;
  const double q1 = x[0], q2 = x[1], v1 = x[2], v2 = x[3];
  const double m11 = 2 * inertia + lc * lc + 1 + lc * lc + 2 * lc * cos(q2);
  const double m12 = inertia + lc * lc + lc * cos(q2), m22 = inertia + lc * lc;
  const double r1 = lc * sin(q2) * v2 * (2 * v1 + v2) - g * (lc * sin(q1) + sin(q1) + lc * sin(q1 + q2)) - b * v1 + t1;
  const double r2 = -lc * sin(q2) * v1 * v1 - g * lc * sin(q1 + q2) - b * v2 + t2;
  const double determinant = m11 * m22 - m12 * m12;
  a1 = (m22 * r1 - m12 * r2) / determinant;
  a2 = (m11 * r2 - m12 * r1) / determinant;
}

struct Parts {
  std::unique_ptr<Dynamics> dynamics;
  std::unique_ptr<Cost> cost;
};

Parts functions(int nx, int nu, double dt, FunctionDynamics::Step step, FunctionCost::Stage stage,
                FunctionCost::Terminal terminal) {
  return {std::make_unique<FunctionDynamics>(nx, nu, dt, std::move(step)),
          std::make_unique<FunctionCost>(nx, nu, std::move(stage), std::move(terminal))};
}

std::unique_ptr<Dynamics> double_integrator(double dt) {
  return std::make_unique<LinearDynamics>(2, 1, dt, std::vector<double>{1, dt, 0, 1},
                                          std::vector<double>{0.5 * dt * dt, dt});
}

Parts lqr_double_integrator() {
  return {double_integrator(0.1), std::make_unique<DiagonalCost>(std::vector<double>{1, 0.1}, std::vector<double>{0.01},
                                                                 std::vector<double>{10, 1})};
}

Parts lqr_unstable_chain() {
  std::vector<double> a = {1,    0,    0, 0.05,   0, 0, 0,    1,    0,    0, 0.05,   0, 0, 0,    1,    0, 0, 0.05,
                           -0.5, 0.25, 0, 0.9975, 0, 0, 0.25, -0.5, 0.25, 0, 0.9975, 0, 0, 0.25, 0.15, 0, 0, 0.9975};
  std::vector<double> b = {0, 0, 0, 0, 0, 0, 0.05, 0, 0, 0, 0, 0.05};
  return {std::make_unique<LinearDynamics>(6, 2, 0.05, std::move(a), std::move(b)),
          std::make_unique<DiagonalCost>(std::vector<double>(6, 1), std::vector<double>(2, 0.1),
                                         std::vector<double>(6, 50))};
}

Parts boxqp_double_integrator() {
  return {double_integrator(0.1),
          std::make_unique<DiagonalCost>(std::vector<double>{1, 0.01}, std::vector<double>{0.001},
                                         std::vector<double>{100, 10})};
}

// The file's problem ends at exactly (1, 0); planners get a stiff penalty instead (its `terminal` is 0 in the probes).
constexpr double kEndPenalty = 1e6;
Parts min_energy_double_integrator() {
  Parts parts = functions(
      2, 1, 0.05, nullptr, [](const double*, const double* u) { return 0.05 * 0.5 * u[0] * u[0]; },
      [](const double* x) { return kEndPenalty * (square(x[0] - 1) + square(x[1])); });
  parts.dynamics = double_integrator(0.05);
  return parts;
}

Parts pendulum_swingup() {
  const auto ode = [](const double* x, const double* u, double* slope) {
    slope[0] = x[1];
    slope[1] = u[0] - 0.1 * x[1] - 9.81 * sin(x[0]);
  };
  return functions(
      2, 1, 0.05, runge_kutta<2>(0.05, ode),
      [](const double* x, const double* u) { return 0.05 * (1 + cos(x[0]) + 0.01 * x[1] * x[1] + 0.01 * u[0] * u[0]); },
      [](const double* x) { return 100 * (1 + cos(x[0])) + 10 * x[1] * x[1]; });
}

Parts cartpole_swingup() {
  const auto ode = [](const double* x, const double* u, double* slope) {
    constexpr double mc = 1, mp = 0.1, l = 0.5, g = 9.81;
    const double s = sin(x[1]), c = cos(x[1]), w = x[3], mass = mc + mp * s * s;
    slope[0] = x[2];
    slope[1] = x[3];
    slope[2] = (u[0] + mp * s * (l * w * w + g * c)) / mass;
    slope[3] = (-u[0] * c - mp * l * w * w * c * s - (mc + mp) * g * s) / (l * mass);
  };
  return functions(
      4, 1, 0.03, runge_kutta<4>(0.03, ode),
      [](const double* x, const double* u) {
        return 0.03 *
               (0.1 * x[0] * x[0] + 1 + cos(x[1]) + 0.01 * x[2] * x[2] + 0.01 * x[3] * x[3] + 0.001 * u[0] * u[0]);
      },
      [](const double* x) { return 50 * x[0] * x[0] + 200 * (1 + cos(x[1])) + 5 * x[2] * x[2] + 5 * x[3] * x[3]; });
}

Parts acrobot_swingup() {
  const auto ode = [](const double* x, const double* u, double* slope) {
    slope[0] = x[2];
    slope[1] = x[3];
    two_link(x, 0, u[0], slope[2], slope[3]);
  };
  return functions(
      4, 1, 0.05, runge_kutta<4>(0.05, ode),
      [](const double* x, const double* u) { return 0.05 * 0.01 * (x[2] * x[2] + x[3] * x[3] + u[0] * u[0]); },
      [](const double* x) {
        return 100 * (1 + cos(x[0])) + 100 * (1 - cos(x[1])) + 5 * x[2] * x[2] + 5 * x[3] * x[3];
      });
}

Parts car_parking_tassa2014() {
  const auto step = [](const double* x, const double* u, double* next) {
    constexpr double d = 2, h = 0.03;
    const double f = h * x[3], b = d + f * cos(u[0]) - sqrt(d * d - square(f * sin(u[0])));
    next[0] = x[0] + b * cos(x[2]);
    next[1] = x[1] + b * sin(x[2]);
    next[2] = x[2] + std::asin(sin(u[0]) * f / d);
    next[3] = x[3] + h * u[1];
  };
  return functions(
      4, 2, 0.03, step,
      [](const double* x, const double* u) {
        return 0.01 * u[0] * u[0] + 0.0001 * u[1] * u[1] + 0.001 * (smooth_abs(x[0], 0.1) + smooth_abs(x[1], 0.1));
      },
      [](const double* x) {
        return 0.1 * smooth_abs(x[0], 0.01) + 0.1 * smooth_abs(x[1], 0.01) + smooth_abs(x[2], 0.01) +
               0.3 * smooth_abs(x[3], 1);
      });
}

Parts quadrotor2d_flip_translate() {
  const auto ode = [](const double* x, const double* u, double* slope) {
    constexpr double m = 0.5, inertia = 0.005, r = 0.17, g = 9.81;
    for (int i = 0; i < 3; ++i) slope[i] = x[3 + i];
    slope[3] = -(u[0] + u[1]) * sin(x[2]) / m;
    slope[4] = (u[0] + u[1]) * cos(x[2]) / m - g;
    slope[5] = r * (u[0] - u[1]) / inertia;
  };
  return functions(
      6, 2, 0.025, runge_kutta<6>(0.025, ode),
      [](const double* x, const double* u) {
        constexpr double hover = 2.4525;
        return 0.025 *
               (x[0] * x[0] + x[1] * x[1] + 0.1 * (1 - cos(x[2])) + 0.05 * (x[3] * x[3] + x[4] * x[4] + x[5] * x[5]) +
                0.02 * (square(u[0] - hover) + square(u[1] - hover)));
      },
      [](const double* x) {
        return 100 * (x[0] * x[0] + x[1] * x[1]) + 100 * (1 - cos(x[2])) + 10 * (x[3] * x[3] + x[4] * x[4]) +
               x[5] * x[5];
      });
}

Parts unicycle_soft_obstacle() {
  const auto step = [](const double* x, const double* u, double* next) {
    next[0] = x[0] + 0.1 * u[0] * cos(x[2]);
    next[1] = x[1] + 0.1 * u[0] * sin(x[2]);
    next[2] = x[2] + 0.1 * u[1];
  };
  return functions(
      3, 2, 0.1, step,
      [](const double* x, const double* u) {
        return 0.1 * (0.1 * square(x[0] - 4) + 0.1 * x[1] * x[1] + 0.05 * u[0] * u[0] + 0.05 * u[1] * u[1] +
                      20 * std::exp(-(square(x[0] - 2) + square(x[1] - 0.1)) / 0.3));
      },
      [](const double* x) { return 50 * (square(x[0] - 4) + x[1] * x[1]) + 5 * (1 - cos(x[2])); });
}

Parts van_der_pol() {
  const auto ode = [](const double* x, const double* u, double* slope) {
    slope[0] = (1 - x[1] * x[1]) * x[0] - x[1] + u[0];
    slope[1] = x[0];
  };
  return functions(
      2, 1, 0.1, runge_kutta<2>(0.1, ode),
      [](const double* x, const double* u) { return 0.1 * (x[0] * x[0] + x[1] * x[1] + u[0] * u[0]); },
      [](const double*) { return 0.0; });
}

Parts two_link_arm_reach() {
  const auto step = [](const double* x, const double* u, double* next) {
    constexpr double h = 0.02;
    double a1, a2;
    two_link(x, u[0], u[1], a1, a2);
    next[2] = x[2] + h * a1;
    next[3] = x[3] + h * a2;
    next[0] = x[0] + h * next[2];
    next[1] = x[1] + h * next[3];
  };
  const auto distance2 = [](const double* x) {
    return square(sin(x[0]) + sin(x[0] + x[1]) - 1) + square(-cos(x[0]) - cos(x[0] + x[1]) - 0.8);
  };
  return functions(
      4, 2, 0.02, step,
      [distance2](const double* x, const double* u) {
        return 0.02 * (10 * distance2(x) + square(x[0] - 1.37) + square(x[1] - 1.75) +
                       0.01 * (x[2] * x[2] + x[3] * x[3]) + 0.001 * (u[0] * u[0] + u[1] * u[1]));
      },
      [distance2](const double* x) { return 200 * distance2(x) + x[2] * x[2] + x[3] * x[3]; });
}

const nlohmann::json& file() {
  static const nlohmann::json parsed = [] {
    std::ifstream in(LOCKSTEP_TEST_DATA "/control/control_reference.json");
    if (!in) throw std::runtime_error("cannot read control_reference.json");
    return nlohmann::json::parse(in);
  }();
  return parsed;
}

std::vector<double> bounds(const nlohmann::json& values, int nu, double otherwise) {
  return values.is_null() ? std::vector<double>(static_cast<size_t>(nu), otherwise) : values.get<std::vector<double>>();
}

}  // namespace

const std::vector<std::string>& reference_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> result;
    for (const auto& entry : file()["problems"]) result.push_back(entry["name"]);
    return result;
  }();
  return names;
}

ReferenceProblem reference_problem(const std::string& name) {
  static const std::map<std::string, Parts (*)()> makers = {
      {"lqr_double_integrator", lqr_double_integrator},
      {"lqr_unstable_chain", lqr_unstable_chain},
      {"boxqp_double_integrator", boxqp_double_integrator},
      {"min_energy_double_integrator", min_energy_double_integrator},
      {"pendulum_swingup", pendulum_swingup},
      {"cartpole_swingup", cartpole_swingup},
      {"acrobot_swingup", acrobot_swingup},
      {"car_parking_tassa2014", car_parking_tassa2014},
      {"quadrotor2d_flip_translate", quadrotor2d_flip_translate},
      {"unicycle_soft_obstacle", unicycle_soft_obstacle},
      {"van_der_pol", van_der_pol},
      {"two_link_arm_reach", two_link_arm_reach},
  };
  for (const auto& entry : file()["problems"]) {
    if (entry["name"] != name) continue;
    Parts parts = makers.at(name)();
    constexpr double infinity = std::numeric_limits<double>::infinity();
    const int nu = entry["nu"];
    return {name,
            entry["nx"],
            nu,
            entry["N"],
            entry["x0"].get<std::vector<double>>(),
            bounds(entry["u_min"], nu, -infinity),
            bounds(entry["u_max"], nu, infinity),
            std::move(parts.dynamics),
            std::move(parts.cost),
            entry};
  }
  throw std::out_of_range(name);
}

std::vector<double> ReferenceProblem::warm_start(const std::string& start) const {
  std::vector<double> controls(static_cast<size_t>(horizon) * nu);
  if (start == "zero") return controls;
  const bool small = start == "sin0.1";
  for (int k = 0; k < horizon; ++k)
    for (int j = 0; j < nu; ++j) {
      const double scale = std::isfinite(u_max[j]) ? u_max[j] : 1;
      controls[k * nu + j] = (small ? 0.1 : 0.5) * scale * sin((small ? 0.37 : 0.11) * (k + 1) * (j + 1));
    }
  return controls;
}

double ReferenceProblem::cost_of(const std::vector<double>& controls) const {
  std::vector<double> x = x0, next(x.size());
  double total = 0, value = 0;
  for (int k = 0; k < horizon; ++k) {
    const View<const double, 2> xv(x.data(), 1, nx), uv(&controls[static_cast<size_t>(k) * nu], 1, nu);
    cost->stage(xv, uv, View<double, 1>(&value, 1));
    total += value;
    dynamics->step(xv, uv, View<double, 2>(next.data(), 1, nx));
    x = next;
  }
  cost->terminal(View<const double, 2>(x.data(), 1, nx), View<double, 1>(&value, 1));
  return total + value;
}

}  // namespace lockstep::planners::testing
