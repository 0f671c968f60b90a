// Tests constraints beside control bounds, gaps between states, and second-order terms of the iLQR family.
#include "engine/error.h"
#include "engine/second_order.h"
#include "models/quadratic_program.h"
#include "planners/ilqr.h"
#include "tests/planners/function_problem.h"
#include "tests/planners/reference_problems.h"

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

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Constraints of plain functions, one along the way and some at the end.
class FunctionConstraints final : public Constraints {
 public:
  using Stage = std::function<double(const double* x, const double* u)>;
  using Terminal = std::function<double(const double* x)>;
  // stage: an inequality, or nothing; terminal: equalities.
  FunctionConstraints(int nx, int nu, Stage stage, std::vector<Terminal> terminal)
      : nx_(nx), nu_(nu), stage_(std::move(stage)), terminal_(std::move(terminal)) {}
  [[nodiscard]] int state_size() const override { return nx_; }
  [[nodiscard]] int control_size() const override { return nu_; }
  [[nodiscard]] int stage_count() const override { return stage_ ? 1 : 0; }
  [[nodiscard]] int stage_equalities() const override { return 0; }
  [[nodiscard]] int terminal_count() const override { return static_cast<int>(terminal_.size()); }
  [[nodiscard]] int terminal_equalities() const override { return terminal_count(); }
  void stage(View<const double, 2> x, View<const double, 2> u, View<double, 2> values) const override {
    for (int row = 0; row < x.extent(0); ++row) values(row, 0) = stage_(&x(row, 0), &u(row, 0));
  }
  void terminal(View<const double, 2> x, View<double, 2> values) const override {
    for (int row = 0; row < x.extent(0); ++row)
      for (size_t i = 0; i < terminal_.size(); ++i) values(row, i) = terminal_[i](&x(row, 0));
  }

 private:
  int nx_, nu_;
  Stage stage_;
  std::vector<Terminal> terminal_;
};

ilqr::Config careful(int iterations) {
  ilqr::Config config;
  config.starts = 1;
  config.cold_iterations = iterations;
  config.cost_tolerance = 1e-12;
  config.gradient_tolerance = 1e-10;
  config.mu = 0;
  return config;
}

FunctionCost energy(double dt) {
  return {2, 1, [dt](const double*, const double* u) { return 0.5 * dt * u[0] * u[0]; },
          [](const double*) { return 0.0; }};
}

TEST(IlqrWithConstraints, ReachesTheClosedFormOfMinimumEnergy) {
  const ReferenceProblem p = reference_problem("min_energy_double_integrator");
  const FunctionCost cost = energy(0.05);
  const FunctionConstraints at_rest(2, 1, nullptr,
                                    {[](const double* x) { return x[0] - 1; }, [](const double* x) { return x[1]; }});
  Problem problem = p.problem();
  problem.cost = &cost;
  problem.constraints = &at_rest;
  ilqr::Ilqr planner(careful(100));
  planner.reset(problem, 0);
  auto controls = p.warm_start("zero");
  const PlanStats stats = planner.plan(p.x0, View<double, 2>(controls.data(), p.horizon, 1));
  EXPECT_EQ(stats.status, "converged");
  EXPECT_TRUE(stats.converged);
  EXPECT_LE(stats.violation, 1e-6);
  EXPECT_NEAR(stats.cost, p.reference_cost(), p.data["reference"]["rel_tol"].get<double>() * p.reference_cost());
  // The optimal control falls linearly and is odd about the middle.
  for (int k = 0; k < p.horizon; ++k) EXPECT_NEAR(controls[k], -controls[p.horizon - 1 - k], 1e-4);
}

// Bryson and Denham: from x = 0 at speed 1 back to 0 at speed -1 in a second, never beyond `wall`.
TEST(IlqrWithConstraints, AgreesWithAQuadraticProgramWhereAStateBoundHolds) {
  constexpr int kSteps = 25;
  constexpr double dt = 1.0 / kSteps, wall = 0.12;
  LinearDynamics dynamics(2, 1, dt, {1, dt, 0, 1}, {0.5 * dt * dt, dt});
  const FunctionCost cost = energy(dt);
  const FunctionConstraints constraints(
      2, 1, [](const double* x, const double*) { return x[0] - wall; },
      {[](const double* x) { return x[0]; }, [](const double* x) { return x[1] + 1; }});
  const std::vector<double> low = {-kInfinity}, high = {kInfinity}, x0 = {0, 1};
  Problem problem{&dynamics, &cost, low, high, kSteps};
  problem.constraints = &constraints;
  ilqr::Config config = careful(300);
  config.constraint_tolerance = 1e-8;
  ilqr::Ilqr planner(config);
  planner.reset(problem, 0);
  std::vector<double> u(kSteps);
  const PlanStats stats = planner.plan(x0, View<double, 2>(u.data(), kSteps, 1));
  EXPECT_EQ(stats.status, "converged");

  // The same, condensed: x_k = k dt + sum over j < k of (k - j - 1/2) dt^2 u_j, v_N = 1 + dt sum u.
  models::QuadraticProgram program;
  program.H = dt * Eigen::MatrixXd::Identity(kSteps, kSteps);
  program.g = Eigen::VectorXd::Zero(kSteps);
  const auto position = [&](int k) {
    Eigen::RowVectorXd row = Eigen::RowVectorXd::Zero(kSteps);
    for (int j = 0; j < k; ++j) row[j] = (k - j - 0.5) * dt * dt;
    return row;
  };
  program.equal.resize(2, kSteps);
  program.equal << position(kSteps), Eigen::RowVectorXd::Constant(kSteps, dt);
  program.equal_value = Eigen::Vector2d(-1, -2);
  program.least.resize(kSteps - 1, kSteps);
  program.least_value.resize(kSteps - 1);
  for (int k = 1; k < kSteps; ++k) {
    program.least.row(k - 1) = -position(k);
    program.least_value[k - 1] = k * dt - wall;
  }
  const auto exact = models::solve(program);
  ASSERT_TRUE(exact.has_value());
  EXPECT_GT(exact->least_multiplier.maxCoeff(), 0.1);  // the wall is felt
  EXPECT_NEAR(stats.cost, 0.5 * dt * exact->x.squaredNorm(), 1e-6 * stats.cost);
  for (int k = 0; k < kSteps; ++k) EXPECT_NEAR(u[k], exact->x[k], 1e-3);
}

TEST(IlqrWithConstraints, SaysWhenTheyCannotBeMetAndStillPlans) {
  LinearDynamics dynamics(1, 1, 0.1, {1}, {0.1});
  const FunctionCost cost(
      1, 1, [](const double*, const double* u) { return u[0] * u[0]; }, [](const double*) { return 0.0; });
  const FunctionConstraints impossible(
      1, 1, nullptr, {[](const double* x) { return x[0] - 1; }, [](const double* x) { return x[0]; }});
  const std::vector<double> low = {-1}, high = {1}, x0 = {0};
  Problem problem{&dynamics, &cost, low, high, 3};
  problem.constraints = &impossible;
  ilqr::Ilqr planner(careful(500));
  planner.reset(problem, 0);
  std::vector<double> u(3);
  const PlanStats stats = planner.plan(x0, View<double, 2>(u.data(), 3, 1));
  EXPECT_EQ(stats.status, "constraints not met");
  EXPECT_FALSE(stats.converged);
  EXPECT_GT(stats.violation, 0.3);
  for (const double value : u) EXPECT_LE(std::abs(value), 1);
}

TEST(PlannersWithoutConstraints, RefuseThem) {
  const ReferenceProblem p = reference_problem("van_der_pol");
  const FunctionConstraints some(2, 1, nullptr, {[](const double* x) { return x[0]; }});
  Problem problem = p.problem();
  problem.constraints = &some;
  for (const char* name : {"mppi", "cem", "icem", "cma-es", "predictive-sampling"}) {
    try {
      find(name).make({})->reset(problem, 0);
      ADD_FAILURE() << name << " took constraints";
    } catch (const Error& error) {
      EXPECT_EQ(error.problem(), "the problem has constraints beside its control bounds");
    }
  }
}

TEST(Fddp, SolvesALinearQuadraticProblemInOneStepFromStatesThatDoNotFit) {
  const ReferenceProblem p = reference_problem("lqr_unstable_chain");
  ilqr::Config config = careful(1);
  config.shooting = "multiple";
  ilqr::Ilqr planner(config, "fddp");
  planner.reset(p.problem(), 0);
  std::vector<double> states(static_cast<size_t>((p.horizon + 1) * p.nx));
  for (size_t i = 0; i < states.size(); ++i) states[i] = std::sin(0.3 * static_cast<double>(i));
  planner.guess_states(View<const double, 2>(states.data(), p.horizon + 1, p.nx));
  auto controls = p.warm_start("sin0.5");
  const PlanStats stats = planner.plan(p.x0, View<double, 2>(controls.data(), p.horizon, p.nu));
  EXPECT_NEAR(stats.cost, p.reference_cost(), 1e-9 * p.reference_cost());
  EXPECT_NEAR(p.cost_of(controls), stats.cost, 1e-9 * stats.cost);
}

// Guessing the way of the states is what multiple shooting is for: a straight line from hanging to upright leads the
// pendulum up, where u = 0 leaves single shooting at its stationary point.
TEST(Fddp, SwingsThePendulumUpFromAStraightLineOfStates) {
  const ReferenceProblem p = reference_problem("pendulum_swingup");
  ilqr::Config config = careful(500);
  config.shooting = "multiple";
  config.mu = 1;
  ilqr::Ilqr planner(config, "fddp");
  planner.reset(p.problem(), 0);
  std::vector<double> states(static_cast<size_t>((p.horizon + 1) * 2));
  for (int k = 0; k <= p.horizon; ++k) states[2 * k] = 3.14159265358979 * k / p.horizon;
  planner.guess_states(View<const double, 2>(states.data(), p.horizon + 1, 2));
  auto controls = p.warm_start("zero");
  const PlanStats stats = planner.plan(p.x0, View<double, 2>(controls.data(), p.horizon, 1));
  EXPECT_NEAR(p.cost_of(controls), stats.cost, 1e-9 * stats.cost);  // no gap is left
  EXPECT_LT(stats.cost, 8);
}

TEST(Fddp, KeepsTheWarmStartWhereItsIterationsAreTooFewToDoBetter) {
  const ReferenceProblem p = reference_problem("pendulum_swingup");
  std::vector<double> good;
  for (const auto& row : p.data["solution_controls"]) good.push_back(row[0]);
  ilqr::Config config = careful(1);
  config.shooting = "multiple";
  ilqr::Ilqr planner(config, "fddp");
  planner.reset(p.problem(), 0);
  auto controls = good;
  const PlanStats stats = planner.plan(p.x0, View<double, 2>(controls.data(), p.horizon, 1));
  EXPECT_LE(stats.cost, p.cost_of(good) * (1 + 1e-12));
}

class SecondDerivatives : public ::testing::TestWithParam<std::string> {};

TEST_P(SecondDerivatives, AreThoseOfTheJacobians) {
  const ReferenceProblem p = reference_problem(GetParam());
  const int n = p.nx + p.nu, size = p.nx * n * n;
  for (const auto& probe : p.data["probes"]) {
    const auto x = probe["x"].get<std::vector<double>>(), u = probe["u"].get<std::vector<double>>();
    const View<const double, 2> xv(x.data(), 1, p.nx), uv(u.data(), 1, p.nu);
    std::vector<double> exact(static_cast<size_t>(size)), differences(exact);
    second_derivatives(*p.dynamics, xv, uv, View<double, 4>(exact.data(), 1, p.nx, n, n));
    difference_jacobians(*p.dynamics, xv, uv, View<double, 4>(differences.data(), 1, p.nx, n, n));
    // Truncation h^2 f''''/6 with h = 1e-3.
    for (int i = 0; i < size; ++i) EXPECT_NEAR(exact[i], differences[i], 1e-5 * (1 + std::abs(exact[i]))) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Problems, SecondDerivatives, ::testing::ValuesIn(reference_names()),
                         [](const auto& test) { return test.param; });

// Newton's convergence: near the solution DDP needs fewer iterations than iLQR (10 against 24), where the dynamics
// curve.
TEST(Ddp, ConvergesInFewerIterationsNearASolution) {
  const ReferenceProblem p = reference_problem("quadrotor2d_flip_translate");
  const auto iterations = [&](bool second_order) {
    ilqr::Config config = careful(300);
    config.second_order = second_order;
    config.regularised = second_order ? "control" : "state";
    ilqr::Ilqr planner(config);
    planner.reset(p.problem(), 0);
    std::vector<double> controls;
    for (const auto& row : p.data["solution_controls"])
      for (const double value : row) controls.push_back(0.98 * value);
    const PlanStats stats = planner.plan(p.x0, View<double, 2>(controls.data(), p.horizon, p.nu));
    EXPECT_LE(stats.cost, p.reference_cost() * (1 + 1e-4));
    return stats.iterations;
  };
  const int second = iterations(true), first = iterations(false);
  EXPECT_LT(second, first);
}

}  // namespace
}  // namespace lockstep::planners::testing
