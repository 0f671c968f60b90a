// dm_control's cart-pole swing-up as analytic test problem: equations of motion, reward, and planning costs.
// State [x (m), theta (rad, 0 = upright), x' (m/s), theta' (rad/s)], control [share of 10 N in [-1, 1]], step 0.01 s.
// Numbers: dm_control 1.0.50, suite/cartpole.xml and suite/cartpole.py; inertia of the capsule as MuJoCo 4.0.0 has it.
#pragma once

#include "engine/cost.h"
#include "engine/dynamics.h"

#include <array>
#include <cmath>
#include <memory>
#include <string>

namespace lockstep::planners::testing {

// A number with derivatives with respect to the 4 states and the control.
struct CartpoleDual {
  double value = 0;
  std::array<double, 5> slope{};
};
inline CartpoleDual operator+(const CartpoleDual& a, const CartpoleDual& b) {
  CartpoleDual r{a.value + b.value, {}};
  for (int i = 0; i < 5; ++i) r.slope[i] = a.slope[i] + b.slope[i];
  return r;
}
inline CartpoleDual operator-(const CartpoleDual& a, const CartpoleDual& b) {
  CartpoleDual r{a.value - b.value, {}};
  for (int i = 0; i < 5; ++i) r.slope[i] = a.slope[i] - b.slope[i];
  return r;
}
inline CartpoleDual operator*(const CartpoleDual& a, const CartpoleDual& b) {
  CartpoleDual r{a.value * b.value, {}};
  for (int i = 0; i < 5; ++i) r.slope[i] = a.slope[i] * b.value + a.value * b.slope[i];
  return r;
}
inline CartpoleDual operator*(double a, const CartpoleDual& b) { return CartpoleDual{a, {}} * b; }
inline CartpoleDual operator/(const CartpoleDual& a, const CartpoleDual& b) {
  CartpoleDual r{a.value / b.value, {}};
  for (int i = 0; i < 5; ++i) r.slope[i] = (a.slope[i] - r.value * b.slope[i]) / b.value;
  return r;
}
inline void sine_cosine(const CartpoleDual& a, CartpoleDual& s, CartpoleDual& c) {
  s.value = std::sin(a.value);
  c.value = std::cos(a.value);
  for (int i = 0; i < 5; ++i) {
    s.slope[i] = c.value * a.slope[i];
    c.slope[i] = -s.value * a.slope[i];
  }
}
inline void sine_cosine(double a, double& s, double& c) {
  s = std::sin(a);
  c = std::cos(a);
}

// Equations of motion: cart of 1 kg on a rail, pole of 0.1 kg with its mass centre 0.5 m from the hinge.
//   (M + m) x'' + m l cos(theta) theta'' = F - c_x x' + m l sin(theta) theta'^2
//   m l cos(theta) x'' + (I + m l^2) theta'' = m g l sin(theta) - c_theta theta'
class CartpoleSwingup final : public Dynamics {
 public:
  static constexpr double kStep = 0.01, kForce = 10, kCart = 1, kPole = 0.1, kLength = 0.5, kGravity = 9.81;
  static constexpr double kCartDamping = 5e-4, kHingeDamping = 2e-6;

  // About the mass centre of a capsule of radius r and cylinder height h, mass shared by volume.
  static constexpr double pole_inertia() {
    constexpr double r = 0.045, h = 1;
    constexpr double sphere = kPole * 4 * r / (4 * r + 3 * h), cylinder = kPole - sphere;
    return cylinder * (3 * r * r + h * h) / 12 + 0.4 * sphere * r * r + sphere * h * (3 * r + 2 * h) / 8;
  }

  [[nodiscard]] int state_size() const override { return 4; }
  [[nodiscard]] int control_size() const override { return 1; }
  [[nodiscard]] double timestep() const override { return kStep; }
  [[nodiscard]] std::string name() const override { return "analytic cart-pole swing-up"; }
  [[nodiscard]] std::unique_ptr<Dynamics> clone() const override { return std::make_unique<CartpoleSwingup>(*this); }

  template <class T>
  static std::array<T, 4> derivative(const std::array<T, 4>& x, const T& u) {
    constexpr double ml = kPole * kLength, inertia = pole_inertia() + kPole * kLength * kLength;
    T s, c;
    sine_cosine(x[1], s, c);
    const T cart = kForce * u - kCartDamping * x[2] + ml * (s * (x[3] * x[3]));
    const T pole = (ml * kGravity) * s - kHingeDamping * x[3];
    const T mlc = ml * c;
    const T determinant = constant<T>((kCart + kPole) * inertia) - mlc * mlc;
    return {x[2], x[3], (inertia * cart - mlc * pole) / determinant,
            ((kCart + kPole) * pole - mlc * cart) / determinant};
  }

  // One classical Runge-Kutta step.
  template <class T>
  static std::array<T, 4> next(const std::array<T, 4>& x, const T& u) {
    const auto moved = [&](const std::array<T, 4>& slope, double h) {
      std::array<T, 4> y;
      for (int i = 0; i < 4; ++i) y[i] = x[i] + h * slope[i];
      return y;
    };
    const auto k1 = derivative(x, u);
    const auto k2 = derivative(moved(k1, 0.5 * kStep), u);
    const auto k3 = derivative(moved(k2, 0.5 * kStep), u);
    const auto k4 = derivative(moved(k3, kStep), u);
    std::array<T, 4> y;
    for (int i = 0; i < 4; ++i) y[i] = x[i] + (kStep / 6) * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i]);
    return y;
  }

  void step(View<const double, 2> x, View<const double, 2> u, View<double, 2> out) override {
    for (int row = 0; row < x.extent(0); ++row) {
      const auto y = next<double>({x(row, 0), x(row, 1), x(row, 2), x(row, 3)}, u(row, 0));
      for (int i = 0; i < 4; ++i) out(row, i) = y[i];
    }
  }

  void jacobian(View<const double, 2> x, View<const double, 2> u, View<double, 3> A, View<double, 3> B) override {
    for (int row = 0; row < x.extent(0); ++row) {
      std::array<CartpoleDual, 4> state;
      for (int i = 0; i < 4; ++i) {
        state[i].value = x(row, i);
        state[i].slope[i] = 1;
      }
      CartpoleDual control{u(row, 0), {}};
      control.slope[4] = 1;
      const auto y = next(state, control);
      for (int i = 0; i < 4; ++i) {
        for (int j = 0; j < 4; ++j) A(row, i, j) = y[i].slope[j];
        B(row, i, 0) = y[i].slope[4];
      }
    }
  }

 private:
  template <class T>
  static T constant(double value) {
    T result{};
    if constexpr (std::is_same_v<T, double>)
      result = value;
    else
      result.value = value;
    return result;
  }
};

// A function of one variable with two derivatives.
struct Jet {
  double value, first, second;
};

// The reward's four factors; each depends on one variable, so that derivatives of the product are easy.
struct SwingupReward {
  // exp(ln(0.1) (v / margin)^2): dm_control's `tolerance` with the Gaussian sigmoid.
  static Jet tolerance(double v, double margin) {
    const double a = std::log(0.1) / (margin * margin), e = std::exp(a * v * v);
    return {e, 2 * a * v * e, (2 * a + 4 * a * a * v * v) * e};
  }
  static Jet upright(double theta) {
    return {0.5 * (1 + std::cos(theta)), -0.5 * std::sin(theta), -0.5 * std::cos(theta)};
  }
  static Jet centered(double x) {
    const Jet t = tolerance(x, 2);
    return {0.5 * (1 + t.value), 0.5 * t.first, 0.5 * t.second};
  }
  static Jet small_control(double u) { return {(5 - u * u) / 5, -2 * u / 5, -0.4}; }  // |u| <= 1
  static Jet small_velocity(double w) {
    const Jet t = tolerance(w, 5);
    return {0.5 * (1 + t.value), 0.5 * t.first, 0.5 * t.second};
  }
  static double reward(const double* x, double u) {
    return centered(x[0]).value * upright(x[1]).value * small_control(u).value * small_velocity(x[3]).value;
  }
};

// Planning cost: reward_weight (1 - reward) + smooth terms + rail penalty; the terminal cost is terminal_weight times a
// quadratic-like cost to go.
class SwingupCost final : public Cost {
 public:
  struct Weights {
    double reward = 1;         // of 1 - reward
    double angle = 0;          // of (1 - cos theta) / 2
    double position = 0;       // of x^2
    double cart_velocity = 0;  // of x'^2
    double velocity = 0;       // of theta'^2
    double control = 0;        // of u^2
    double rail = 100;         // of max(0, |x| - rail_start)^3
    double rail_start = 1.3;   // m
    double terminal_reward = 0, terminal_angle = 0, terminal_position = 0, terminal_cart_velocity = 0,
           terminal_velocity = 0;
    double terminal_energy = 0;  // of (E / E_up - 1)^2-like term
  };
  explicit SwingupCost(const Weights& weights) : w(weights) {}
  Weights w;

  [[nodiscard]] int state_size() const override { return 4; }
  [[nodiscard]] int control_size() const override { return 1; }

  void stage(View<const double, 2> x, View<const double, 2> u, View<double, 1> values) const override {
    for (int row = 0; row < x.extent(0); ++row) {
      const double* s = &x(row, 0);
      values(row) = w.reward * (1 - SwingupReward::reward(s, u(row, 0))) +
                    w.angle * (1 - SwingupReward::upright(s[1]).value) + w.position * s[0] * s[0] +
                    w.cart_velocity * s[2] * s[2] + w.velocity * s[3] * s[3] + w.control * u(row, 0) * u(row, 0) +
                    rail(s[0]).value;
    }
  }
  void terminal(View<const double, 2> x, View<double, 1> values) const override {
    for (int row = 0; row < x.extent(0); ++row) {
      const double* s = &x(row, 0);
      const Jet e = energy_jet(s);
      values(row) = w.terminal_reward * (1 - SwingupReward::reward(s, 0)) +
                    w.terminal_angle * (1 - SwingupReward::upright(s[1]).value) + w.terminal_position * s[0] * s[0] +
                    w.terminal_cart_velocity * s[2] * s[2] + w.terminal_velocity * s[3] * s[3] +
                    w.terminal_energy * e.value * e.value;
    }
  }

  void expand_stage(View<const double, 2> x, View<const double, 2> u, const Expansion& out) const override {
    for (int row = 0; row < x.extent(0); ++row) {
      const double* s = &x(row, 0);
      double gradient[5], hessian[5][5];
      reward_derivatives(s, u(row, 0), gradient, hessian);
      for (double& g : gradient) g *= -w.reward;
      for (auto& line : hessian)
        for (double& h : line) h *= -w.reward;
      const Jet a = SwingupReward::upright(s[1]), r = rail(s[0]);
      gradient[0] += 2 * w.position * s[0] + r.first;
      hessian[0][0] += 2 * w.position + r.second;
      gradient[1] -= w.angle * a.first;
      hessian[1][1] -= w.angle * a.second;
      gradient[2] += 2 * w.cart_velocity * s[2];
      hessian[2][2] += 2 * w.cart_velocity;
      gradient[3] += 2 * w.velocity * s[3];
      hessian[3][3] += 2 * w.velocity;
      gradient[4] += 2 * w.control * u(row, 0);
      hessian[4][4] += 2 * w.control;
      for (int i = 0; i < 4; ++i) {
        out.x(row, i) = gradient[i];
        out.ux(row, 0, i) = hessian[4][i];
        for (int j = 0; j < 4; ++j) out.xx(row, i, j) = hessian[i][j];
      }
      out.u(row, 0) = gradient[4];
      out.uu(row, 0, 0) = hessian[4][4];
    }
  }

 private:
  [[nodiscard]] Jet rail(double x) const {
    const double over = std::max(0.0, std::abs(x) - w.rail_start), sign = x < 0 ? -1 : 1;
    return {w.rail * over * over * over, 3 * sign * w.rail * over * over, 6 * w.rail * over};
  }
  // Energy of the pole relative to standing upright, in units of m g l.
  static Jet energy_jet(const double* s) {
    constexpr double ml = CartpoleSwingup::kPole * CartpoleSwingup::kLength;
    constexpr double inertia = CartpoleSwingup::pole_inertia() + ml * CartpoleSwingup::kLength;
    return {0.5 * inertia * s[3] * s[3] / (ml * CartpoleSwingup::kGravity) + std::cos(s[1]) - 1, 0, 0};
  }
  static void reward_derivatives(const double* s, double u, double* gradient, double (*hessian)[5]) {
    const Jet factor[5] = {SwingupReward::centered(s[0]),
                           SwingupReward::upright(s[1]),
                           {1, 0, 0},
                           SwingupReward::small_velocity(s[3]),
                           SwingupReward::small_control(u)};
    for (int i = 0; i < 5; ++i)
      for (int j = i; j < 5; ++j) {
        double product = 1;
        for (int k = 0; k < 5; ++k)
          product *=
              k == i ? (i == j ? factor[k].second : factor[k].first) : (k == j ? factor[k].first : factor[k].value);
        hessian[i][j] = hessian[j][i] = product;
      }
    for (int i = 0; i < 5; ++i) {
      gradient[i] = 1;
      for (int k = 0; k < 5; ++k) gradient[i] *= k == i ? factor[k].first : factor[k].value;
    }
  }
};

}  // namespace lockstep::planners::testing
