// The default Jacobians and rollouts of Dynamics, on a nonlinear map with known derivatives.
#include "engine/dynamics.h"

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep {
namespace {

// next0 = x0 + h x1, next1 = x1 + h (u - sin x0): a pendulum by explicit Euler, h = 0.1 s.
class EulerPendulum final : public Dynamics {
 public:
  static constexpr double kStep = 0.1;
  int state_size() const override { return 2; }
  int control_size() const override { return 1; }
  double timestep() const override { return kStep; }
  std::string name() const override { return "pendulum by Euler"; }
  void step(View<const double, 2> x, View<const double, 2> u, View<double, 2> next) override {
    for (int world = 0; world < x.extent(0); ++world) {
      next(world, 0) = x(world, 0) + kStep * x(world, 1);
      next(world, 1) = x(world, 1) + kStep * (u(world, 0) - std::sin(x(world, 0)));
    }
  }
  std::unique_ptr<Dynamics> clone() const override { return std::make_unique<EulerPendulum>(); }
};

TEST(Dynamics, DifferencesItsJacobianInEveryWorld) {
  EulerPendulum pendulum;
  const std::vector<double> x = {0.3, -1.0, 2.5, 40.0}, u = {0.2, -0.7};
  std::vector<double> a(8), b(4);
  pendulum.jacobian(view(x.data(), 2, 2), view(u.data(), 2, 1), view(a.data(), 2, 2, 2), view(b.data(), 2, 2, 1));
  // Centred differences with h = cbrt(eps) have a truncation error of h^2 / 6 = 6e-12 here, and rounding of eps x / h.
  const double tolerance = 1e-9;
  for (int world = 0; world < 2; ++world) {
    EXPECT_NEAR(a[world * 4 + 0], 1, tolerance);
    EXPECT_NEAR(a[world * 4 + 1], 0.1, tolerance);
    EXPECT_NEAR(a[world * 4 + 2], -0.1 * std::cos(x[world * 2]), tolerance);
    EXPECT_NEAR(a[world * 4 + 3], 1, tolerance);
    EXPECT_NEAR(b[world * 2 + 0], 0, tolerance);
    EXPECT_NEAR(b[world * 2 + 1], 0.1, tolerance);
  }
}

TEST(Dynamics, RollsOutWhatItSteps) {
  EulerPendulum pendulum;
  const std::vector<double> x0 = {0.3, -1.0, 2.5, 4.0}, controls = {0.2, -0.7, 1.0, 0.1, 0.0, -0.4};
  std::vector<double> states(2 * 4 * 2);
  pendulum.rollout(view(x0.data(), 2, 2), view(controls.data(), 2, 3, 1), view(states.data(), 2, 4, 2));
  std::vector<double> x = {2.5, 4.0}, next(2);
  for (int k = 0; k < 3; ++k) {
    pendulum.step(view<const double>(x.data(), 1, 2), view(&controls[3 + k], 1, 1), view(next.data(), 1, 2));
    x = next;
    EXPECT_EQ(states[8 + (k + 1) * 2], x[0]);
    EXPECT_EQ(states[8 + (k + 1) * 2 + 1], x[1]);
  }
}

}  // namespace
}  // namespace lockstep
