// Tests gradients of roll-outs against differences, and the planners that descend them against known answers.
#include "planners/gradient.h"
#include "apps/published_swing_up.h"
#include "engine/error.h"
#include "models/feature_library.h"
#include "models/sindy.h"
#include "planners/adjoint_gradient.h"
#include "planners/control_parameters.h"
#include "tests/planners/function_problem.h"
#include "tests/planners/reference_problems.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::planners::testing {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Sum of the costs of a roll-out, one step at a time.
double cost_of(Dynamics& dynamics, const Cost& cost, const std::vector<double>& x0,
               const std::vector<double>& controls) {
  const int nx = dynamics.state_size(), nu = dynamics.control_size();
  std::vector<double> x = x0, next(x0.size());
  double total = 0, term = 0;
  for (size_t at = 0; at < controls.size(); at += static_cast<size_t>(nu)) {
    cost.stage(view<const double>(x.data(), 1, nx), view(controls.data() + at, 1, nu), view(&term, 1));
    total += term;
    dynamics.step(view<const double>(x.data(), 1, nx), view(controls.data() + at, 1, nu), view(next.data(), 1, nx));
    x = next;
  }
  cost.terminal(view<const double>(x.data(), 1, nx), view(&term, 1));
  return total + term;
}

// The largest difference between the adjoint's slopes and centred differences, share of the largest slope.
double adjoint_error(Dynamics& dynamics, const Cost& cost, const std::vector<double>& x0,
                     const std::vector<double>& controls) {
  const int nx = dynamics.state_size(), nu = dynamics.control_size();
  const int N = static_cast<int>(controls.size()) / nu;
  std::vector<double> states(static_cast<size_t>((N + 1) * nx)), slopes(controls.size());
  dynamics.rollout(view(x0.data(), 1, nx), view(controls.data(), 1, N, nu), view(states.data(), 1, N + 1, nx));
  AdjointGradient adjoint({&dynamics, &cost, {}, {}, N});
  EXPECT_TRUE(adjoint.evaluate(dynamics, states.data(), controls.data(), slopes.data()));
  double error = 0, largest = 0;
  for (size_t at = 0; at < controls.size(); ++at) {
    std::vector<double> more = controls, less = controls;
    const double step = 1e-5 * std::max(1.0, std::abs(controls[at]));
    more[at] += step;
    less[at] -= step;
    const double slope = (cost_of(dynamics, cost, x0, more) - cost_of(dynamics, cost, x0, less)) / (2 * step);
    error = std::max(error, std::abs(slope - slopes[at]));
    largest = std::max(largest, std::abs(slope));
  }
  return error / largest;
}

class AdjointOf : public ::testing::TestWithParam<std::string> {};

TEST_P(AdjointOf, MatchesDifferencesOfTheCost) {
  const ReferenceProblem p = reference_problem(GetParam());
  // Rounding of costs of up to 1e5 over steps of 1e-5, and the third derivative's share of 1e-10.
  EXPECT_LT(adjoint_error(*p.dynamics, *p.cost, p.x0, p.warm_start("sin0.1")), 1e-6);
}

INSTANTIATE_TEST_SUITE_P(References, AdjointOf, ::testing::ValuesIn(reference_names()),
                         [](const auto& test) { return test.param; });

TEST(Adjoint, MatchesDifferencesThroughGymnasiumsPendulum) {
  LaneDynamics<apps::GymPendulum> dynamics;
  std::vector<double> controls(30);
  for (size_t k = 0; k < controls.size(); ++k) controls[k] = std::sin(0.3 * static_cast<double>(k));
  EXPECT_LT(adjoint_error(dynamics, LaneCost<apps::GymPendulum>(), {2, 0.3}, controls), 1e-6);
}

TEST(Adjoint, MatchesDifferencesThroughALearnedModel) {
  // Van der Pol's oscillator as SINDy has it: x0' = x1, x1' = x1 - x0 - x0^2 x1 + u0.
  const models::FeatureLibrary library(2, 1, models::polynomial_features({0, 1, 2}, {.degree = 3}));
  Eigen::MatrixXd coefficients = Eigen::MatrixXd::Zero(library.size(), 2);
  const auto names = library.names();
  const auto set = [&](const std::string& name, int state, double value) {
    const auto at = std::find(names.begin(), names.end(), name) - names.begin();
    ASSERT_LT(at, std::ssize(names)) << name;
    coefficients(at, state) = value;
  };
  set("x1", 0, 1);
  set("x1", 1, 1);
  set("x0", 1, -1);
  set("x0^2 x1", 1, -1);
  set("u0", 1, 1);
  models::Sindy model({.state_size = 2, .control_size = 1, .timestep = 0.05}, library, coefficients,
                      kernels::SparseIntegrator::kRungeKutta4);
  const DiagonalCost cost({1, 0.5}, {0.1}, {3, 2});
  EXPECT_LT(adjoint_error(model, cost, {1, -0.5}, std::vector<double>(40, 0.2)), 1e-6);
}

std::unique_ptr<Planner> make(const std::vector<std::string>& assignments) {
  Settings settings;
  for (const std::string& assignment : assignments) settings.set_from_argument(assignment);
  return find("gradient").make(settings);
}

std::vector<double> plan_of(const ReferenceProblem& p, Planner& planner, std::vector<double> controls,
                            PlanStats* stats = nullptr) {
  const PlanStats result = planner.plan(p.x0, view(controls.data(), p.horizon, p.nu));
  if (stats != nullptr) *stats = result;
  return controls;
}

TEST(Gradient, ComesWithinATenthOfAPercentOfTheLinearRegulatorIn200Steps) {
  LinearDynamics dynamics{2, 1, 0.1, {1, 0.1, 0, 1}, {0.005, 0.1}};
  const DiagonalCost cost({1, 0.1}, {0.1}, {10, 1});
  const std::vector<double> low = {-10}, high = {10}, x0 = {1, 0};
  std::vector<double> controls(30), best(30);
  const auto regulator = find("lqr").make({});
  regulator->reset({&dynamics, &cost, low, high, 30}, 0);
  const double least = regulator->plan(x0, view(best.data(), 30, 1)).cost;  // Riccati's: no bound is reached
  const auto planner = make({"cold_iterations=200"});
  planner->reset({&dynamics, &cost, low, high, 30}, 0);
  const double reached = planner->plan(x0, view(controls.data(), 30, 1)).cost;
  EXPECT_LE(reached, 1.001 * least);
  EXPECT_GE(reached, least * (1 - 1e-9));
  EXPECT_NEAR(reached, cost_of(dynamics, cost, x0, controls), 1e-9 * reached);
}

TEST(Gradient, ReachesTheOptimumAlongBounds) {
  const ReferenceProblem p = reference_problem("boxqp_double_integrator");
  const auto planner = make({"cold_iterations=400"});
  planner->reset(p.problem(), 0);
  PlanStats stats;
  const auto controls = plan_of(p, *planner, p.warm_start("zero"), &stats);
  EXPECT_LE(stats.cost, 1.001 * p.reference_cost());
  for (const double u : controls) {
    EXPECT_GE(u, p.u_min[0]);
    EXPECT_LE(u, p.u_max[0]);
  }
}

// Median over the 40 starts of the published comparison.
double median_cost(const std::string& planner, const std::vector<std::string>& assignments) {
  std::vector<double> costs = apps::swing_up_costs(planner, assignments);
  std::sort(costs.begin(), costs.end());
  return 0.5 * (costs[19] + costs[20]);
}

TEST(Gradient, BeatsCemOnThePublishedSwingUpAtAnEqualBudget) {
  // 2,000 roll-outs, a gradient counted as three: 8 candidates, 83 steps. CEM: 5 iterations, a tenth elites, with the
  // widest noise, which suits it best.
  const double descended = median_cost("gradient", {"candidates=8", "cold_iterations=83"});
  const double sampled = median_cost("cem", {"iterations=5", "samples=400", "elites=40", "noise_std=1"});
  EXPECT_LE(descended, 235);
  EXPECT_LE(descended, 0.85 * sampled);
}

TEST(Gradient, DoesBestWithFewCandidatesAtASmallBudget) {
  // 400 roll-outs, as published: 229 with 2 candidates, 254 with 8, 315 with 32.
  const double two = median_cost("gradient", {"candidates=2", "cold_iterations=66"});
  const double eight = median_cost("gradient", {"candidates=8", "cold_iterations=16"});
  const double many = median_cost("gradient", {"candidates=32", "cold_iterations=4"});
  EXPECT_LE(two, 1.01 * 229);
  EXPECT_LE(eight, 254);
  EXPECT_LE(many, 315);
  EXPECT_LT(two, eight);
  EXPECT_LT(eight, many);
}

TEST(GradientCem, BeatsCemOnThePublishedSwingUpAtAFifthOfTheBudget) {
  const double refined =
      median_cost("gradient-cem", {"iterations=3", "samples=32", "noise_std=0.5", "refinement_steps=8"});
  const double sampled = median_cost("cem", {"iterations=5", "samples=400", "elites=40", "noise_std=1"});
  EXPECT_LE(refined, 0.85 * sampled);
}

TEST(Gradient, NeverReturnsAPlanWorseThanTheWarmStart) {
  const ReferenceProblem p = reference_problem("car_parking_tassa2014");
  std::vector<double> best;
  for (const auto& row : p.data["solution_controls"])
    for (const double value : row) best.push_back(value);
  const auto planner = make({"candidates=3", "cold_iterations=3"});
  planner->reset(p.problem(), 1);
  EXPECT_LE(p.cost_of(plan_of(p, *planner, best)), p.cost_of(best) * (1 + 1e-12));
}

TEST(Gradient, PlansTheSameWhateverTheBatchAndTheThreads) {
  const ReferenceProblem p = reference_problem("two_link_arm_reach");
  const auto plan_with = [&](const std::string& batch, const std::string& threads) {
    const auto planner = make({"candidates=7", "cold_iterations=5", "knots=6", "batch=" + batch, "threads=" + threads});
    planner->reset(p.problem(), 5);
    return plan_of(p, *planner, plan_of(p, *planner, p.warm_start("sin0.1")));
  };
  const auto expected = plan_with("64", "1");
  EXPECT_EQ(plan_with("2", "1"), expected);
  EXPECT_EQ(plan_with("3", "3"), expected);
}

TEST(Gradient, LosesOnlyTheCandidatesThatDiverge) {
  FunctionDynamics dynamics(
      1, 1, 0.1, [](const double* x, const double* u, double* next) { next[0] = u[0] > 0.2 ? kNan : x[0] + u[0]; });
  const FunctionCost cost(
      1, 1, [](const double* x, const double*) { return (x[0] - 2) * (x[0] - 2); },
      [](const double* x) { return (x[0] - 2) * (x[0] - 2); });
  const std::vector<double> low = {-1}, high = {1}, x0 = {0};
  const auto planner = make({"candidates=16", "noise_std=0.3", "learning_rate=0.01"});
  planner->reset({&dynamics, &cost, low, high, 3}, 0);
  std::vector<double> controls = {-0.3, -0.3, -0.3};
  const PlanStats stats = planner->plan(x0, view(controls.data(), 3, 1));
  EXPECT_EQ(stats.status, "all iterations done");
  EXPECT_GT(planner->predicted()(3, 0), 0);  // further than the warm start's -0.9
  for (const double u : controls) EXPECT_LE(u, 0.2);
}

TEST(Gradient, KeepsTheWarmStartWhenEveryCandidateDiverges) {
  FunctionDynamics dynamics(1, 1, 0.1, [](const double*, const double*, double* next) { next[0] = kNan; });
  const FunctionCost cost(
      1, 1, [](const double*, const double*) { return 1.0; }, [](const double*) { return 1.0; });
  const std::vector<double> low = {-1}, high = {1};
  const auto planner = make({});
  planner->reset({&dynamics, &cost, low, high, 2}, 0);
  std::vector<double> controls = {0.25, -0.5};
  for (const std::vector<double>& x0 : {std::vector<double>{0.0}, std::vector<double>{kNan}}) {
    const PlanStats stats = planner->plan(x0, view(controls.data(), 2, 1));
    EXPECT_EQ(stats.status, "all candidates diverged: kept the warm start");
    EXPECT_EQ(controls, (std::vector<double>{0.25, -0.5}));
    for (int k = 0; k <= 2; ++k) EXPECT_TRUE(std::isfinite(planner->predicted()(k, 0)));
  }
}

// A plant without derivatives.
class Jagged final : public Dynamics {
 public:
  [[nodiscard]] int state_size() const override { return 1; }
  [[nodiscard]] int control_size() const override { return 1; }
  [[nodiscard]] double timestep() const override { return 1; }
  [[nodiscard]] std::string name() const override { return "jagged"; }
  void step(View<const double, 2> x, View<const double, 2> u, View<double, 2> next) override {
    for (int row = 0; row < x.extent(0); ++row) next(row, 0) = x(row, 0) + u(row, 0);
  }
  void jacobian(View<const double, 2>, View<const double, 2>, View<double, 3> A, View<double, 3> B) override {
    std::fill_n(A.data_handle(), A.size(), kNan);
    std::fill_n(B.data_handle(), B.size(), kNan);
  }
  [[nodiscard]] std::unique_ptr<Dynamics> clone() const override { return std::make_unique<Jagged>(); }
};

TEST(Gradient, StopsWhereADerivativeIsNoNumber) {
  Jagged dynamics;
  const DiagonalCost cost({1}, {1}, {1});
  const std::vector<double> low = {-1}, high = {1}, x0 = {1};
  const auto planner = make({"candidates=1"});
  planner->reset({&dynamics, &cost, low, high, 2}, 0);
  std::vector<double> controls = {0.25, -0.5};
  EXPECT_EQ(planner->plan(x0, view(controls.data(), 2, 1)).status, "a derivative is not finite: stopped there");
  EXPECT_EQ(controls, (std::vector<double>{0.25, -0.5}));
}

TEST(Gradient, SaysThatItHasConvergedWhereNothingIsToBeGained) {
  LinearDynamics dynamics{2, 1, 0.1, {1, 0.1, 0, 1}, {0.005, 0.1}};
  const DiagonalCost cost({1, 0.1}, {0.01}, {10, 1});
  const std::vector<double> low = {-1}, high = {1}, rest = {0, 0};
  const auto planner = make({"candidates=1"});
  planner->reset({&dynamics, &cost, low, high, 5}, 0);
  std::vector<double> controls(5);
  const PlanStats stats = planner->plan(rest, view(controls.data(), 5, 1));
  EXPECT_TRUE(stats.converged);
  EXPECT_EQ(stats.status, "converged");
  EXPECT_EQ(stats.iterations, 0);
}

TEST(Gradient, ContinuesAfterLoadAsIfNotStopped) {
  const ReferenceProblem p = reference_problem("van_der_pol");
  const auto first = make({"iterations=2"}), second = make({"iterations=2"});
  first->reset(p.problem(), 1);
  second->reset(p.problem(), 2);
  const auto warm = plan_of(p, *first, p.warm_start("sin0.1"));
  second->load(first->save());
  EXPECT_EQ(plan_of(p, *first, warm), plan_of(p, *second, warm));
}

TEST(Gradient, EndsOutOfTimeAfterOneStepAtLeast) {
  const ReferenceProblem p = reference_problem("two_link_arm_reach");
  const auto planner = make({"cold_iterations=100000", "time_budget_ms=1e-6"});
  planner->reset(p.problem(), 0);
  PlanStats stats;
  plan_of(p, *planner, p.warm_start("zero"), &stats);
  EXPECT_EQ(stats.status, "out of time");
  EXPECT_EQ(stats.iterations, 1);
}

// The unstable chain under its optimal regulator, times `gain`: the plans of one step of descent.
double cost_with_policy(const ReferenceProblem& p, double gain, bool follows) {
  gradient::Gradient planner(gradient::Config{.candidates = 4, .cold_iterations = 1, .noise_std = 0.01});
  planner.reset(p.problem(), 0);
  // The reference's own controls tell what the regulator does along its path: a policy by the nearest of its states.
  std::vector<double> best, states(static_cast<size_t>((p.horizon + 1) * p.nx));
  for (const auto& row : p.data["solution_controls"])
    for (const double value : row) best.push_back(value);
  p.dynamics->rollout(view<const double>(p.x0.data(), 1, p.nx), view<const double>(best.data(), 1, p.horizon, p.nu),
                      view(states.data(), 1, p.horizon + 1, p.nx));
  const auto policy = [=, nx = p.nx, nu = p.nu, N = p.horizon](View<const double, 2> x, View<double, 2> u) {
    int nearest = 0;
    double least = std::numeric_limits<double>::infinity();
    for (int k = 0; k < N; ++k) {
      double square = 0;
      for (int i = 0; i < nx; ++i) square += std::pow(x(0, i) - states[static_cast<size_t>(k * nx + i)], 2);
      if (square < least) nearest = k;
      least = std::min(least, square);
    }
    for (int i = 0; i < nu; ++i) u(0, i) = gain * best[static_cast<size_t>(nearest * nu + i)];
  };
  if (follows) planner.follow_policy(policy);
  auto controls = p.warm_start("zero");
  return planner.plan(p.x0, view(controls.data(), p.horizon, p.nu)).cost;
}

TEST(Gradient, IsNoWorseThanThePolicyThatItFollows) {
  const ReferenceProblem p = reference_problem("lqr_double_integrator");
  const double alone = cost_with_policy(p, 1, false), with = cost_with_policy(p, 1, true);
  EXPECT_NEAR(with, p.reference_cost(), 1e-6 * p.reference_cost());
  EXPECT_GT(alone, 1.1 * p.reference_cost());
}

TEST(Gradient, IsNoWorseForAPolicyThatGivesNoNumbers) {
  const ReferenceProblem p = reference_problem("lqr_double_integrator");
  EXPECT_DOUBLE_EQ(cost_with_policy(p, kNan, true), cost_with_policy(p, 1, false));
}

class ParametersOf : public ::testing::TestWithParam<std::string> {};

TEST_P(ParametersOf, PullSlopesBackAsTheTransposeOfTheirExpansion) {
  LinearDynamics dynamics{2, 2, 0.1, {1, 0, 0, 1}, {1, 0, 0, 1}};
  const DiagonalCost cost({1, 1}, {1, 1}, {1, 1});
  const std::vector<double> low = {-3, -10}, high = {3, 20};
  ControlParameters space({&dynamics, &cost, low, high, 17}, interpolation_named(GetParam()), 5);
  std::vector<double> base(34), parameters(10), slopes(34), pulled(10), controls(34), moved(34);
  for (size_t at = 0; at < base.size(); ++at) base[at] = 0.1 * std::sin(static_cast<double>(at));
  for (size_t at = 0; at < slopes.size(); ++at) slopes[at] = std::cos(2.0 * static_cast<double>(at));
  for (size_t at = 0; at < parameters.size(); ++at) parameters[at] = 0.2 * std::sin(3.0 * static_cast<double>(at));
  space.set_warm_start(view<const double>(base.data(), 17, 2));
  space.expand(parameters.data(), moved.data());
  double through_controls = 0, through_parameters = 0;
  for (size_t at = 0; at < base.size(); ++at) through_controls += slopes[at] * (moved[at] - base[at]);
  space.pull_back(moved.data(), slopes.data(), pulled.data());
  for (size_t at = 0; at < parameters.size(); ++at) through_parameters += pulled[at] * parameters[at];
  EXPECT_NEAR(through_controls, through_parameters, 1e-12);
}

INSTANTIATE_TEST_SUITE_P(Interpolations, ParametersOf, ::testing::Values("hold", "linear", "cubic"),
                         [](const auto& test) { return test.param; });

TEST(ControlParameters, HaveNoSlopeThatPushesAControlOutOfItsBounds) {
  LinearDynamics dynamics{1, 1, 0.1, {1}, {1}};
  const DiagonalCost cost({1}, {1}, {1});
  const std::vector<double> low = {-1}, high = {2};
  ControlParameters space({&dynamics, &cost, low, high, 3}, Interpolation::kHold, 0);
  const std::vector<double> controls = {-1, 2, 2};
  std::vector<double> slopes = {5, -5, 5}, pulled(3);
  space.pull_back(controls.data(), slopes.data(), pulled.data());
  EXPECT_EQ(pulled, (std::vector<double>{0, 0, 5 * 1.5}));
}

TEST(Gradient, RefusesOneKnotAndSaysHowToMendIt) {
  try {
    make({"knots=1"});
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.problem(), "gradient.knots = 1 leaves nothing to interpolate");
    EXPECT_EQ(error.fix(), "set knots to 0 (every step) or at least 2");
  }
}

TEST(Gradient, RefusesMoreKnotsThanSteps) {
  const ReferenceProblem p = reference_problem("van_der_pol");
  EXPECT_THROW(make({"knots=5000"})->reset(p.problem(), 0), Error);
}

}  // namespace
}  // namespace lockstep::planners::testing
