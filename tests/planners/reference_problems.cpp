// The reference problems' dynamics and costs, written from the formulas in the data file as lane code.
#include "tests/planners/reference_problems.h"
#include "kernels/math.h"
#include "planners/backward_pass.h"
#include "planners/lane_problem.h"
#include "tests/planners/function_problem.h"

#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <stdexcept>

namespace lockstep::planners::testing {
namespace {

using kernels::cosine, kernels::exponential, kernels::sine, kernels::sine_cosine, kernels::square_root;

// One classical Runge-Kutta step of x' = f(x), in place.
template <class T, int kN, class Ode>
void runge_kutta(T (&x)[kN], double h, Ode f) {
  T k1[kN], k2[kN], k3[kN], k4[kN], moved[kN];
  const auto move = [&](const T(&slope)[kN], double by) {
    for (int i = 0; i < kN; ++i) moved[i] = x[i] + T(by) * slope[i];
  };
  f(x, k1);
  move(k1, h / 2);
  f(moved, k2);
  move(k2, h / 2);
  f(moved, k3);
  move(k3, h);
  f(moved, k4);
  for (int i = 0; i < kN; ++i) x[i] = x[i] + T(h / 6) * (k1[i] + T(2) * k2[i] + T(2) * k3[i] + k4[i]);
}

template <class T>
T square(const T& v) {
  return v * v;
}
template <class T>
T smooth_abs(const T& v, double p) {
  return square_root(v * v + T(p * p)) - T(p);
}
template <class T>
T arcsine(const T& v) {
  return kernels::arctangent2(v, square_root(T(1) - v * v));
}
template <class T, int N, int Order>
kernels::Dual<T, N, Order> arcsine(const kernels::Dual<T, N, Order>& v) {
  const T slope = T(1) / square_root(T(1) - v.value * v.value);
  return chain(v, arcsine(v.value), slope, v.value * slope * slope * slope);
}

// Accelerations of two links (m = l = 1, lc = 0.5, I = 1/12, g = 9.81, damping 0.1) under torques t1, t2.
template <class T>
void two_link(const T (&x)[4], const T& t1, const T& t2, T& a1, T& a2) {
  constexpr double inertia = 1.0 / 12, lc = 0.5, g = 9.81, b = 0.1;
  const T &q1 = x[0], &q2 = x[1], &v1 = x[2], &v2 = x[3];
  T s2, c2;
  sine_cosine(q2, s2, c2);
  const T s1 = sine(q1), s12 = sine(q1 + q2);
  const T m11 = T(2 * inertia + lc * lc + 1 + lc * lc) + T(2 * lc) * c2;
  const T m12 = T(inertia + lc * lc) + T(lc) * c2, m22 = T(inertia + lc * lc);
  const T r1 = T(lc) * s2 * v2 * (T(2) * v1 + v2) - T(g) * (T(lc) * s1 + s1 + T(lc) * s12) - T(b) * v1 + t1;
  const T r2 = -(T(lc) * s2 * v1 * v1) - T(g * lc) * s12 - T(b) * v2 + t2;
  const T determinant = m11 * m22 - m12 * m12;
  a1 = (m22 * r1 - m12 * r2) / determinant;
  a2 = (m11 * r2 - m12 * r1) / determinant;
}

struct Parts {
  std::unique_ptr<Dynamics> dynamics;
  std::unique_ptr<Cost> cost;
};

template <class Model>
Parts lane_parts() {
  return {std::make_unique<LaneDynamics<Model>>(), std::make_unique<LaneCost<Model>>()};
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

// The file's problem ends at exactly (1, 0). As a constraint (ReferenceProblem::constraints), or by a stiff penalty.
template <bool kPenalty>
struct MinEnergy {
  static constexpr int kStates = 2, kActions = 1;
  template <class T>
  static T stage_cost(const T (&)[2], const T (&u)[1]) {
    return T(0.05 * 0.5) * u[0] * u[0];
  }
  template <class T>
  static T terminal_cost(const T (&x)[2]) {
    if constexpr (kPenalty) return T(1e6) * (square(x[0] - T(1)) + square(x[1]));
    return T(0) * x[0];
  }
};
Parts min_energy_double_integrator() {
  return {double_integrator(0.05), std::make_unique<LaneCost<MinEnergy<true>>>()};
}

struct Pendulum {
  static constexpr int kStates = 2, kActions = 1;
  static constexpr double kTimestep = 0.05;
  static constexpr const char* kName = "pendulum_swingup";
  template <class T>
  static void advance(T (&x)[2], const T (&u)[1]) {
    runge_kutta(x, kTimestep, [&](const T(&y)[2], T(&slope)[2]) {
      slope[0] = y[1];
      slope[1] = u[0] - T(0.1) * y[1] - T(9.81) * sine(y[0]);
    });
  }
  template <class T>
  static T stage_cost(const T (&x)[2], const T (&u)[1]) {
    return T(0.05) * (T(1) + cosine(x[0]) + T(0.01) * x[1] * x[1] + T(0.01) * u[0] * u[0]);
  }
  template <class T>
  static T terminal_cost(const T (&x)[2]) {
    return T(100) * (T(1) + cosine(x[0])) + T(10) * x[1] * x[1];
  }
};

struct Cartpole {
  static constexpr int kStates = 4, kActions = 1;
  static constexpr double kTimestep = 0.03;
  static constexpr const char* kName = "cartpole_swingup";
  template <class T>
  static void advance(T (&x)[4], const T (&u)[1]) {
    runge_kutta(x, kTimestep, [&](const T(&y)[4], T(&slope)[4]) {
      constexpr double mc = 1, mp = 0.1, l = 0.5, g = 9.81;
      T s, c;
      sine_cosine(y[1], s, c);
      const T w2 = y[3] * y[3], mass = T(mc) + T(mp) * s * s;
      slope[0] = y[2];
      slope[1] = y[3];
      slope[2] = (u[0] + T(mp) * s * (T(l) * w2 + T(g) * c)) / mass;
      slope[3] = (-(u[0] * c) - T(mp * l) * w2 * c * s - T((mc + mp) * g) * s) / (T(l) * mass);
    });
  }
  template <class T>
  static T stage_cost(const T (&x)[4], const T (&u)[1]) {
    return T(0.03) * (T(0.1) * x[0] * x[0] + T(1) + cosine(x[1]) + T(0.01) * (x[2] * x[2] + x[3] * x[3]) +
                      T(0.001) * u[0] * u[0]);
  }
  template <class T>
  static T terminal_cost(const T (&x)[4]) {
    return T(50) * x[0] * x[0] + T(200) * (T(1) + cosine(x[1])) + T(5) * (x[2] * x[2] + x[3] * x[3]);
  }
};

struct Acrobot {
  static constexpr int kStates = 4, kActions = 1;
  static constexpr double kTimestep = 0.05;
  static constexpr const char* kName = "acrobot_swingup";
  template <class T>
  static void advance(T (&x)[4], const T (&u)[1]) {
    runge_kutta(x, kTimestep, [&](const T(&y)[4], T(&slope)[4]) {
      slope[0] = y[2];
      slope[1] = y[3];
      two_link(y, T(0), u[0], slope[2], slope[3]);
    });
  }
  template <class T>
  static T stage_cost(const T (&x)[4], const T (&u)[1]) {
    return T(0.05 * 0.01) * (x[2] * x[2] + x[3] * x[3] + u[0] * u[0]);
  }
  template <class T>
  static T terminal_cost(const T (&x)[4]) {
    return T(100) * (T(2) + cosine(x[0]) - cosine(x[1])) + T(5) * (x[2] * x[2] + x[3] * x[3]);
  }
};

struct CarParking {
  static constexpr int kStates = 4, kActions = 2;
  static constexpr double kTimestep = 0.03;
  static constexpr const char* kName = "car_parking_tassa2014";
  template <class T>
  static void advance(T (&x)[4], const T (&u)[2]) {
    constexpr double d = 2;
    T s0, c0, s2, c2;
    sine_cosine(u[0], s0, c0);
    sine_cosine(x[2], s2, c2);
    const T f = T(kTimestep) * x[3], b = T(d) + f * c0 - square_root(T(d * d) - square(f * s0));
    x[0] = x[0] + b * c2;
    x[1] = x[1] + b * s2;
    x[2] = x[2] + arcsine(s0 * f / T(d));
    x[3] = x[3] + T(kTimestep) * u[1];
  }
  template <class T>
  static T stage_cost(const T (&x)[4], const T (&u)[2]) {
    return T(0.01) * u[0] * u[0] + T(0.0001) * u[1] * u[1] + T(0.001) * (smooth_abs(x[0], 0.1) + smooth_abs(x[1], 0.1));
  }
  template <class T>
  static T terminal_cost(const T (&x)[4]) {
    return T(0.1) * (smooth_abs(x[0], 0.01) + smooth_abs(x[1], 0.01)) + smooth_abs(x[2], 0.01) +
           T(0.3) * smooth_abs(x[3], 1);
  }
};

struct Quadrotor2d {
  static constexpr int kStates = 6, kActions = 2;
  static constexpr double kTimestep = 0.025;
  static constexpr const char* kName = "quadrotor2d_flip_translate";
  template <class T>
  static void advance(T (&x)[6], const T (&u)[2]) {
    runge_kutta(x, kTimestep, [&](const T(&y)[6], T(&slope)[6]) {
      constexpr double m = 0.5, inertia = 0.005, r = 0.17, g = 9.81;
      T s, c;
      sine_cosine(y[2], s, c);
      const T thrust = T(1 / m) * (u[0] + u[1]);
      for (int i = 0; i < 3; ++i) slope[i] = y[3 + i];
      slope[3] = -(thrust * s);
      slope[4] = thrust * c - T(g);
      slope[5] = T(r / inertia) * (u[0] - u[1]);
    });
  }
  template <class T>
  static T stage_cost(const T (&x)[6], const T (&u)[2]) {
    constexpr double hover = 2.4525;
    return T(0.025) * (x[0] * x[0] + x[1] * x[1] + T(0.1) * (T(1) - cosine(x[2])) +
                       T(0.05) * (x[3] * x[3] + x[4] * x[4] + x[5] * x[5]) +
                       T(0.02) * (square(u[0] - T(hover)) + square(u[1] - T(hover))));
  }
  template <class T>
  static T terminal_cost(const T (&x)[6]) {
    return T(100) * (x[0] * x[0] + x[1] * x[1]) + T(100) * (T(1) - cosine(x[2])) + T(10) * (x[3] * x[3] + x[4] * x[4]) +
           x[5] * x[5];
  }
};

struct Unicycle {
  static constexpr int kStates = 3, kActions = 2;
  static constexpr double kTimestep = 0.1;
  static constexpr const char* kName = "unicycle_soft_obstacle";
  template <class T>
  static void advance(T (&x)[3], const T (&u)[2]) {
    T s, c;
    sine_cosine(x[2], s, c);
    x[0] = x[0] + T(kTimestep) * u[0] * c;
    x[1] = x[1] + T(kTimestep) * u[0] * s;
    x[2] = x[2] + T(kTimestep) * u[1];
  }
  template <class T>
  static T stage_cost(const T (&x)[3], const T (&u)[2]) {
    const T obstacle = exponential((square(x[0] - T(2)) + square(x[1] - T(0.1))) * T(-1 / 0.3));
    return T(0.1) * (T(0.1) * square(x[0] - T(4)) + T(0.1) * x[1] * x[1] + T(0.05) * u[0] * u[0] +
                     T(0.05) * u[1] * u[1] + T(20) * obstacle);
  }
  template <class T>
  static T terminal_cost(const T (&x)[3]) {
    return T(50) * (square(x[0] - T(4)) + x[1] * x[1]) + T(5) * (T(1) - cosine(x[2]));
  }
};

struct VanDerPol {
  static constexpr int kStates = 2, kActions = 1;
  static constexpr double kTimestep = 0.1;
  static constexpr const char* kName = "van_der_pol";
  template <class T>
  static void advance(T (&x)[2], const T (&u)[1]) {
    runge_kutta(x, kTimestep, [&](const T(&y)[2], T(&slope)[2]) {
      slope[0] = (T(1) - y[1] * y[1]) * y[0] - y[1] + u[0];
      slope[1] = y[0];
    });
  }
  template <class T>
  static T stage_cost(const T (&x)[2], const T (&u)[1]) {
    return T(0.1) * (x[0] * x[0] + x[1] * x[1] + u[0] * u[0]);
  }
  template <class T>
  static T terminal_cost(const T (&x)[2]) {
    return T(0) * x[0];
  }
};

struct TwoLinkArm {
  static constexpr int kStates = 4, kActions = 2;
  static constexpr double kTimestep = 0.02;
  static constexpr const char* kName = "two_link_arm_reach";
  template <class T>
  static void advance(T (&x)[4], const T (&u)[2]) {
    T a1, a2;
    two_link(x, u[0], u[1], a1, a2);
    x[2] = x[2] + T(kTimestep) * a1;
    x[3] = x[3] + T(kTimestep) * a2;
    x[0] = x[0] + T(kTimestep) * x[2];
    x[1] = x[1] + T(kTimestep) * x[3];
  }
  template <class T>
  static T distance2(const T (&x)[4]) {
    T s1, c1, s12, c12;
    sine_cosine(x[0], s1, c1);
    sine_cosine(x[0] + x[1], s12, c12);
    return square(s1 + s12 - T(1)) + square(-c1 - c12 - T(0.8));
  }
  template <class T>
  static T stage_cost(const T (&x)[4], const T (&u)[2]) {
    return T(0.02) * (T(10) * distance2(x) + square(x[0] - T(1.37)) + square(x[1] - T(1.75)) +
                      T(0.01) * (x[2] * x[2] + x[3] * x[3]) + T(0.001) * (u[0] * u[0] + u[1] * u[1]));
  }
  template <class T>
  static T terminal_cost(const T (&x)[4]) {
    return T(200) * distance2(x) + x[2] * x[2] + x[3] * x[3];
  }
};

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
      {"pendulum_swingup", lane_parts<Pendulum>},
      {"cartpole_swingup", lane_parts<Cartpole>},
      {"acrobot_swingup", lane_parts<Acrobot>},
      {"car_parking_tassa2014", lane_parts<CarParking>},
      {"quadrotor2d_flip_translate", lane_parts<Quadrotor2d>},
      {"unicycle_soft_obstacle", lane_parts<Unicycle>},
      {"van_der_pol", lane_parts<VanDerPol>},
      {"two_link_arm_reach", lane_parts<TwoLinkArm>},
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
      controls[k * nu + j] = (small ? 0.1 : 0.5) * scale * std::sin((small ? 0.37 : 0.11) * (k + 1) * (j + 1));
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

std::vector<double> ReferenceProblem::projected_gradient(const std::vector<double>& controls) const {
  LocalModel model(horizon, nx, nu);
  std::vector<double> states(static_cast<size_t>((horizon + 1) * nx));
  dynamics->rollout(View<const double, 2>(x0.data(), 1, nx), View<const double, 3>(controls.data(), 1, horizon, nu),
                    View<double, 3>(states.data(), 1, horizon + 1, nx));
  const View<const double, 2> x(states.data(), horizon, nx), u(controls.data(), horizon, nu);
  dynamics->jacobian(x, u, model.A(), model.B());
  cost->expand_stage(x, u, model.stage());
  cost->expand_terminal(View<const double, 2>(&states[static_cast<size_t>(horizon * nx)], 1, nx),
                        View<double, 2>(model.terminal_x.data(), 1, nx),
                        View<double, 3>(model.terminal_xx.data(), 1, nx, nx));
  std::vector<double> adjoint = model.terminal_x, before(adjoint), gradient(controls.size());
  for (int k = horizon - 1; k >= 0; --k) {
    for (int j = 0; j < nu; ++j) {
      double slope = model.stage().u(k, j);
      for (int i = 0; i < nx; ++i) slope += model.B()(k, i, j) * adjoint[i];
      const double value = u(k, j);
      const bool held = (value <= u_min[j] && slope > 0) || (value >= u_max[j] && slope < 0);
      gradient[k * nu + j] = held ? 0 : slope;
    }
    for (int j = 0; j < nx; ++j) {
      before[j] = model.stage().x(k, j);
      for (int i = 0; i < nx; ++i) before[j] += model.A()(k, i, j) * adjoint[i];
    }
    adjoint = before;
  }
  return gradient;
}

}  // namespace lockstep::planners::testing
