// Tests planners that sample with feedback: the tube against the linear regulator that holds it, samples about iLQR's
// plan against dynamic programming.
#include "planners/tube_mppi.h"
#include "engine/error.h"
#include "kernels/philox.h"
#include "planners/receding_horizon.h"
#include "planners/riccati.h"
#include "tests/planners/function_problem.h"
#include "tests/planners/reference_problems.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <Eigen/Dense>
#include <gtest/gtest.h>

namespace lockstep::planners::testing {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kWall = 0.5;  // m: beyond it, either way, a step costs 1

std::unique_ptr<Planner> make(const std::string& name, const std::vector<std::string>& assignments) {
  Settings settings;
  for (const std::string& assignment : assignments) settings.set_from_argument(assignment);
  return find(name).make(settings);
}

// A cart on rails (a double integrator, |u| <= 4 m/s^2, steps of 0.1 s) that is to stay between walls: the cost is 1
// behind a wall, and else only the effort. Nothing tells how far away a wall is.
class BetweenWalls : public ::testing::Test {
 protected:
  struct Trace {
    std::vector<double> position, velocity, control;
    double cost = 0;
  };
  // Closed loop from rest in the middle; push(step) is added to the velocity after that step.
  Trace run(const std::string& planner, std::vector<std::string> assignments, int steps,
            const std::function<double(int)>& push) {
    assignments.insert(assignments.end(), {"samples=64", "noise_std=0.05", "temperature=0.2"});
    RecedingHorizon loop(make(planner, assignments), dynamics_, cost_, low_, high_, {.horizon = 15});
    loop.reset(3);
    Trace trace;
    std::vector<double> x = {0, 0}, next(2);
    for (int step = 0; step < steps; ++step) {
      const double u = loop.act(x)[0];
      trace.position.push_back(x[0]);
      trace.velocity.push_back(x[1]);
      trace.control.push_back(u);
      trace.cost += std::abs(x[0]) > kWall ? 1 : 0;
      dynamics_.step(view<const double>(x.data(), 1, 2), view<const double>(&u, 1, 1), view(next.data(), 1, 2));
      x = next;
      x[1] += push(step);
    }
    return trace;
  }
  // The regulator that holds the tube: deviations cost 10, controls the square of their share of 4 m/s^2.
  [[nodiscard]] static LinearQuadratic tracking() {
    LinearQuadratic problem;
    problem.A = Eigen::Matrix2d{{1, 0.1}, {0, 1}};
    problem.B = Eigen::Vector2d{0.005, 0.1};
    problem.Q = 10 * Eigen::Matrix2d::Identity();
    problem.R = Eigen::MatrixXd::Constant(1, 1, 1.0 / 16);
    return problem;
  }
  [[nodiscard]] static Eigen::RowVector2d regulator() { return solve_infinite(tracking()).regulator.K; }
  LinearDynamics dynamics_{2, 1, 0.1, {1, 0.1, 0, 1}, {0.005, 0.1}};
  FunctionCost cost_{
      2, 1, [](const double* x, const double* u) { return (std::abs(x[0]) > kWall ? 1 : 0) + 1e-3 * u[0] * u[0]; },
      [](const double* x) { return std::abs(x[0]) > kWall ? 1.0 : 0.0; }};
  std::vector<double> low_ = {-4}, high_ = {4};
};

TEST_F(BetweenWalls, ATubeComesBackFromAPushAsItsRegulatorDoesAndMppiIsLost) {
  const auto push = [](int step) { return step == 10 ? 3.0 : 0.0; };
  const Trace tube = run("tube-mppi", {"takeover_ratio=0"}, 80, push), plain = run("mppi", {}, 80, push);
  // What the regulator alone does about rest, in the bounds.
  Eigen::Vector2d x(0, 3);
  int outside = 0;
  for (int step = 11; step < 80; ++step) {
    outside += std::abs(x[0]) > kWall ? 1 : 0;
    const double u = std::clamp(regulator().dot(x), -4.0, 4.0);
    x = Eigen::Matrix2d{{1, 0.1}, {0, 1}} * x + Eigen::Vector2d{0.005, 0.1} * u;
  }
  EXPECT_LT(std::abs(tube.position.back()), 0.1);
  EXPECT_NEAR(tube.cost, outside, 2);
  RecordProperty("tube_cost", std::to_string(tube.cost));
  RecordProperty("plain_cost", std::to_string(plain.cost));
  EXPECT_GT(std::abs(plain.position.back()), 2 * kWall);
  EXPECT_GT(plain.cost, 3 * tube.cost);
}

TEST_F(BetweenWalls, ATubeThatMayTakeOverComesBackToo) {
  const auto push = [](int step) { return step == 10 ? 3.0 : 0.0; };
  const Trace held = run("tube-mppi", {"takeover_ratio=0"}, 80, push), tube = run("tube-mppi", {}, 80, push);
  EXPECT_LT(std::abs(tube.position.back()), kWall);
  EXPECT_LE(tube.cost, held.cost + 1);
}

TEST_F(BetweenWalls, ATubeIsAsWideAsItsRegulatorLetsABoundedDisturbanceMakeIt) {
  constexpr double kLargest = 0.3;  // m/s
  const auto noise = [](int step) {
    return kLargest * (2 * kernels::uniform<double>({5, 0x70757368}, static_cast<std::uint32_t>(step), 0) - 1);
  };
  const Trace tube = run("tube-mppi", {"takeover_ratio=0"}, 300, noise), plain = run("mppi", {}, 300, noise);
  // |e_k| <= sum_i |C (A + B K)^i (0, w)|: the deviation's position; the nominal system rests but for its small noise.
  const Eigen::Matrix2d closed = Eigen::Matrix2d{{1, 0.1}, {0, 1}} + Eigen::Vector2d{0.005, 0.1} * regulator();
  double width = 0;
  Eigen::Vector2d reach(0, kLargest);
  for (int i = 0; i < 500; ++i) {
    width += std::abs(reach[0]);
    reach = closed * reach;
  }
  ASSERT_LT(width, kWall);
  const auto widest = [](const Trace& trace) {
    double largest = 0;
    for (const double position : trace.position) largest = std::max(largest, std::abs(position));
    return largest;
  };
  EXPECT_LT(widest(tube), kWall);
  EXPECT_EQ(tube.cost, 0);
  EXPECT_GT(plain.cost, 50);
  RecordProperty("tube", std::to_string(widest(tube)));
  RecordProperty("bound", std::to_string(width));
  RecordProperty("plain_cost", std::to_string(plain.cost));
}

TEST_F(BetweenWalls, ATubeIsMppiWhereNothingDisturbs) {
  const auto nothing = [](int) { return 0.0; };
  EXPECT_EQ(run("tube-mppi", {}, 20, nothing).control, run("mppi", {}, 20, nothing).control);
}

TEST_F(BetweenWalls, TheRealStateTakesOverWhereItIsNoWorse) {
  // A push towards nowhere: both states cost the effort alone. With the ratio 0 the nominal system stays where it was.
  for (const auto& [ratio, moves] : {std::pair{"takeover_ratio=2", true}, std::pair{"takeover_ratio=0", false}}) {
    tube_mppi::TubeMppi planner([&] {
      Settings settings;
      for (const char* assignment : {"samples=16", "noise_std=0.05", ratio}) settings.set_from_argument(assignment);
      return configured<tube_mppi::Config>(settings);
    }());
    const FunctionCost flat(
        2, 1, [](const double*, const double* u) { return 1 + u[0] * u[0]; }, [](const double*) { return 0.0; });
    planner.reset({&dynamics_, &flat, low_, high_, 10}, 0);
    std::vector<double> controls(10), x = {0, 0};
    planner.plan(x, view(controls.data(), 10, 1));
    for (size_t k = 0; k + 1 < controls.size(); ++k) controls[k] = controls[k + 1];
    x = {0.1, 0.2};
    planner.plan(x, view(controls.data(), 10, 1));
    EXPECT_EQ(planner.nominal()(0, 0) == 0.1, moves) << ratio;
  }
}

TEST_F(BetweenWalls, ATubeStartsAnewFromControlsThatAreNotItsPlan) {
  tube_mppi::TubeMppi planner(configured<tube_mppi::Config>({}));
  planner.reset({&dynamics_, &cost_, low_, high_, 5}, 0);
  std::vector<double> controls(5);
  planner.plan(std::vector<double>{0, 0}, view(controls.data(), 5, 1));
  controls = {1, -1, 2, 0, 3};
  planner.plan(std::vector<double>{0.3, 0}, view(controls.data(), 5, 1));
  EXPECT_EQ(planner.nominal()(0, 0), 0.3);
}

TEST_F(BetweenWalls, GivesGainsThatAreThePlansFeedback) {
  const auto planner = make("tube-mppi", {"takeover_ratio=0"});
  planner->reset({&dynamics_, &cost_, low_, high_, 60}, 0);
  std::vector<double> controls(60);
  planner->plan(std::vector<double>{0, 0}, view(controls.data(), 60, 1));
  const auto K = solve_finite(tracking(), tracking().Q, 60).steps.front().K;
  EXPECT_NEAR(planner->gains()(0, 0, 0), K(0, 0), 1e-9);
  EXPECT_NEAR(planner->gains()(0, 0, 1), K(0, 1), 1e-9);
}

// The same cart, whose derivatives nobody knows.
class NoDerivatives final : public Dynamics {
 public:
  [[nodiscard]] int state_size() const override { return 2; }
  [[nodiscard]] int control_size() const override { return 1; }
  [[nodiscard]] double timestep() const override { return 0.1; }
  [[nodiscard]] std::string name() const override { return "cart without derivatives"; }
  void step(View<const double, 2> x, View<const double, 2> u, View<double, 2> next) override { cart_.step(x, u, next); }
  void jacobian(View<const double, 2>, View<const double, 2>, View<double, 3> A, View<double, 3> B) override {
    std::fill_n(A.data_handle(), A.size(), kNan);
    std::fill_n(B.data_handle(), B.size(), kNan);
  }
  [[nodiscard]] std::unique_ptr<Dynamics> clone() const override { return std::make_unique<NoDerivatives>(); }

 private:
  LinearDynamics cart_{2, 1, 0.1, {1, 0.1, 0, 1}, {0.005, 0.1}};
};

TEST_F(BetweenWalls, ATubeWithoutDerivativesFollowsItsPlanWithoutFeedback) {
  NoDerivatives dynamics;
  const auto planner = make("tube-mppi", {});
  planner->reset({&dynamics, &cost_, low_, high_, 10}, 0);
  std::vector<double> controls(10);
  const PlanStats stats = planner->plan(std::vector<double>{0, 0}, view(controls.data(), 10, 1));
  EXPECT_EQ(stats.status, "a derivative is not finite: no feedback");
  EXPECT_TRUE(std::isfinite(stats.cost));
  for (int k = 0; k < 10; ++k) EXPECT_EQ(planner->gains()(k, 0, 0), 0);
}

// ---- Feedback-MPPI ----

// x' = 1.3 x + 0.3 u, |u| <= 3, that is to come from 1.5 to 0 and pays 3 for every step within (0.3, 0.6): to jump over
// that is best, which no derivative shows. Left alone it grows to 190 in 20 steps.
struct Jump {
  static constexpr int kSteps = 20;
  static double step(double x, double u) { return 1.3 * x + 0.3 * u; }
  static double stage(double x, double u) { return x * x + 0.01 * u * u + (x > 0.3 && x < 0.6 ? 3 : 0); }
  static double terminal(double x) { return 10 * x * x; }
  FunctionDynamics dynamics{1, 1, 0.1,
                            [](const double* x, const double* u, double* next) { next[0] = step(x[0], u[0]); }};
  FunctionCost cost{1, 1, [](const double* x, const double* u) { return stage(x[0], u[0]); },
                    [](const double* x) { return terminal(x[0]); }};
  std::vector<double> low = {-3}, high = {3};

  // The least cost from x0, by dynamic programming on 4,001 states in [-2, 2] and 601 controls.
  static double least_cost(double x0) {
    constexpr int kStates = 4001, kControls = 601;
    const auto state = [](int i) { return -2 + 4.0 * i / (kStates - 1); };
    const auto at = [&](const std::vector<double>& values, double x) {
      const double position = (x + 2) / 4 * (kStates - 1);
      if (position < 0 || position > kStates - 1) return 1e6;
      const int left = std::min(static_cast<int>(position), kStates - 2);
      return values[static_cast<size_t>(left)] +
             (position - left) * (values[static_cast<size_t>(left) + 1] - values[static_cast<size_t>(left)]);
    };
    std::vector<double> values(kStates), before(kStates);
    for (int i = 0; i < kStates; ++i) values[static_cast<size_t>(i)] = terminal(state(i));
    for (int k = 0; k < kSteps; ++k) {
      for (int i = 0; i < kStates; ++i) {
        double least = 1e9;
        for (int j = 0; j < kControls; ++j) {
          const double u = -3 + 6.0 * j / (kControls - 1);
          least = std::min(least, stage(state(i), u) + at(values, step(state(i), u)));
        }
        before[static_cast<size_t>(i)] = least;
      }
      std::swap(values, before);
    }
    return at(values, x0);
  }
};

double jump_cost(const std::string& planner, const std::vector<std::string>& assignments) {
  Jump p;
  const auto own = make(planner, assignments);
  own->reset({&p.dynamics, &p.cost, p.low, p.high, Jump::kSteps}, 1);
  std::vector<double> controls(Jump::kSteps);
  const std::vector<double> x0 = {1.5};
  const double told = own->plan(x0, view(controls.data(), Jump::kSteps, 1)).cost;
  double x = x0[0], total = 0;
  for (const double u : controls) {
    total += Jump::stage(x, u);
    x = Jump::step(x, u);
  }
  total += Jump::terminal(x);
  EXPECT_NEAR(told, total, 1e-9 * total);
  return total;
}

TEST(FeedbackMppi, FindsTheJumpThatIlqrDoesNotSeeAndOpenLoopSamplesScatterFrom) {
  const double least = Jump::least_cost(1.5);
  const std::vector<std::string> sampling = {"samples=128", "iterations=20", "noise_std=0.3", "noise_decay=0.9"};
  const double feedback = jump_cost("feedback-mppi", sampling);
  const double smooth = jump_cost("ilqr", {}), open_loop = jump_cost("mppi", sampling);
  EXPECT_GE(feedback, least * (1 - 1e-3));  // the grid's own error
  EXPECT_LE(feedback, 1.05 * least);
  EXPECT_GE(smooth, least + 2);
  EXPECT_GE(open_loop, 1.3 * least);
  RecordProperty("least", std::to_string(least));
  RecordProperty("feedback", std::to_string(feedback));
  RecordProperty("ilqr", std::to_string(smooth));
  RecordProperty("mppi", std::to_string(open_loop));
}

TEST(FeedbackMppi, CostsNoMoreThanIlqrOnSmoothProblems) {
  for (const char* name : {"pendulum_swingup", "van_der_pol"}) {
    const ReferenceProblem p = reference_problem(name);
    const auto sampler = make("feedback-mppi", {"samples=16"}), smooth = make("ilqr", {});
    auto controls = p.warm_start("sin0.1"), alone = controls;
    sampler->reset(p.problem(), 1);
    smooth->reset(p.problem(), 1);
    const double cost = sampler->plan(p.x0, view(controls.data(), p.horizon, p.nu)).cost;
    EXPECT_LE(cost, smooth->plan(p.x0, view(alone.data(), p.horizon, p.nu)).cost * (1 + 1e-12)) << name;
    EXPECT_NEAR(cost, p.cost_of(controls), 1e-9 * cost) << name;
  }
}

TEST(FeedbackRollouts, ActAsTheirRowSaysPlusTheGainsInTheBounds) {
  LinearDynamics dynamics{1, 1, 0.1, {1.5}, {1}};
  const DiagonalCost cost({2}, {2}, {2});
  const std::vector<double> low = {-1}, high = {1}, predicted = {0, 0, 0}, gains = {-1.5, -0.5}, x0 = {0.4};
  for (const int threads : {1, 3}) {
    Rollouts rollouts({&dynamics, &cost, low, high, 2}, 3, {.batch = 1, .threads = threads});
    const FollowedPlan about{{}, view(predicted.data(), 3, 1), view(gains.data(), 2, 1, 1)};
    for (int row = 0; row < 3; ++row)
      for (int k = 0; k < 2; ++k) rollouts.controls(row)[k] = 0.25 * row - (row == 2 ? 2 : 0);
    rollouts.evaluate(x0, 0, 3, about);
    // Row 1: u0 = 0.25 - 1.5 * 0.4 = -0.35, x1 = 0.6 - 0.35 = 0.25; u1 = 0.25 - 0.125 = 0.125, x2 = 0.5.
    EXPECT_NEAR(rollouts.controls(1)[0], -0.35, 1e-15);
    EXPECT_NEAR(rollouts.states(1)[1], 0.25, 1e-15);
    EXPECT_NEAR(rollouts.controls(1)[1], 0.125, 1e-15);
    EXPECT_NEAR(rollouts.states(1)[2], 0.5, 1e-15);
    EXPECT_NEAR(rollouts.costs()[1], 0.16 + 0.35 * 0.35 + 0.0625 + 0.125 * 0.125 + 0.25, 1e-14);
    EXPECT_EQ(rollouts.controls(2)[0], -1);
  }
}

// ---- Both ----

class WithFeedback : public ::testing::TestWithParam<std::string> {};

std::vector<double> plan_of(const ReferenceProblem& p, Planner& planner, std::vector<double> controls) {
  planner.plan(p.x0, view(controls.data(), p.horizon, p.nu));
  return controls;
}

TEST_P(WithFeedback, PlansTheSameWhateverTheBatchAndTheThreads) {
  const ReferenceProblem p = reference_problem("two_link_arm_reach");
  const auto plan_with = [&](const std::string& batch, const std::string& threads) {
    const auto planner = make(GetParam(), {"samples=20", "iterations=2", "batch=" + batch, "threads=" + threads});
    planner->reset(p.problem(), 5);
    return plan_of(p, *planner, plan_of(p, *planner, p.warm_start("sin0.1")));
  };
  const auto expected = plan_with("64", "1");
  EXPECT_EQ(plan_with("7", "1"), expected);
  EXPECT_EQ(plan_with("8", "3"), expected);
}

TEST_P(WithFeedback, ContinuesAfterLoadAsIfNotStopped) {
  const ReferenceProblem p = reference_problem("van_der_pol");
  const auto first = make(GetParam(), {"samples=16"}), second = make(GetParam(), {"samples=16"});
  first->reset(p.problem(), 1);
  second->reset(p.problem(), 2);
  auto warm = plan_of(p, *first, p.warm_start("sin0.1"));
  std::rotate(warm.begin(), warm.begin() + p.nu, warm.end());
  for (int i = 0; i < p.nu; ++i)
    warm[warm.size() - 1 - static_cast<size_t>(i)] = warm[warm.size() - 1 - static_cast<size_t>(i + p.nu)];
  second->load(first->save());
  EXPECT_EQ(plan_of(p, *first, warm), plan_of(p, *second, warm));
}

TEST_P(WithFeedback, KeepsTheWarmStartWhenEverySampleDiverges) {
  FunctionDynamics dynamics(1, 1, 0.1, [](const double*, const double*, double* next) { next[0] = kNan; });
  const FunctionCost cost(
      1, 1, [](const double*, const double*) { return 1.0; }, [](const double*) { return 1.0; });
  const std::vector<double> low = {-1}, high = {1};
  const auto planner = make(GetParam(), {});
  planner->reset({&dynamics, &cost, low, high, 2}, 0);
  std::vector<double> controls = {0.25, -0.5};
  for (const std::vector<double>& x0 : {std::vector<double>{0.0}, std::vector<double>{kNan}}) {
    const PlanStats stats = planner->plan(x0, view(controls.data(), 2, 1));
    EXPECT_EQ(stats.status, "all candidates diverged: kept the warm start");
    EXPECT_EQ(controls, (std::vector<double>{0.25, -0.5}));
    for (int k = 0; k <= 2; ++k) EXPECT_TRUE(std::isfinite(planner->predicted()(k, 0)));
  }
}

TEST_P(WithFeedback, RefusesOneKnotAndSaysHowToMendIt) {
  try {
    make(GetParam(), {"knots=1"});
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_NE(error.fix().find("at least 2"), std::string::npos) << error.fix();
  }
}

INSTANTIATE_TEST_SUITE_P(Planners, WithFeedback, ::testing::Values("tube-mppi", "feedback-mppi"), [](const auto& test) {
  std::string name = test.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace lockstep::planners::testing
