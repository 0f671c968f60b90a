// Ensembles in lanes: members equal fits to the rows they drew, groups spread as rows do, and what goes wrong is said.
#include "models/bootstrap.h"
#include "engine/error.h"
#include "kernels/team.h"
#include "tests/models/regression_data.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::models {
namespace {

using tests::RandomRegression;

Bootstrap fit(const RandomRegression& data, const StlsqConfig& config, const BootstrapConfig& bootstrap) {
  return bootstrap_stlsq(data.rows().theta, data.rows().y, config, bootstrap);
}

struct Mode {
  const char* name;
  StlsqConfig config;
  BootstrapConfig bootstrap;
};
void PrintTo(const Mode& mode, std::ostream* out) { *out << mode.name; }

class BootstrapMember : public testing::TestWithParam<Mode> {};

TEST_P(BootstrapMember, EqualsTheFitToTheRowsItDrew) {
  const RandomRegression data(700, 9, 3, 0.8);
  const Bootstrap ensemble = fit(data, GetParam().config, GetParam().bootstrap);
  for (const int member : {0, 3, 24, 36}) {
    RegressionRows rows = data.rows();
    const std::vector<double> weights = rows_drawn(rows.rows(), member, GetParam().bootstrap);
    rows.weights = weights;
    const StlsqResult explicitly = stlsq(sums_of_rows(rows), GetParam().config);
    EXPECT_LT((ensemble.member(member) - explicitly.coefficients).cwiseAbs().maxCoeff(), 1e-10) << "member " << member;
    EXPECT_GT(explicitly.terms(), 0);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Modes, BootstrapMember,
    testing::Values(Mode{"rows", {.threshold = 0.3}, {.members = 37, .resample = "rows"}},
                    Mode{"groups", {.threshold = 0.3}, {.members = 37, .groups = 300}},
                    Mode{"ridge", {.threshold = 0.3, .alpha = 5, .unbias = false}, {.members = 37, .resample = "rows"}},
                    Mode{"contribution",
                         {.threshold = 0.1, .threshold_on = "contribution", .alpha = 1e-3},
                         {.members = 37, .groups = 50}},
                    Mode{"one_pass", {.threshold = 0.3, .max_iterations = 1}, {.members = 37, .groups = 50}},
                    Mode{"many_groups", {.threshold = 0.3}, {.members = 37, .groups = 600}}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST(BootstrapMembers, DoNotDependOnTheirNeighbours) {
  const RandomRegression data(400, 8, 2, 2.0);
  for (const char* resample : {"rows", "groups"}) {
    const Bootstrap few = fit(data, {.threshold = 0.25}, {.members = 5, .resample = resample});
    const Bootstrap many = fit(data, {.threshold = 0.25}, {.members = 61, .resample = resample});
    for (int member = 0; member < 5; ++member) EXPECT_EQ(few.member(member), many.member(member)) << resample;
  }
}

TEST(BootstrapDraws, AreMultinomial) {
  double absent = 0, square = 0;
  for (int member = 0; member < 20; ++member) {
    double sum = 0;
    for (const double count : rows_drawn(5000, member, {.resample = "rows"})) {
      sum += count;
      absent += count == 0 ? 1.0 / (20 * 5000) : 0;
      square += count * count / (20 * 5000);
    }
    EXPECT_EQ(sum, 5000);
  }
  EXPECT_NEAR(absent, std::exp(-1.0), 0.005);  // 100 000 rows: a standard error of 0.0015
  EXPECT_NEAR(square - 1, 1.0, 0.02);          // variance of a count: 1 - 1/rows
}

// What the cheap resampling is worth: as wide as drawing rows, and the same terms.
TEST(BootstrapGroups, SpreadAsRowsDo) {
  const RandomRegression data(4000, 10, 3, 4.0);
  const StlsqConfig config{.threshold = 0.25};
  const Bootstrap rows = fit(data, config, {.members = 1000, .resample = "rows"});
  const Bootstrap groups = fit(data, config, {.members = 1000, .groups = 200});
  double ratio = 0;
  int terms = 0;
  for (int f = 0; f < 10; ++f) {
    for (int k = 0; k < 3; ++k) {
      EXPECT_NEAR(rows.inclusion(f, k), groups.inclusion(f, k), 0.02);
      if (data.truth(f, k) == 0) continue;
      ratio += groups.spread(f, k) / rows.spread(f, k);
      ++terms;
    }
  }
  EXPECT_NEAR(ratio / terms, 1.0, 0.1);
}

TEST(BootstrapIntervals, CoverTheTruthAsOftenAsTheySay) {
  int covered = 0, all = 0;
  for (unsigned seed = 1; seed <= 40; ++seed) {
    const RandomRegression data(300, 6, 2, 1.0, seed);
    const Bootstrap ensemble = fit(data, {.threshold = 0}, {.members = 200, .groups = 150});
    for (int f = 0; f < 6; ++f) {
      for (int k = 0; k < 2; ++k) {
        const auto [low, high] = ensemble.interval(f, k, 0.9);
        covered += low <= data.truth(f, k) && data.truth(f, k) <= high ? 1 : 0;
        ++all;
      }
    }
  }
  EXPECT_NEAR(static_cast<double>(covered) / all, 0.9, 0.05);  // 480 intervals: a standard error of 0.014
}

TEST(LibraryBagging, LeavesOutTheFeaturesThatAMemberWasDenied) {
  const RandomRegression data(500, 7, 2, 0.1);
  const Bootstrap ensemble = fit(data, {.threshold = 0}, {.members = 300, .resample = "none", .drop_features = 2});
  for (int member = 0; member < 300; ++member) {
    EXPECT_EQ((ensemble.member(member).array() != 0).rowwise().any().count(), 5) << member;
  }
  EXPECT_NEAR(ensemble.inclusion.mean(), 5.0 / 7, 1e-12);
  EXPECT_LT(ensemble.inclusion.maxCoeff(), 1);
}

TEST(BootstrapFallback, SolvesDependentColumnsByRowsAndSaysSo) {
  RandomRegression data(300, 6, 2, 0.5);
  data.theta.col(5) = 2 * data.theta.col(1);
  const BootstrapConfig bootstrap{.members = 10};
  const Bootstrap ensemble = fit(data, {.threshold = 0.1, .alpha = 0}, bootstrap);
  EXPECT_EQ(ensemble.fallbacks, 10);
  ASSERT_EQ(ensemble.notes.size(), 1u);
  EXPECT_THAT(ensemble.notes[0], testing::HasSubstr("10 of 10 members were too ill-conditioned"));
  // The solution of least length, in columns of unit length, shares the weight of both: c1 = 2 c5.
  for (int member = 0; member < 10; ++member) {
    EXPECT_NEAR(ensemble.coefficient(member, 1, 1), 2 * ensemble.coefficient(member, 5, 1), 1e-8);
  }
}

TEST(BootstrapErrors, NameRowAndColumnOfWhatIsNotFinite) {
  RandomRegression data(300, 6, 2, 0.5);
  data.theta(217, 4) = std::numeric_limits<double>::quiet_NaN();
  try {
    (void)fit(data, {}, {});
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("theta of row 217, column 4 is nan"));
  }
}

TEST(BootstrapErrors, RefuseFewerRowsThanFeaturesWithoutRidge) {
  const RandomRegression data(5, 6, 1, 0.5);
  EXPECT_THROW((void)fit(data, {.alpha = 0}, {}), Error);
  EXPECT_NO_THROW((void)fit(data, {.alpha = 1e-3, .unbias = false}, {.members = 3}));
}

// The kernel on one problem, whose threads visit their items in any order: what a GPU does.
TEST(StlsqKernel, DoesNotDependOnTheOrderOfTheTeamsItems) {
  using namespace kernels;
  const RandomRegression data(200, 7, 2, 1.0);
  const NormalEquations sums = sums_of_rows(data.rows());
  const SumsLayout layout{7, 2};
  std::vector<double> packed;
  for (int f = 0; f < 7; ++f) {
    for (int g = f; g < 7; ++g) packed.push_back(sums.theta_theta(f, g));
    for (int k = 0; k < 2; ++k) packed.push_back(sums.theta_y(f, k));
  }
  for (int k = 0; k < 2; ++k) packed.push_back(sums.y_y(k, k));
  ASSERT_EQ(static_cast<int>(packed.size()), layout.size());
  const auto solve = [&](const auto& team) {
    StlsqProblem<double> problem;
    problem.layout = layout;
    problem.sums = packed.data();
    problem.stride = 1;
    problem.threshold = 0.4;
    problem.alpha = 0.05;
    std::vector<double> memory(static_cast<size_t>(StlsqScratch<double>::size(layout))), c(14);
    solve_stlsq(problem, static_cast<const double*>(nullptr), c.data(), memory.data(), team);
    return c;
  };
  const std::vector<double> alone = solve(Solo{});
  for (const std::uint32_t seed : {0u, 1u, 2u, 3u}) EXPECT_EQ(solve(Shuffled{.seed = seed}), alone);
  const StlsqResult expected = stlsq(sums, {.threshold = 0.4});
  for (int f = 0; f < 7; ++f) EXPECT_NEAR(alone[static_cast<size_t>(f)], expected.coefficients(f, 0), 1e-12);
}

}  // namespace
}  // namespace lockstep::models
