// Tests what all sampling planners promise, and the parts that they are made of.
#include "planners/sampling.h"
#include "engine/error.h"
#include "kernels/philox.h"
#include "planners/cma_es.h"
#include "planners/control_spline.h"
#include "planners/elite_search.h"
#include "tests/planners/function_problem.h"
#include "tests/planners/reference_problems.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <memory>
#include <numbers>
#include <string>
#include <vector>

#include <Eigen/Dense>
#include <gtest/gtest.h>

namespace lockstep::planners::testing {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::unique_ptr<Planner> make(const std::string& name, const std::vector<std::string>& assignments) {
  Settings settings;
  for (const std::string& assignment : assignments) settings.set_from_argument(assignment);
  return find(name).make(settings);
}

class SamplingPlannerNamed : public ::testing::TestWithParam<std::string> {
 protected:
  [[nodiscard]] std::unique_ptr<Planner> planner(std::vector<std::string> assignments) const {
    return make(GetParam(), assignments);
  }
};

std::vector<double> plan_of(const ReferenceProblem& p, Planner& planner, std::vector<double> controls,
                            PlanStats* stats = nullptr) {
  const PlanStats result = planner.plan(p.x0, View<double, 2>(controls.data(), p.horizon, p.nu));
  if (stats != nullptr) *stats = result;
  return controls;
}

TEST_P(SamplingPlannerNamed, ComesNearTheReferenceCost) {
  const ReferenceProblem p = reference_problem("van_der_pol");
  const auto sampler = planner({"samples=128", "iterations=20", "knots=12", "noise_std=0.1"});
  sampler->reset(p.problem(), 3);
  auto controls = p.warm_start("zero");
  PlanStats stats;
  for (int plan = 0; plan < 10; ++plan) controls = plan_of(p, *sampler, controls, &stats);
  EXPECT_NEAR(stats.cost, p.cost_of(controls), 1e-9 * stats.cost);
  // Twelve knots cannot follow the optimal control along its bound, and noise of a fixed deviation stays coarse.
  const double nothing_done = p.cost_of(p.warm_start("zero"));
  EXPECT_LE(stats.cost - p.reference_cost(), 0.05 * (nothing_done - p.reference_cost()));
  RecordProperty("warm_start_cost", std::to_string(nothing_done));
  RecordProperty("cost", std::to_string(stats.cost));
}

TEST_P(SamplingPlannerNamed, NeverReturnsAPlanWorseThanTheWarmStart) {
  const ReferenceProblem p = reference_problem("car_parking_tassa2014");
  std::vector<double> best;
  for (const auto& row : p.data["solution_controls"])
    for (const double value : row) best.push_back(value);
  const auto sampler = planner({"samples=16", "iterations=2", "knots=6"});
  sampler->reset(p.problem(), 1);
  EXPECT_LE(p.cost_of(plan_of(p, *sampler, best)), p.cost_of(best) * (1 + 1e-12));
}

TEST_P(SamplingPlannerNamed, PlansTheSameWhateverTheBatchAndTheThreads) {
  const ReferenceProblem p = reference_problem("two_link_arm_reach");
  std::vector<std::string> few = {"samples=50", "iterations=3", "knots=5"};
  const auto plan_with = [&](const std::string& batch, const std::string& threads) {
    auto all = few;
    all.push_back("batch=" + batch);
    all.push_back("threads=" + threads);
    const auto sampler = planner(all);
    sampler->reset(p.problem(), 5);
    return plan_of(p, *sampler, plan_of(p, *sampler, p.warm_start("sin0.1")));
  };
  const auto expected = plan_with("64", "1");
  EXPECT_EQ(plan_with("7", "1"), expected);
  EXPECT_EQ(plan_with("8", "3"), expected);
}

TEST_P(SamplingPlannerNamed, KeepsTheBounds) {
  FunctionDynamics dynamics(1, 1, 0.1, [](const double*, const double* u, double* next) { next[0] = u[0]; });
  const FunctionCost cost(
      1, 1, [](const double*, const double* u) { return -u[0]; }, [](const double*) { return 0.0; });
  const std::vector<double> low = {-0.25}, high = {0.5}, x0 = {0};
  for (const char* knots : {"knots=0", "knots=3"}) {
    const auto sampler = planner({"noise_std=2", "iterations=40", "samples=64", knots});
    sampler->reset({&dynamics, &cost, low, high, 4}, 0);
    std::vector<double> controls = {9, -9, kNan, 0};
    sampler->plan(x0, View<double, 2>(controls.data(), 4, 1));
    for (const double value : controls) {
      EXPECT_LE(value, 0.5);
      EXPECT_GE(value, -0.25);
    }
    EXPECT_GT(controls[3], 0.4);  // at a knot, whatever their number
  }
}

TEST_P(SamplingPlannerNamed, LosesOnlyTheSamplesThatDiverge) {
  FunctionDynamics dynamics(
      1, 1, 0.1, [](const double* x, const double* u, double* next) { next[0] = u[0] > 0.2 ? kNan : x[0] + u[0]; });
  const FunctionCost cost(
      1, 1, [](const double* x, const double*) { return (x[0] - 2) * (x[0] - 2); },
      [](const double* x) { return x[0] > 0.7 ? kInfinity : (x[0] - 2) * (x[0] - 2); });
  const std::vector<double> low = {-1}, high = {1}, x0 = {0};
  const auto sampler = planner({"samples=128", "iterations=20", "knots=0"});
  sampler->reset({&dynamics, &cost, low, high, 4}, 0);
  std::vector<double> controls = {-0.3, -0.3, -0.3, -0.3};
  const PlanStats stats = sampler->plan(x0, View<double, 2>(controls.data(), 4, 1));
  EXPECT_EQ(stats.status, "all iterations done");
  EXPECT_TRUE(std::isfinite(stats.cost));
  EXPECT_GT(sampler->predicted()(4, 0), 0.3);  // as far as it may
  EXPECT_LE(sampler->predicted()(4, 0), 0.7);
}

TEST_P(SamplingPlannerNamed, KeepsTheWarmStartWhenEverySampleDiverges) {
  FunctionDynamics dynamics(1, 1, 0.1, [](const double*, const double*, double* next) { next[0] = kNan; });
  const FunctionCost cost(
      1, 1, [](const double*, const double*) { return 1.0; }, [](const double*) { return 1.0; });
  const std::vector<double> low = {-1}, high = {1};
  const auto sampler = planner({"knots=0"});
  sampler->reset({&dynamics, &cost, low, high, 2}, 0);
  std::vector<double> controls = {0.25, -0.5};
  for (const std::vector<double>& x0 : {std::vector<double>{0.0}, std::vector<double>{kNan}}) {
    const PlanStats stats = sampler->plan(x0, View<double, 2>(controls.data(), 2, 1));
    EXPECT_EQ(stats.status, "all candidates diverged: kept the warm start");
    EXPECT_EQ(controls, (std::vector<double>{0.25, -0.5}));
    for (int k = 0; k <= 2; ++k) EXPECT_TRUE(std::isfinite(sampler->predicted()(k, 0)));
  }
}

TEST_P(SamplingPlannerNamed, ContinuesAfterLoadAsIfNotStopped) {
  const ReferenceProblem p = reference_problem("van_der_pol");
  const std::vector<std::string> few = {"samples=20", "iterations=2", "knots=6"};
  const auto first = planner(few), second = planner(few);
  first->reset(p.problem(), 1);
  second->reset(p.problem(), 2);
  const auto warm = plan_of(p, *first, p.warm_start("sin0.1"));
  second->load(first->save());
  EXPECT_EQ(plan_of(p, *first, warm), plan_of(p, *second, warm));
}

TEST_P(SamplingPlannerNamed, FinishesOneIterationWhateverTheBudget) {
  const ReferenceProblem p = reference_problem("van_der_pol");
  const auto sampler = planner({"time_budget_ms=1e-9", "iterations=50", "knots=6"});
  sampler->reset(p.problem(), 1);
  PlanStats stats;
  plan_of(p, *sampler, p.warm_start("zero"), &stats);
  EXPECT_EQ(stats.status, "out of time");
  EXPECT_EQ(stats.iterations, 1);
}

TEST_P(SamplingPlannerNamed, RefusesKnotsBeyondTheHorizonAndAHorizonOfNothing) {
  const ReferenceProblem p = reference_problem("van_der_pol");
  Problem problem = p.problem();
  EXPECT_THROW(planner({"knots=101"})->reset(problem, 0), Error);
  EXPECT_THROW(planner({"knots=1"}), Error);
  problem.horizon = 0;
  try {
    planner({"knots=0"})->reset(problem, 0);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.problem(), "horizon = 0 is below 1");
  }
}

INSTANTIATE_TEST_SUITE_P(Planners, SamplingPlannerNamed,
                         ::testing::Values("predictive-sampling", "cem", "icem", "mppi", "cma-es", "gradient-cem"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

class SplineOf : public ::testing::TestWithParam<Interpolation> {};

TEST_P(SplineOf, PassesThroughItsKnots) {
  const ControlSpline spline(GetParam(), 4, 13, 1);
  const double knots[4] = {1, -2, 5, 0.5};
  double controls[13];
  spline.expand(knots, controls);
  for (int knot = 0; knot < 4; ++knot) {
    EXPECT_EQ(spline.step_of(knot), 4 * knot);
    EXPECT_NEAR(controls[4 * knot], knots[knot], 1e-14);
  }
}
TEST_P(SplineOf, KeepsConstants) {
  const ControlSpline spline(GetParam(), 5, 23, 2);
  double knots[10], controls[46];
  for (int i = 0; i < 10; ++i) knots[i] = i % 2 == 0 ? 3 : -1;
  spline.expand(knots, controls);
  for (int i = 0; i < 46; ++i) EXPECT_NEAR(controls[i], i % 2 == 0 ? 3 : -1, 1e-14);
}
std::string interpolation_of(const ::testing::TestParamInfo<Interpolation>& info) {
  return info.param == Interpolation::kHold ? "hold" : info.param == Interpolation::kLinear ? "linear" : "cubic";
}
INSTANTIATE_TEST_SUITE_P(Interpolations, SplineOf,
                         ::testing::Values(Interpolation::kHold, Interpolation::kLinear, Interpolation::kCubic),
                         interpolation_of);

TEST(ControlSpline, InterpolatesAsItsNameSays) {
  const double knots[4] = {0, 1, 2, 3};
  double held[13], straight[13], smooth[13];
  ControlSpline(Interpolation::kHold, 4, 13, 1).expand(knots, held);
  ControlSpline(Interpolation::kLinear, 4, 13, 1).expand(knots, straight);
  ControlSpline(Interpolation::kCubic, 4, 13, 1).expand(knots, smooth);
  EXPECT_EQ(held[7], 1);
  EXPECT_NEAR(straight[7], 1.75, 1e-14);
  EXPECT_NEAR(smooth[7], 1.75, 1e-14);  // a cubic keeps straight lines between inner knots
}

// Amplitudes of a cosine and sine at frequency f, from the covariance M M'.
double power_at(const std::vector<double>& matrix, int n, int frequency) {
  double power = 0;
  for (int column = 0; column < n; ++column) {
    std::complex<double> sum = 0;
    for (int k = 0; k < n; ++k)
      sum += matrix[static_cast<size_t>(k) * n + column] * std::polar(1.0, -2 * std::numbers::pi * frequency * k / n);
    power += std::norm(sum);
  }
  return power;
}

TEST(NoiseColouring, HasUnitVarianceAndAPowerLawSpectrum) {
  constexpr int n = 31;
  const auto matrix = noise_colouring(n, 2);
  for (int k = 0; k < n; ++k) {
    double variance = 0;
    for (int j = 0; j < n; ++j)
      variance += matrix[static_cast<size_t>(k) * n + j] * matrix[static_cast<size_t>(k) * n + j];
    EXPECT_NEAR(variance, 1, 1e-12);
  }
  for (const int f : {2, 3, 5, 11}) EXPECT_NEAR(power_at(matrix, n, 1) / power_at(matrix, n, f), f * f, 1e-9 * f * f);
}

TEST(Elites, AreTheCheapestFiniteSamplesInOrder) {
  std::vector<int> elites;
  find_elites(std::vector<double>{3, kInfinity, 1, 3, 0.5}, 3, elites);
  EXPECT_EQ(elites, (std::vector<int>{4, 2, 0}));
  find_elites(std::vector<double>{kInfinity, 2, kInfinity}, 3, elites);
  EXPECT_EQ(elites, (std::vector<int>{1}));
}

TEST(EliteSearch, FitsMeanAndDeviationToTheElites) {
  EliteSearch search({.elites = 2, .momentum = 0, .min_std = 0});
  search.reset({1, 1, true, 4, 0.5});
  const std::vector<double> bound = {kInfinity}, parameters = {0, 1, 2, 9}, costs = {5, 1, 2, 7};
  search.begin(bound, bound);
  search.update(parameters, costs);
  EXPECT_DOUBLE_EQ(search.mean()[0], 1.5);
  const double white = 1;
  double drawn = 0;
  search.draw(1, &white, &drawn);
  EXPECT_DOUBLE_EQ(drawn, 2);  // deviation 0.5
}

TEST(EliteSearch, ShrinksItsPopulationDownToTwiceTheElites) {
  EliteSearch search({.elites = 10, .decay = 2});
  EXPECT_EQ(search.population(0, 100), 100);
  EXPECT_EQ(search.population(1, 100), 50);
  EXPECT_EQ(search.population(9, 100), 20);
}

// On an ellipsoid whose axes differ by 1000 the strategy must learn the covariance to converge at all quickly.
TEST(CmaSearch, ConvergesOnAnIllConditionedQuadratic) {
  constexpr int n = 8, samples = 20;
  CmaSearch search(false);
  search.reset({n, 1, true, samples, 0.5});
  const std::vector<double> bound(n, kInfinity);
  search.begin(bound, bound);
  std::vector<double> white(n), parameters(n * samples), costs(samples);
  const auto cost_of = [](const double* x) {
    double sum = 0;
    for (int i = 0; i < n; ++i) sum += std::pow(1e6, i / (n - 1.0)) * (x[i] - 0.5) * (x[i] - 0.5);
    return sum;
  };
  for (std::uint32_t generation = 0; generation < 500; ++generation) {
    for (int s = 0; s < samples; ++s) {
      for (std::uint32_t i = 0; i < n; ++i)
        white[i] = kernels::normal<double>({1, generation}, static_cast<std::uint32_t>(s), i, 0);
      search.draw(s, white.data(), &parameters[static_cast<size_t>(s) * n]);
      costs[s] = cost_of(&parameters[static_cast<size_t>(s) * n]);
    }
    search.update(parameters, costs);
  }
  EXPECT_LT(cost_of(search.mean().data()), 1e-10);
  // The covariance is that of the inverse Hessian: its condition is near 1e6.
  const Eigen::VectorXd eigenvalues = search.covariance().selfadjointView<Eigen::Lower>().eigenvalues();
  const double condition = eigenvalues.maxCoeff() / eigenvalues.minCoeff();
  EXPECT_GT(condition, 1e5);
  EXPECT_LT(condition, 1e7);
}

// Smoothing by a quadratic leaves a quadratic mean as it is, and takes the mean's zigzag.
TEST(MppiSmoothing, TakesAZigzagAndLeavesTheEnds) {
  FunctionDynamics dynamics(1, 1, 0.1, [](const double*, const double* u, double* next) { next[0] = u[0]; });
  const FunctionCost cost(
      1, 1, [](const double*, const double*) { return 0.0; }, [](const double*) { return 0.0; });
  const std::vector<double> low = {-9}, high = {9}, x0 = {0};
  const auto sampler = make("mppi", {"samples=2", "noise_std=1e-6", "smoothing=3", "keep_best=false"});
  sampler->reset({&dynamics, &cost, low, high, 21}, 0);
  std::vector<double> controls(21), zigzag(21);
  for (int k = 0; k < 21; ++k) {
    controls[k] = 0.01 * k * k - 0.1 * k;
    zigzag[k] = k % 2 == 0 ? 1 : -1;
  }
  auto smooth = controls;
  sampler->plan(x0, View<double, 2>(smooth.data(), 21, 1));
  for (int k = 0; k < 21; ++k) EXPECT_NEAR(smooth[k], controls[k], 1e-3);
  sampler->plan(x0, View<double, 2>(zigzag.data(), 21, 1));
  EXPECT_NEAR(zigzag[0], 1, 1e-3);
  EXPECT_LT(std::abs(zigzag[10]), 0.4);
}

// A cost that cares for the second control alone: its deviation shrinks, that of the first stays.
TEST(MppiAdaptation, ShrinksTheNoiseWhereTheCostCares) {
  FunctionDynamics dynamics(1, 2, 0.1, [](const double*, const double* u, double* next) { next[0] = u[0]; });
  const FunctionCost cost(
      1, 2, [](const double*, const double* u) { return 100 * u[1] * u[1]; }, [](const double*) { return 0.0; });
  const std::vector<double> low = {-1, -1}, high = {1, 1}, x0 = {0};
  const auto spread_of = [&](const std::string& adaptation) {
    const auto sampler = make("mppi", {"samples=512", "iterations=10", "keep_best=false", adaptation});
    sampler->reset({&dynamics, &cost, low, high, 1}, 0);
    std::vector<double> controls = {0, 0};
    sampler->plan(x0, View<double, 2>(controls.data(), 1, 2));
    return controls;
  };
  const auto adapted = spread_of("adaptation=0.5"), fixed = spread_of("adaptation=0");
  EXPECT_LT(std::abs(adapted[1]), 0.01);
  EXPECT_NE(adapted, fixed);
}

}  // namespace
}  // namespace lockstep::planners::testing
