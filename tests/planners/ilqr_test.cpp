// Tests iLQR's promises: gains, bounds, reproducibility, divergence, budgets, settings.
#include "planners/ilqr.h"
#include "engine/error.h"
#include "tests/planners/function_problem.h"
#include "tests/planners/reference_problems.h"

#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <Eigen/Dense>
#include <gtest/gtest.h>

namespace lockstep::planners::testing {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

ilqr::Config unregularised() {
  ilqr::Config config;
  config.starts = 1;
  config.mu = 0;
  return config;
}

class IlqrOnLinearPlant : public ::testing::TestWithParam<std::string> {};

TEST_P(IlqrOnLinearPlant, FindsTheRiccatiGainsInOneIteration) {
  const ReferenceProblem p = reference_problem(GetParam());
  const auto& plant = dynamic_cast<const LinearDynamics&>(*p.dynamics);
  const auto& cost = dynamic_cast<const DiagonalCost&>(*p.cost);
  const Matrix A = Eigen::Map<const Matrix>(plant.a().data(), p.nx, p.nx);
  const Matrix B = Eigen::Map<const Matrix>(plant.b().data(), p.nx, p.nu);
  const auto diagonal = [](const std::vector<double>& v) {
    return Matrix(Eigen::Map<const Eigen::VectorXd>(v.data(), static_cast<int>(v.size())).asDiagonal());
  };
  ilqr::Config config = unregularised();
  config.cold_iterations = 1;
  ilqr::Ilqr planner(config);
  planner.reset(p.problem(), 0);
  auto controls = p.warm_start("sin0.5");
  const PlanStats stats = planner.plan(p.x0, View<double, 2>(controls.data(), p.horizon, p.nu));
  // Discrete Riccati recursion (Anderson, Moore, "Optimal control", 1990, sec. 2.4).
  Matrix P = diagonal(cost.q_final);
  for (int k = p.horizon - 1; k >= 0; --k) {
    const Matrix K = -(diagonal(cost.r) + B.transpose() * P * B).ldlt().solve(B.transpose() * P * A);
    for (int i = 0; i < p.nu; ++i)
      for (int j = 0; j < p.nx; ++j) EXPECT_NEAR(planner.gains()(k, i, j), K(i, j), 1e-9 * (1 + std::abs(K(i, j))));
    P = diagonal(cost.q) + A.transpose() * P * (A + B * K);
  }
  const Eigen::Map<const Eigen::VectorXd> x0(p.x0.data(), p.nx);
  EXPECT_NEAR(stats.cost, 0.5 * x0.dot(P * x0), 1e-9 * stats.cost);
}

TEST_P(IlqrOnLinearPlant, GainsAreTheDerivativeOfThePlanByTheState) {
  const ReferenceProblem p = reference_problem(GetParam());
  ilqr::Ilqr planner(unregularised());
  const auto first_control = [&](const std::vector<double>& x0) {
    planner.reset(p.problem(), 0);
    auto controls = p.warm_start("zero");
    planner.plan(x0, View<double, 2>(controls.data(), p.horizon, p.nu));
    return std::vector<double>(controls.begin(), controls.begin() + p.nu);
  };
  for (int j = 0; j < p.nx; ++j) {
    auto plus = p.x0, minus = p.x0;
    plus[j] += 0.01;
    minus[j] -= 0.01;
    const auto up = first_control(plus), down = first_control(minus);
    for (int i = 0; i < p.nu; ++i) EXPECT_NEAR(planner.gains()(0, i, j), (up[i] - down[i]) / 0.02, 1e-6);
  }
}

INSTANTIATE_TEST_SUITE_P(Problems, IlqrOnLinearPlant, ::testing::Values("lqr_double_integrator", "lqr_unstable_chain"),
                         [](const auto& test) { return test.param; });

TEST(Ilqr, GivesNoFeedbackToAControlHeldAtItsBound) {
  const ReferenceProblem p = reference_problem("boxqp_double_integrator");
  ilqr::Ilqr planner(unregularised());
  planner.reset(p.problem(), 0);
  auto controls = p.warm_start("zero");
  planner.plan(p.x0, View<double, 2>(controls.data(), p.horizon, p.nu));
  ASSERT_EQ(controls[0], -1);
  EXPECT_EQ(planner.gains()(0, 0, 0), 0);
  EXPECT_LT(planner.gains()(55, 0, 0), -0.1);  // free near the end: pushes back
}

// Splits every call of the dynamics into calls of at most `rows` rows.
class InParts final : public Dynamics {
 public:
  InParts(Dynamics& whole, int rows) : whole_(whole), rows_(rows) {}
  [[nodiscard]] int state_size() const override { return whole_.state_size(); }
  [[nodiscard]] int control_size() const override { return whole_.control_size(); }
  [[nodiscard]] double timestep() const override { return whole_.timestep(); }
  [[nodiscard]] std::string name() const override { return whole_.name(); }
  [[nodiscard]] std::unique_ptr<Dynamics> clone() const override { return nullptr; }
  void step(View<const double, 2> x, View<const double, 2> u, View<double, 2> next) override {
    for (int row = 0; row < x.extent(0); row += rows_) {
      const int n = std::min(rows_, x.extent(0) - row);
      whole_.step(View<const double, 2>(&x(row, 0), n, x.extent(1)), View<const double, 2>(&u(row, 0), n, u.extent(1)),
                  View<double, 2>(&next(row, 0), n, x.extent(1)));
    }
  }
  void jacobian(View<const double, 2> x, View<const double, 2> u, View<double, 3> A, View<double, 3> B) override {
    for (int row = 0; row < x.extent(0); row += rows_) {
      const int n = std::min(rows_, x.extent(0) - row), nx = x.extent(1), nu = u.extent(1);
      whole_.jacobian(View<const double, 2>(&x(row, 0), n, nx), View<const double, 2>(&u(row, 0), n, nu),
                      View<double, 3>(&A(row, 0, 0), n, nx, nx), View<double, 3>(&B(row, 0, 0), n, nx, nu));
    }
  }

 private:
  Dynamics& whole_;
  int rows_;
};

TEST(Ilqr, PlansTheSameHoweverTheDynamicsSplitTheirRows) {
  const ReferenceProblem p = reference_problem("two_link_arm_reach");
  const auto plan_with = [&](Dynamics& dynamics) {
    ilqr::Ilqr planner({});
    Problem problem = p.problem();
    problem.dynamics = &dynamics;
    planner.reset(problem, 4);
    auto controls = p.warm_start("sin0.1");
    planner.plan(p.x0, View<double, 2>(controls.data(), p.horizon, p.nu));
    return controls;
  };
  const auto expected = plan_with(*p.dynamics);
  for (const int rows : {1, 3, 1000}) {
    InParts parts(*p.dynamics, rows);
    EXPECT_EQ(plan_with(parts), expected) << rows << " rows a call";
  }
}

TEST(Ilqr, ImprovesFromAStationaryPointByItsOtherStarts) {
  const ReferenceProblem p = reference_problem("pendulum_swingup");
  ilqr::Config config;
  config.starts = 1;
  ilqr::Ilqr stuck(config);
  config.starts = 4;
  ilqr::Ilqr freed(config);
  for (auto* planner : {&stuck, &freed}) planner->reset(p.problem(), 1);
  auto controls = p.warm_start("zero");
  EXPECT_NEAR(stuck.plan(p.x0, View<double, 2>(controls.data(), p.horizon, 1)).cost, 210, 1e-9);
  EXPECT_LT(freed.plan(p.x0, View<double, 2>(controls.data(), p.horizon, 1)).cost, 20);
}

TEST(Ilqr, ContinuesAfterLoadAsIfNotStopped) {
  const ReferenceProblem p = reference_problem("pendulum_swingup");
  const ilqr::Config config{.iterations = 3, .starts = 3, .cold_iterations = 5};
  ilqr::Ilqr planner(config), other(config);
  planner.reset(p.problem(), 1);
  other.reset(p.problem(), 2);
  auto u = p.warm_start("sin0.1");
  planner.plan(p.x0, View<double, 2>(u.data(), p.horizon, 1));
  auto v = u;
  other.load(planner.save());
  planner.plan(p.x0, View<double, 2>(u.data(), p.horizon, 1));
  other.plan(p.x0, View<double, 2>(v.data(), p.horizon, 1));
  EXPECT_EQ(u, v);
}

class IlqrOnBrokenModel : public ::testing::Test {
 protected:
  // Plans two steps from 0.25 with the given warm start.
  PlanStats plan(FunctionDynamics::Step step, std::vector<double>& controls, double x0 = 0.25) {
    FunctionDynamics dynamics(1, 1, 0.1, std::move(step));
    const FunctionCost cost(
        1, 1, [](const double* x, const double* u) { return x[0] * x[0] + u[0] * u[0]; },
        [](const double* x) { return x[0] * x[0]; });
    const std::vector<double> low = {-1}, high = {1};
    planner_.reset({&dynamics, &cost, low, high, static_cast<int>(controls.size())}, 1);
    const PlanStats stats =
        planner_.plan({&x0, 1}, View<double, 2>(controls.data(), static_cast<int>(controls.size()), 1));
    for (int k = 0; k <= static_cast<int>(controls.size()); ++k) EXPECT_TRUE(std::isfinite(planner_.predicted()(k, 0)));
    return stats;
  }
  ilqr::Ilqr planner_{ilqr::Config{}};
};

TEST_F(IlqrOnBrokenModel, KeepsTheWarmStartWhenEveryRolloutDiverges) {
  std::vector<double> controls = {0.5, 3, kNan};
  const PlanStats stats = plan([](const double*, const double*, double* next) { next[0] = kNan; }, controls);
  EXPECT_EQ(stats.status, "all candidates diverged: kept the warm start");
  EXPECT_FALSE(stats.converged);
  EXPECT_EQ(controls, (std::vector<double>{0.5, 1, 0}));  // in bounds, and finite
}

TEST_F(IlqrOnBrokenModel, KeepsTheWarmStartForAStateThatIsNotFinite) {
  std::vector<double> controls = {0.5, 0.5};
  const PlanStats stats =
      plan([](const double* x, const double* u, double* next) { next[0] = x[0] + u[0]; }, controls, kNan);
  EXPECT_EQ(stats.status, "all candidates diverged: kept the warm start");
  EXPECT_EQ(controls, (std::vector<double>{0.5, 0.5}));
}

TEST_F(IlqrOnBrokenModel, AvoidsTheRegionWhereItDiverges) {
  std::vector<double> controls = {0.9, 0.9, 0.9};
  const PlanStats stats = plan(
      [](const double* x, const double* u, double* next) { next[0] = u[0] < -0.1 ? kNan : x[0] + u[0]; }, controls);
  EXPECT_TRUE(std::isfinite(stats.cost));
  for (const double value : controls) EXPECT_GE(value, -0.1);
}

TEST_F(IlqrOnBrokenModel, KeepsTheWarmStartWhereDerivativesAreNotFinite) {
  std::vector<double> controls = {0.5, 0.5};
  // The square root's slope at 0 is infinite; differences step over the edge.
  const PlanStats stats =
      plan([](const double* x, const double* u, double* next) { next[0] = std::sqrt(x[0]) + 0 * u[0]; }, controls, 0.0);
  EXPECT_EQ(stats.status, "a derivative is not finite: stopped there");
  EXPECT_EQ(controls, (std::vector<double>{0.5, 0.5}));
  EXPECT_DOUBLE_EQ(stats.cost, 0.5);
}

TEST(Ilqr, StopsWhereAControlHasNeitherWeightNorEffect) {
  FunctionDynamics dynamics(1, 1, 0.1, [](const double* x, const double*, double* next) { next[0] = 0.5 * x[0]; });
  const FunctionCost cost(
      1, 1, [](const double* x, const double*) { return x[0] * x[0]; }, [](const double*) { return 0.0; });
  const std::vector<double> low = {-1}, high = {1}, x0 = {1};
  for (const char* name : {"lqr", "ilqr", "ddp", "fddp"}) {
    const auto planner = find(name).make({});
    planner->reset({&dynamics, &cost, low, high, 2}, 0);
    std::vector<double> controls = {0.25, 0.25};
    const PlanStats stats = planner->plan(x0, View<double, 2>(controls.data(), 2, 1));
    EXPECT_DOUBLE_EQ(stats.cost, 1.25) << name;
    for (const double u : controls) EXPECT_TRUE(std::abs(u) <= 1) << name;
  }
}

TEST(Ilqr, PlansTheWarmStartWhereItsTimeIsTooShortForAnIteration) {
  const ReferenceProblem p = reference_problem("van_der_pol");
  for (const char* name : {"ilqr", "ddp", "fddp"}) {
    Settings settings;
    settings.set_from_argument("time_budget_ms=1e-9");
    const auto planner = find(name).make(settings);
    planner->reset(p.problem(), 0);
    auto controls = p.warm_start("sin0.1");
    const PlanStats stats = planner->plan(p.x0, View<double, 2>(controls.data(), p.horizon, p.nu));
    EXPECT_EQ(stats.iterations, 0) << name;
    EXPECT_LE(stats.cost, p.cost_of(p.warm_start("sin0.1")) * (1 + 1e-12)) << name;
    EXPECT_NEAR(stats.cost, p.cost_of(controls), 1e-12 * stats.cost) << name;
  }
}

TEST(Ilqr, RefusesAHorizonOfNothing) {
  const ReferenceProblem p = reference_problem("van_der_pol");
  Problem problem = p.problem();
  problem.horizon = 0;
  for (const char* name : {"lqr", "ilqr", "ddp", "fddp"}) EXPECT_THROW(find(name).make({})->reset(problem, 0), Error);
}

TEST(Ilqr, StopsWhenItsTimeIsSpent) {
  const ReferenceProblem p = reference_problem("car_parking_tassa2014");
  ilqr::Config config;
  config.time_budget_ms = 50;  // an iteration takes about one, but other work may hold the processor
  config.cold_iterations = 100000;
  config.cost_tolerance = 0;
  config.gradient_tolerance = 0;
  ilqr::Ilqr planner(config);
  planner.reset(p.problem(), 0);
  auto controls = p.warm_start("zero");
  const PlanStats stats = planner.plan(p.x0, View<double, 2>(controls.data(), p.horizon, p.nu));
  EXPECT_EQ(stats.status, "out of time");
  EXPECT_GE(stats.seconds, 0.05);
  EXPECT_GE(stats.iterations, 1);
}

TEST(Ilqr, RefusesBoundsThatCross) {
  const ReferenceProblem p = reference_problem("van_der_pol");
  Problem problem = p.problem();
  const std::vector<double> high = {-2};
  problem.u_max = high;
  ilqr::Ilqr planner({});
  try {
    planner.reset(problem, 0);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.problem(), "bounds of control 0 are [-0.75, -2]");
    EXPECT_EQ(error.fix(), "the lower bound must not exceed the upper one");
  }
}

TEST(Planners, AreMadeByNameFromSettings) {
  Settings settings;
  settings.set_from_argument("iterations=7");
  EXPECT_EQ(find("ilqr").make(settings)->name(), "ilqr");
  EXPECT_EQ(find("mppi").make(settings)->name(), "mppi");
  EXPECT_EQ(find("ilqr").defaults().values().count("cold_iterations"), 1U);
}

TEST(Planners, RefuseAnUnknownNameWithTheNearestOne) {
  try {
    (void)find("ilq");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.problem(), "unknown planner 'ilq'");
    EXPECT_EQ(error.fix(), "did you mean 'ilqr'?");
  }
}

TEST(Planners, RefuseAnUnknownSetting) {
  Settings settings;
  settings.set_from_argument("itertions=7");
  EXPECT_THROW((void)find("ilqr").make(settings), Error);
}

TEST(Planners, RefuseRegularisationBoundsThatCross) {
  Settings settings;
  settings.set_from_argument("mu_min=10");
  settings.set_from_argument("mu_max=1");
  EXPECT_THROW((void)find("ilqr").make(settings), Error);
}

}  // namespace
}  // namespace lockstep::planners::testing
