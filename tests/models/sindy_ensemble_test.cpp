// Ensembles: members equal fits to the rows they drew, draws are fair and repeatable, noise shows as spread.
#include "models/sindy_ensemble.h"
#include "engine/error.h"
#include "models/sindy_regression.h"
#include "models/sparse_path.h"

#include <array>
#include <cmath>
#include <random>

#include <gtest/gtest.h>

namespace lockstep::models {
namespace {

// x0' = x1, x1' = -2 x0 - 0.3 x1 + 1.5 u by explicit Euler of 0.01 s, with process noise on the velocity.
TransitionData oscillator(int rows, double noise, std::uint64_t seed = 1) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  TransitionData data(2, 1);
  std::vector<double> x{1, 0};
  for (int k = 0; k < rows; ++k) {
    const std::vector<double> u{std::sin(0.05 * k) + 0.5 * normal(random)};
    const double acceleration = -2 * x[0] - 0.3 * x[1] + 1.5 * u[0] + noise * normal(random);
    const std::vector<double> next{x[0] + 0.01 * x[1], x[1] + 0.01 * acceleration};
    data.append({.x = x, .u = u, .next = next});
    x = next;
  }
  return data;
}

SindySystem system_of_two() { return {.state_size = 2, .control_size = 1, .timestep = 0.01}; }
SindyConfig euler() { return {.library = "polynomial", .degree = 2, .integrator = "euler"}; }

TEST(SindyEnsemble, AMemberEqualsTheFitToTheRowsItDrew) {
  const TransitionData data = oscillator(1500, 0.2);
  const EnsembleConfig config{.members = 3, .groups = 150};
  const SindyEnsemble ensemble = fit_ensemble(data, system_of_two(), euler(), config);
  const BootstrapDraws draws = draw_bootstraps(data.size(), config);
  for (size_t member = 0; member < 3; ++member) {
    TransitionData drawn(2, 1);
    for (int row = 0; row < data.size(); ++row) {
      const auto group = static_cast<size_t>(draws.group_of[static_cast<size_t>(row)]);
      for (int copy = 0; copy < static_cast<int>(draws.counts[member][group]); ++copy) drawn.append(data.row(row));
    }
    const Sindy& model = ensemble.members[member];
    const SindyRegression regression(drawn, model.system(), model.library(), model.integrator());
    const NormalEquations sums = regression.normal_equations();
    const StlsqResult explicitly = make_optimiser(euler())->fit({.sums = sums});
    ASSERT_EQ(regression.targets(), std::vector<int>{1});
    EXPECT_LT((model.coefficients().col(1) - explicitly.coefficients.col(0)).cwiseAbs().maxCoeff(), 1e-10);
  }
}

// Of one trajectory the folds are runs of its rows; of many, whole trajectories.
TEST(RowParts, OfTransitionsAddUpToAllRows) {
  const TransitionData one = oscillator(1003, 0.2);
  TransitionData many(2, 1);
  for (int row = 0; row < one.size(); ++row) {
    Transition transition = one.row(row);
    transition.trajectory = row / 100;
    many.append(transition);
  }
  SindySystem system = system_of_two();
  system.check();
  system.velocity_of = {-1, -1};
  const FeatureLibrary library = make_library(system, euler());
  for (const TransitionData* data : std::array<const TransitionData*, 2>{&one, &many}) {
    const SindyRegression regression(*data, system, library, kernels::SparseIntegrator::kEuler);
    const NormalEquations all = regression.normal_equations();
    const optimisers::RowParts parts = regression.parts({.folds = 4, .groups = 30, .seed = 2});
    EXPECT_EQ(parts.folds.size(), 4u);
    EXPECT_EQ(parts.groups.size(), 30u);
    for (const auto* sums : {&parts.folds, &parts.groups}) {
      const NormalEquations total = sum_of(*sums);
      EXPECT_EQ(total.weight, 1003);
      // Sums of 1003 products in another order.
      EXPECT_LT((total.theta_theta - all.theta_theta).norm(), 1003 * 2.3e-16 * all.theta_theta.norm());
    }
  }
}

TEST(SindyEnsemble, DrawsAsManyGroupsAsThereAre) {
  const BootstrapDraws draws = draw_bootstraps(5000, {.members = 50, .groups = 200});
  double absent = 0;
  for (const std::vector<double>& counts : draws.counts) {
    double sum = 0;
    for (const double c : counts) {
      sum += c;
      absent += c == 0 ? 1.0 / (50 * 200) : 0;
    }
    EXPECT_EQ(sum, 200);
  }
  EXPECT_NEAR(absent, std::exp(-1.0), 0.02);  // (1 - 1/200)^200; 10 000 draws leave an error of 0.005
}

// The bootstrap's spread of a coefficient is near its spread over independent data sets.
TEST(SindyEnsemble, SpreadsAsMuchAsFitsToIndependentData) {
  const SindyEnsemble ensemble =
      fit_ensemble(oscillator(2000, 0.2), system_of_two(), euler(), {.members = 100, .groups = 200});
  const std::vector<std::string> names = ensemble.combined.library().names();
  const auto control = std::find(names.begin(), names.end(), "u0") - names.begin();
  double sum = 0, square = 0;
  for (std::uint64_t seed = 100; seed < 140; ++seed) {
    const Sindy model = fit_sindy(oscillator(2000, 0.2, seed), system_of_two(), euler()).model;
    sum += model.coefficients()(control, 1) / 40;
    square += std::pow(model.coefficients()(control, 1), 2) / 40;
  }
  const double truth = std::sqrt(square - sum * sum);
  // Standard deviations of 40 and 100 samples: known to 11 % and 7 %.
  EXPECT_NEAR(ensemble.spread(control, 1) / truth, 1, 0.4);
  EXPECT_EQ(ensemble.inclusion(control, 1), 1);
  EXPECT_NEAR(ensemble.combined.coefficients()(control, 1), 1.5, 5 * truth);
}

TEST(SindyEnsemble, IsTheSameWheneverItsSeedIs) {
  const TransitionData data = oscillator(800, 0.2);
  const auto fit = [&](std::uint64_t seed) {
    return fit_ensemble(data, system_of_two(), euler(), {.members = 5, .seed = seed}).combined.coefficients();
  };
  EXPECT_EQ(fit(3), fit(3));
  EXPECT_NE(fit(3), fit(4));
}

TEST(SindyEnsemble, RefusesNoMembers) {
  EXPECT_THROW((void)fit_ensemble(oscillator(100, 0), system_of_two(), euler(), {.members = 0}), Error);
}

}  // namespace
}  // namespace lockstep::models
