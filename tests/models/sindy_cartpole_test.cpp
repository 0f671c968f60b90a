// SINDy on the real problem: dm_control's cartpole as stepped by MuJoCo.
#include "models/sindy_fit.h"
#include "tests/models/cartpole_data.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

namespace lockstep::models {
namespace {

// 30 s of exploration are fitted once for all tests here; other 40 s are for judging.
class SindyOnCartpole : public testing::Test {
 protected:
  static const SindyFit& fitted() {
    static const SindyFit fit = fit_sindy(tests::cartpole_data(3, 10, 1), tests::cartpole_system());
    return fit;
  }
  static TransitionData unseen() {
    const TransitionData data = tests::cartpole_data(4, 10, 1001);
    std::vector<std::uint8_t> inside;
    for (int row = 0; row < data.size(); ++row) {
      inside.push_back(std::abs(data.x()(row, 0)) < 1.75 && std::abs(data.next()(row, 0)) < 1.75 ? 1 : 0);
    }
    return data.filtered(inside);
  }
};

TEST_F(SindyOnCartpole, PredictsOneStepToOneInTenThousand) {
  const FitReport& report = fitted().report;
  for (const double relative : report.held_out_relative) EXPECT_LT(relative, 1e-4);
}

TEST_F(SindyOnCartpole, StaysNearUnseenSwingsForOneSecond) {
  Sindy model = fitted().model;
  const std::vector<double> ranges{3.5, 2 * std::numbers::pi, 6, 15};  // m, rad, m/s, rad/s
  const std::vector<double> curve = multi_step_error(model, unseen(), 100, ranges);
  ASSERT_EQ(curve.size(), 100u);
  EXPECT_LT(curve.back(), 1e-3);
}

// 5 s of small swings, as rounded to float by an environment: less is known, and nothing invented.
TEST_F(SindyOnCartpole, ExtrapolatesSoberlyFromLittleData) {
  const TransitionData data = tests::cartpole_data(1, 5, 1);
  TransitionData rounded(4, 1);
  const auto as_float = [](std::span<const double> values) {
    std::vector<double> out;
    for (const double v : values) out.push_back(static_cast<double>(static_cast<float>(v)));
    return out;
  };
  for (int row = 0; row < data.size(); ++row) {
    const std::vector<double> x = as_float(data.row(row).x), next = as_float(data.row(row).next);
    rounded.append({.x = x, .u = data.row(row).u, .next = next});
  }
  Sindy model = fit_sindy(rounded, tests::cartpole_system()).model;
  const std::vector<double> curve = multi_step_error(model, unseen(), 100, {3.5, 2 * std::numbers::pi, 6, 15});
  ASSERT_EQ(curve.size(), 100u);
  EXPECT_LT(curve[9], 0.02);
  EXPECT_LT(curve[99], 0.1);
}

TEST_F(SindyOnCartpole, ChoosesRungeKuttaBecauseTheModelFileDoes) { EXPECT_EQ(fitted().report.integrator, "rk4"); }

TEST_F(SindyOnCartpole, FindsThatPositionsMoveWithTheirVelocities) {
  EXPECT_EQ(fitted().model.system().velocity_of, (std::vector<int>{2, 3, -1, -1}));
}

TEST_F(SindyOnCartpole, NeedsFewTerms) { EXPECT_LE(fitted().report.terms, 25); }

// Of the series in cos^2 of the exact equations, with m = 0.1 kg, M = 1 kg, l = 0.5 m and the capsule's inertia.
TEST_F(SindyOnCartpole, FindsTheForceOnTheCartThatTheMassesImply) {
  const double inertia = 0.00942459 + 0.1 * 0.25, mass = 1.1, coupling = 0.1 * 0.5;
  const double ratio = coupling * coupling / (mass * inertia);
  // Mean of 10 inertia / (mass inertia - coupling^2 cos^2): 10 / mass / sqrt(1 - ratio).
  const double expected = 10 / mass / std::sqrt(1 - ratio);
  const Sindy& model = fitted().model;
  const std::vector<std::string> names = model.library().names();
  const auto found = std::find(names.begin(), names.end(), "u0");
  ASSERT_NE(found, names.end());
  EXPECT_NEAR(model.coefficients()(found - names.begin(), 2), expected, 1e-3);
}

TEST_F(SindyOnCartpole, LeavesRowsBeyondTheRailOut) {
  TransitionData data = tests::cartpole_data(3, 10, 1);
  const std::vector<double> beyond{1.79, 0, 0, 0}, still{0.0};
  data.append({.x = beyond, .u = still, .next = beyond, .trajectory = 99});
  const SindyFit fit = fit_sindy(data, tests::cartpole_system(), {.integrator = "rk4"});
  EXPECT_EQ(fit.report.rows_outside - fitted().report.rows_outside, 1);
}

TEST_F(SindyOnCartpole, JacobianEqualsFiniteDifferences) {
  Sindy model = fitted().model;
  const TransitionData data = unseen();
  const int rows = 37;  // not a multiple of any lane count
  std::vector<double> a(rows * 16), b(rows * 4), a_differences(rows * 16), b_differences(rows * 4);
  const View<const double, 2> x(data.x().data_handle(), rows, 4), u(data.u().data_handle(), rows, 1);
  model.jacobian(x, u, View<double, 3>(a.data(), rows, 4, 4), View<double, 3>(b.data(), rows, 4, 1));
  model.Dynamics::jacobian(x, u, View<double, 3>(a_differences.data(), rows, 4, 4),
                           View<double, 3>(b_differences.data(), rows, 4, 1));
  // Centred differences with steps of 6e-6: rounding leaves 1e-16 / 6e-6 of states up to 20.
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], a_differences[i], 2e-9);
  for (size_t i = 0; i < b.size(); ++i) EXPECT_NEAR(b[i], b_differences[i], 2e-9);
}

TEST_F(SindyOnCartpole, RolloutEqualsRepeatedSteps) {
  Sindy model = fitted().model;
  const int worlds = 5, steps = 20;
  std::vector<double> x0(worlds * 4), controls(worlds * steps), fused(worlds * (steps + 1) * 4), repeated(fused.size());
  for (size_t i = 0; i < x0.size(); ++i) x0[i] = std::sin(1.7 * static_cast<double>(i));
  for (size_t i = 0; i < controls.size(); ++i) controls[i] = std::cos(0.9 * static_cast<double>(i));
  const View<const double, 2> start(x0.data(), worlds, 4);
  const View<const double, 3> plan(controls.data(), worlds, steps, 1);
  model.rollout(start, plan, View<double, 3>(fused.data(), worlds, steps + 1, 4));
  model.Dynamics::rollout(start, plan, View<double, 3>(repeated.data(), worlds, steps + 1, 4));
  EXPECT_EQ(fused, repeated);
}

}  // namespace
}  // namespace lockstep::models
