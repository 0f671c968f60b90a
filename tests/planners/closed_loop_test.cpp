// Tests receding-horizon control around the real planners, on a plant whose answers are known.
#include "planners/control_bounds.h"
#include "planners/ilqr.h"
#include "planners/receding_horizon.h"
#include "tests/planners/function_problem.h"

#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::planners::testing {
namespace {

// The double integrator of the reference problems, with bounds that do not matter unless a test narrows them.
class ClosedLoop : public ::testing::Test {
 protected:
  RecedingHorizon make(const RecedingHorizonConfig& config, double low = -100, double high = 100) {
    return {std::make_unique<ilqr::Ilqr>(ilqr::Config{.starts = 1}),
            dynamics_,
            cost_,
            std::span<const double>(&low, 1),
            {&high, 1},
            config};
  }
  // States and controls [steps][3] of the closed loop; `push` is added to the velocity at every step.
  std::vector<double> run(RecedingHorizon& controller, std::vector<double> x, int steps, double push = 0) {
    std::vector<double> trace, next(2);
    controller.reset(3);
    for (int k = 0; k < steps; ++k) {
      const double u = controller.act(x)[0];
      trace.insert(trace.end(), {x[0], x[1], u});
      dynamics_.step(View<const double, 2>(x.data(), 1, 2), View<const double, 2>(&u, 1, 1),
                     View<double, 2>(next.data(), 1, 2));
      x = next;
      x[1] += push;
    }
    return trace;
  }
  LinearDynamics dynamics_{2, 1, 0.1, {1, 0.1, 0, 1}, {0.005, 0.1}};
  DiagonalCost cost_{{1, 0.1}, {0.01}, {10, 1}};
};

TEST_F(ClosedLoop, PlansAsOftenAsItIsTold) {
  RecedingHorizon every_step = make({.horizon = 50}), every_fifth = make({.horizon = 50, .replan_steps = 5});
  const auto planned = run(every_fifth, {1, 0}, 20), replanned = run(every_step, {1, 0}, 20);
  EXPECT_EQ(every_fifth.timing().plans, 4);
  EXPECT_EQ(every_step.timing().plans, 20);
  EXPECT_GT(every_step.timing().first_ms, 0);
  // Undisturbed, replanning changes only what the moving end of the horizon changes: little.
  for (size_t i = 0; i < planned.size(); ++i) EXPECT_NEAR(planned[i], replanned[i], 1e-3 * (1 + std::abs(planned[i])));
}

TEST_F(ClosedLoop, RejectsDisturbancesByTheGainsOfOnePlan) {
  RecedingHorizon corrected = make({.horizon = 50, .replan_steps = 50});
  RecedingHorizon open_loop = make({.horizon = 50, .replan_steps = 50, .feedback = false});
  const double push = 0.02;
  const auto with = run(corrected, {1, 0}, 40, push), without = run(open_loop, {1, 0}, 40, push);
  EXPECT_LT(std::abs(with[3 * 39]), 0.3);
  EXPECT_GT(std::abs(without[3 * 39]), 1);  // 0.02 / 0.1 s^2 * (4 s)^2 / 2 * 0.1 s = 1.6 m
}

TEST_F(ClosedLoop, ScalesTheTerminalCost) {
  RecedingHorizon scaled = make({.horizon = 50, .terminal_scale = 3}), plain = make({.horizon = 50});
  run(scaled, {1, 0}, 1);
  run(plain, {1, 0}, 1);
  DiagonalCost expected = cost_;
  expected.q_final = {30, 3};
  ilqr::Ilqr planner(ilqr::Config{.starts = 1});
  const std::vector<double> low = {-100}, high = {100}, x = {1, 0};
  planner.reset({&dynamics_, &expected, low, high, 50}, 0);
  std::vector<double> controls(50);
  const PlanStats stats = planner.plan(x, View<double, 2>(controls.data(), 50, 1));
  EXPECT_DOUBLE_EQ(scaled.last().cost, stats.cost);
  EXPECT_GT(scaled.last().cost, plain.last().cost);
}

TEST_F(ClosedLoop, KeepsTheBoundsWithFeedback) {
  RecedingHorizon controller = make({.horizon = 50, .replan_steps = 10}, -0.5, 0.25);
  const auto trace = run(controller, {3, 0}, 60, 0.05);
  for (size_t k = 0; k < 60; ++k) {
    EXPECT_GE(trace[3 * k + 2], -0.5);
    EXPECT_LE(trace[3 * k + 2], 0.25);
  }
}

TEST_F(ClosedLoop, RepeatsAnEpisodeBitForBit) {
  RecedingHorizon controller = make({.horizon = 50, .replan_steps = 2});
  const auto first = run(controller, {1, 0}, 10);
  EXPECT_EQ(run(controller, {1, 0}, 10), first);
}

TEST_F(ClosedLoop, GivesFiniteControlsForAStateThatIsNot) {
  RecedingHorizon controller = make({.horizon = 50, .replan_steps = 2});
  controller.reset(0);
  const std::vector<double> lost = {std::numeric_limits<double>::quiet_NaN(), 0};
  EXPECT_EQ(controller.act(lost)[0], 0);
  EXPECT_EQ(controller.act(lost)[0], 0);
}

TEST(Shift, DropsTheFirstRowsAndRepeatsTheLast) {
  std::vector<double> controls = {1, 10, 2, 20, 3, 30};
  shift(View<double, 2>(controls.data(), 3, 2), 2);
  EXPECT_EQ(controls, (std::vector<double>{3, 30, 3, 30, 3, 30}));
}

}  // namespace
}  // namespace lockstep::planners::testing
