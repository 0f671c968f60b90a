// Optimisers against PySINDy's recorded results, exhaustive search, optimality conditions and closed forms.
#include "engine/error.h"
#include "kernels/sparse_batch.h"
#include "models/bootstrap.h"
#include "models/dealt_sums.h"
#include "models/optimisers/constrained_fit.h"
#include "models/optimisers/greedy_sequence.h"
#include "models/optimisers/optimiser.h"
#include "models/optimisers/trapping.h"
#include "models/quadratic_program.h"
#include "models/sparse_path.h"
#include "tests/models/regression_data.h"

#include <cmath>
#include <fstream>

#include <Eigen/LU>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace lockstep::models::optimisers {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using Json = nlohmann::json;
using models::tests::RandomRegression;
using models::tests::RowMajor;

std::unique_ptr<Optimiser> make(const std::string& name, const std::string& toml = "") {
  return find(name).make(Settings::from_toml(toml, "test"));
}

// [features][targets] from PySINDy's [targets][features].
MatrixXd matrix_of(const Json& rows) {
  MatrixXd m(static_cast<Eigen::Index>(rows[0].size()), static_cast<Eigen::Index>(rows.size()));
  for (Eigen::Index k = 0; k < m.cols(); ++k) {
    for (Eigen::Index f = 0; f < m.rows(); ++f) m(f, k) = rows[static_cast<size_t>(k)][static_cast<size_t>(f)];
  }
  return m;
}

// ---- Every optimiser ----

class EveryOptimiser : public testing::TestWithParam<std::string> {};

TEST_P(EveryOptimiser, FindsTheTermsOfANoisyRegression) {
  const RandomRegression data(2000, 8, 3, 0.3);
  const NormalEquations sums = sums_of_rows(data.rows());
  const StlsqResult fit = make(GetParam())->fit({.sums = sums});
  // Three targets of 2000 rows: BIC may take a term of none by chance, at 2 % each, which this seed does not show.
  EXPECT_EQ((fit.coefficients.array() != 0).cast<int>().matrix(), (data.truth.array() != 0).cast<int>().matrix());
  EXPECT_LT((fit.coefficients - data.truth).cwiseAbs().maxCoeff(), 0.05);
  EXPECT_EQ(fit.residual.size(), 3u);
  EXPECT_NEAR(fit.residual[0], 0.09, 0.01);
}

TEST_P(EveryOptimiser, LeavesAFeatureThatIsZeroAndATargetThatIsZeroAlone) {
  RandomRegression data(300, 6, 2, 0.1);
  data.theta.col(5).setZero();
  data.y.col(1).setZero();
  const NormalEquations sums = sums_of_rows(data.rows());
  const StlsqResult fit = make(GetParam())->fit({.sums = sums});
  EXPECT_TRUE(fit.coefficients.row(5).isZero(0));
  EXPECT_TRUE(fit.coefficients.col(1).isZero(0));
  EXPECT_TRUE(fit.coefficients.allFinite());
}

TEST_P(EveryOptimiser, RejectsASettingThatItDoesNotHave) {
  EXPECT_THROW((void)make(GetParam(), "no_such_key = 1"), Error);
}

INSTANTIATE_TEST_SUITE_P(Names, EveryOptimiser,
                         testing::Values("stlsq", "sr3", "constrained_sr3", "ssr", "frols", "stepwise", "best_subset",
                                         "sparse_bayes"),
                         [](const auto& tested) { return tested.param; });

TEST(Optimisers, AreFoundByNameAndNearMissesAreNamed) {
  EXPECT_EQ(entries().size(), 11u);
  for (const Entry* entry : entries()) EXPECT_EQ(entry->make({})->name(), entry->name);
  try {
    (void)find("frol");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("frols"));
  }
}

TEST(Optimisers, RefuseConstraintsThatTheyWouldIgnore) {
  const RandomRegression data(50, 3, 1, 0.1);
  const NormalEquations sums = sums_of_rows(data.rows());
  Problem problem{.sums = sums};
  problem.constraints.equal_matrix = MatrixXd::Ones(1, 3);
  problem.constraints.equal_value = VectorXd::Zero(1);
  EXPECT_THROW((void)make("stlsq")->fit(problem), Error);
}

// ---- Optimisers of optimisers ----

// Ten runs of rows as folds, fifty groups of rows dealt at random.
RowParts parts_of(const RandomRegression& data) {
  RowParts parts{.folds = fold_sums(data.rows(), 10)};
  DealtSums dealt(static_cast<int>(data.theta.cols()), static_cast<int>(data.y.cols()), 50, 3);
  std::vector<double> columns(static_cast<size_t>(data.theta.cols() + data.y.cols()) * kernels::kFeatureBlockRows);
  for (Eigen::Index row = 0; row < data.theta.rows(); ++row) {
    for (Eigen::Index c = 0; c < data.theta.cols() + data.y.cols(); ++c) {
      columns[static_cast<size_t>(c) * kernels::kFeatureBlockRows] =
          c < data.theta.cols() ? data.theta(row, c) : data.y(row, c - data.theta.cols());
    }
    dealt.add_columns(columns.data(), 1);
  }
  parts.groups = dealt.normal_equations();
  return parts;
}

TEST(DealtSums, AddUpToTheSumsOfAllRows) {
  const RandomRegression data(777, 5, 2, 0.3);
  const NormalEquations all = sums_of_rows(data.rows()), parts = sum_of(parts_of(data).groups);
  EXPECT_EQ(parts.weight, 777);
  // Sums of 777 products in another order.
  const double rounding = 777 * std::numeric_limits<double>::epsilon();
  EXPECT_LT((parts.theta_theta - all.theta_theta).norm(), rounding * all.theta_theta.norm());
  EXPECT_LT((parts.theta_y - all.theta_y).norm(), rounding * all.theta_theta.norm());
}

class EnsembleOf : public testing::TestWithParam<std::string> {};

TEST_P(EnsembleOf, SpreadsAsLeastSquaresVariesWithTheNoise) {
  const RandomRegression data(2000, 8, 3, 0.3);
  const NormalEquations sums = sums_of_rows(data.rows());
  const RowParts parts = parts_of(data);
  const std::string method = GetParam() == "stlsq" ? "method = 'stlsq'\nwith.threshold = 0.2\nwith.alpha = 0.0\n"
                                                   : "method = '" + GetParam() + "'\n";
  const StlsqResult fit = make("ensemble", method + "members = 200")->fit({.sums = sums, .parts = &parts});
  EXPECT_EQ((fit.coefficients.array() != 0).cast<int>().matrix(), (data.truth.array() != 0).cast<int>().matrix());
  // Closed form: noise^2 (Theta_S' Theta_S)^-1 on the true support; 50 groups know a deviation to 10 %, twice over.
  for (Eigen::Index k = 0; k < 3; ++k) {
    std::vector<int> support;
    for (int f = 0; f < 8; ++f) {
      if (data.truth(f, k) != 0) support.push_back(f);
    }
    const MatrixXd covariance = 0.09 * MatrixXd(sums.theta_theta(support, support)).inverse();
    for (size_t i = 0; i < support.size(); ++i) {
      const double deviation = std::sqrt(covariance(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(i)));
      EXPECT_NEAR(fit.deviation(support[i], k), deviation, 0.35 * deviation);
      EXPECT_NEAR(fit.coefficients(support[i], k), data.truth(support[i], k), 5 * deviation);
      EXPECT_EQ(fit.inclusion(support[i], k), 1);
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Methods, EnsembleOf, testing::Values("stlsq", "ssr", "frols", "stepwise", "best_subset"),
                         [](const auto& tested) { return tested.param; });

TEST(Ensemble, DropsFeaturesAsOftenAsItIsTold) {
  const RandomRegression data(500, 8, 1, 0.1);
  const NormalEquations sums = sums_of_rows(data.rows());
  const StlsqResult fit = make("ensemble",
                               "resample = 'none'\ndrop_features = 2\nmembers = 2000\ninclusion = 0.0\n"
                               "with.threshold = 0.2\ncombine = 'refit'")
                              ->fit({.sums = sums});
  // A term that is there whenever its feature is: binomial with share 6/8, 2000 draws, three deviations and more.
  for (int f = 0; f < 8; ++f) {
    if (data.truth(f, 0) != 0) {
      EXPECT_NEAR(fit.inclusion(f, 0), 0.75, 0.04);
    }
  }
}

TEST(CrossValidated, ChoosesAThresholdBetweenTheNoiseAndTheTerms) {
  const RandomRegression data(400, 8, 3, 1.0);
  const NormalEquations sums = sums_of_rows(data.rows());
  const RowParts parts = parts_of(data);
  for (const char* method : {"stlsq", "sr3"}) {
    const StlsqResult fit =
        make("cross_validated", std::string("method = '") + method + "'")->fit({.sums = sums, .parts = &parts});
    EXPECT_EQ((fit.coefficients.array() != 0).cast<int>().matrix(), (data.truth.array() != 0).cast<int>().matrix())
        << method;
    EXPECT_THAT(fit.notes.at(0), testing::HasSubstr("threshold = "));
  }
}

// With the rule `best` it is what `cross_validate` finds, which knows the same folds.
TEST(CrossValidated, AgreesWithTheGridInLanes) {
  const RandomRegression data(300, 6, 2, 1.5);
  const NormalEquations sums = sums_of_rows(data.rows());
  const RowParts parts = parts_of(data);
  const std::vector<PathPoint> points = grid(geometric_steps(1e-3, 1, 25), {0.05});
  const CrossValidation lanes = cross_validate(parts.folds, points);
  const SparsePath path = stlsq_path(sums, points);
  const StlsqResult fit = make("cross_validated", "rule = 'best'")->fit({.sums = sums, .parts = &parts});
  for (Eigen::Index k = 0; k < 2; ++k) {
    const VectorXd expected = path.coefficients[static_cast<size_t>(lanes.best[static_cast<size_t>(k)])].col(k);
    EXPECT_LT((fit.coefficients.col(k) - expected).norm(), 1e-9);
  }
}

TEST(OptimisersOfOptimisers, SayWhatTheyLack) {
  const RandomRegression data(50, 3, 1, 0.1);
  const NormalEquations sums = sums_of_rows(data.rows());
  EXPECT_THROW((void)make("ensemble")->fit({.sums = sums}), Error);
  EXPECT_THROW((void)make("cross_validated")->fit({.sums = sums}), Error);
  EXPECT_THROW((void)make("ensemble", "with.no_such_key = 1"), Error);
  EXPECT_THROW((void)make("ensemble", "method = 'no_such_method'"), Error);
  EXPECT_THROW((void)make("cross_validated", "setting = 'no_such_key'"), Error);
  EXPECT_THROW((void)make("cross_validated", "method = 'ensemble'\nsetting = 'inclusion'")->parts_needed(), Error);
}

// ---- PySINDy's recorded results ----

struct Recorded {
  Json file, system;
  NormalEquations sums;
};

Json read(const std::string& name) {
  std::ifstream file(std::string(LOCKSTEP_TEST_DATA) + "/sindy/" + name);
  return Json::parse(file);
}

struct Rows {
  RowMajor theta, y;
  Rows(const std::string& system, int degree) {
    const Json data = read("pysindy_" + system + ".json");
    const RowMajor x = matrix_of(data["x"]).transpose();
    y = matrix_of(data["noisy"]).transpose();
    const int nx = static_cast<int>(x.cols()), rows = static_cast<int>(x.rows());
    std::vector<int> inputs;
    for (int i = 0; i < nx; ++i) inputs.push_back(i);
    const FeatureLibrary library(nx, 0, polynomial_features(inputs, {.degree = degree}));
    theta.resize(rows, library.size());
    library.evaluate(View<const double, 2>(x.data(), rows, nx), View<const double, 2>(x.data(), rows, 0),
                     View<double, 2>(theta.data(), rows, library.size()));
  }
  [[nodiscard]] RegressionRows view() const {
    return {View<const double, 2>(theta.data(), static_cast<int>(theta.rows()), static_cast<int>(theta.cols())),
            View<const double, 2>(y.data(), static_cast<int>(y.rows()), static_cast<int>(y.cols())),
            {}};
  }
};

class PysindyCase : public testing::TestWithParam<int> {
 protected:
  Json recorded_ = read("pysindy_optimisers.json")["cases"][static_cast<size_t>(GetParam())];
  Rows rows_{recorded_["system"], recorded_["degree"]};
  NormalEquations sums_ = sums_of_rows(rows_.view());
};

using PysindySr3 = PysindyCase;
TEST_P(PysindySr3, HasTheSameCoefficients) {
  ASSERT_EQ(recorded_["optimiser"], "sr3");
  Problem problem{.sums = sums_};
  if (recorded_.contains("weights")) problem.threshold_weights = matrix_of(recorded_["weights"]);
  const std::string settings = "regulariser = '" + recorded_["regulariser"].get<std::string>() +
                               "'\nthreshold = " + recorded_["threshold"].dump() + "\nnu = " + recorded_["nu"].dump() +
                               "\nunbias = false\ntolerance = 1e-10\nmax_iterations = 200000\n";
  const StlsqResult fit = make("sr3", settings)->fit(problem);
  const MatrixXd expected = matrix_of(recorded_["coefficients"]);
  EXPECT_TRUE(fit.converged);
  EXPECT_LT((fit.coefficients - expected).cwiseAbs().maxCoeff(), 1e-6 * expected.cwiseAbs().maxCoeff());
  EXPECT_EQ((fit.coefficients.array() != 0).cast<int>().matrix(), (expected.array() != 0).cast<int>().matrix());
}
INSTANTIATE_TEST_SUITE_P(Cases, PysindySr3, testing::Values(0, 1, 2, 3, 4, 8, 9, 10, 11, 12));

using PysindySsr = PysindyCase;
TEST_P(PysindySsr, DropsTheSameTermsInTheSameOrder) {
  ASSERT_EQ(recorded_["optimiser"], "ssr");
  for (int target = 0; target < sums_.targets(); ++target) {
    const auto sequence =
        backward_sequence({.sums = sums_}, target, {.by_loss = false, .in_units = false, .alpha = 1e-12});
    // The first entry of PySINDy's history is overwritten by its last.
    for (size_t step = 1; step < recorded_["history"].size(); ++step) {
      const VectorXd c = matrix_of(recorded_["history"][step]).col(target);
      std::vector<int> expected;
      for (int f = 0; f < c.size(); ++f) {
        if (c(f) != 0) expected.push_back(f);
      }
      EXPECT_EQ(sequence[step].terms, expected) << "target " << target << ", step " << step;
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Cases, PysindySsr, testing::Values(5, 13));

using PysindyFrols = PysindyCase;
TEST_P(PysindyFrols, AddsTheSameTermsInTheSameOrder) {
  ASSERT_EQ(recorded_["optimiser"], "frols");
  for (int target = 0; target < sums_.targets(); ++target) {
    const auto sequence = forward_sequence({.sums = sums_}, target, 1000);
    for (size_t step = 0; step < std::min(sequence.size(), recorded_["history"].size()); ++step) {
      const VectorXd c = matrix_of(recorded_["history"][step]).col(target);
      std::vector<int> expected;
      for (int f = 0; f < c.size(); ++f) {
        if (c(f) != 0) expected.push_back(f);
      }
      EXPECT_EQ(sequence[step].terms, expected) << "target " << target << ", step " << step;
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Cases, PysindyFrols, testing::Values(6, 14));

using PysindyEnsemble = PysindyCase;
TEST_P(PysindyEnsemble, HasTheSameMediansSpreadsAndInclusion) {
  ASSERT_EQ(recorded_["optimiser"], "ensemble");
  const StlsqConfig config{.threshold = recorded_["threshold"], .alpha = recorded_["alpha"]};
  const Bootstrap ours =
      bootstrap_stlsq(rows_.view().theta, rows_.view().y, config, {.members = 2000, .resample = "rows"});
  const MatrixXd median = matrix_of(recorded_["median"]), spread = matrix_of(recorded_["spread"]),
                 inclusion = matrix_of(recorded_["inclusion"]);
  // 400 members of theirs: standard errors of inclusion up to 0.025, of a median 0.06 spreads, of a spread 4 %.
  EXPECT_LT((ours.inclusion - inclusion).cwiseAbs().maxCoeff(), 0.1);
  for (int k = 0; k < median.cols(); ++k) {
    for (int f = 0; f < median.rows(); ++f) {
      if (inclusion(f, k) < 0.9) continue;
      EXPECT_NEAR(ours.median(f, k), median(f, k), 0.25 * spread(f, k)) << f << ' ' << k;
      EXPECT_NEAR(ours.spread(f, k), spread(f, k), 0.2 * spread(f, k)) << f << ' ' << k;
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Cases, PysindyEnsemble, testing::Values(7, 15));

// ---- SR3, in closed form on orthonormal columns: l1 gives u = w - t, w = (b - t / nu) / g ----

TEST(Sr3, HasTheClosedFormOfL1OnOrthogonalColumns) {
  NormalEquations sums{
      .theta_theta = 4 * MatrixXd::Identity(3, 3), .theta_y = MatrixXd(3, 1), .y_y = MatrixXd(1, 1), .weight = 4};
  sums.theta_y << 8, -2, 0.1;
  sums.y_y << 30;
  const StlsqResult fit =
      make("sr3", "regulariser = 'l1'\nthreshold = 0.05\nnu = 0.5\nunbias = false\ntolerance = 1e-13")
          ->fit({.sums = sums});
  EXPECT_NEAR(fit.coefficients(0, 0), (8 - 0.1) / 4 - 0.05, 1e-12);
  EXPECT_NEAR(fit.coefficients(1, 0), -((2 - 0.1) / 4 - 0.05), 1e-12);
  EXPECT_EQ(fit.coefficients(2, 0), 0);
}

// ---- Quadratic programs and constraints ----

TEST(QuadraticProgram, MeetsTheOptimalityConditions) {
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal;
  const auto fill = [&](auto m) { return decltype(m)(m.unaryExpr([&](double) { return normal(random); })); };
  int tight = 0;
  for (int trial = 0; trial < 50; ++trial) {
    const MatrixXd root = fill(MatrixXd(8, 8));
    const QuadraticProgram program{root * root.transpose() + 0.1 * MatrixXd::Identity(8, 8),
                                   fill(VectorXd(8)),
                                   fill(MatrixXd(2, 8)),
                                   fill(MatrixXd(9, 8)),
                                   fill(VectorXd(2)),
                                   fill(VectorXd(9)) - VectorXd::Ones(9)};
    const auto s = solve(program);
    if (!s) continue;  // nine half spaces and two planes need not meet
    EXPECT_LT((program.equal * s->x - program.equal_value).cwiseAbs().maxCoeff(), 1e-8);
    const VectorXd slack = program.least * s->x - program.least_value;
    EXPECT_GT(slack.minCoeff(), -1e-8);
    EXPECT_GE(s->least_multiplier.minCoeff(), -1e-10);
    EXPECT_LT(slack.cwiseProduct(s->least_multiplier).cwiseAbs().maxCoeff(), 1e-7);
    const VectorXd gradient = program.H * s->x - program.g - program.equal.transpose() * s->equal_multiplier -
                              program.least.transpose() * s->least_multiplier;
    EXPECT_LT(gradient.cwiseAbs().maxCoeff(), 1e-7);
    tight += static_cast<int>((s->least_multiplier.array() > 0).count());
  }
  EXPECT_GT(tight, 50);
}

TEST(QuadraticProgram, HasNoSolutionWhereTheConstraintsContradict) {
  QuadraticProgram program{MatrixXd::Identity(2, 2), VectorXd::Zero(2), MatrixXd(0, 2),
                           MatrixXd(2, 2),           VectorXd(0),       VectorXd(2)};
  program.least << 1, 1, -1, -1;
  program.least_value << 1, 1;
  EXPECT_FALSE(solve(program));
}

TEST(ConstrainedSr3, EqualsLeastSquaresOnTheConstraintsPlane) {
  const RandomRegression data(400, 5, 2, 0.5);
  const NormalEquations sums = sums_of_rows(data.rows());
  Problem problem{.sums = sums};
  problem.constraints.equal_matrix = MatrixXd::Zero(1, 10);
  problem.constraints.equal_matrix(0, 0) = 1;  // c(0, 0) + c(1, 1) = 2, across targets
  problem.constraints.equal_matrix(0, 6) = 1;
  problem.constraints.equal_value = VectorXd::Constant(1, 2);
  const StlsqResult fit = make("constrained_sr3", "threshold = 0")->fit(problem);
  EXPECT_NEAR(fit.coefficients(0, 0) + fit.coefficients(1, 1), 2, 1e-10);
  // Off the constraint the gradient of |y - Theta c|^2 / |y|^2 is zero; on it, the same multiplier for both.
  MatrixXd gradient = sums.theta_theta * fit.coefficients - sums.theta_y;
  for (int k = 0; k < 2; ++k) gradient.col(k) /= sums.y_y(k, k);
  EXPECT_NEAR(gradient(0, 0), gradient(1, 1), 1e-10);
  gradient(0, 0) = gradient(1, 1) = 0;
  EXPECT_LT(gradient.cwiseAbs().maxCoeff(), 1e-10);
}

TEST(ConstrainedSr3, KeepsInequalitiesOnTheTermsThatStay) {
  const RandomRegression data(400, 5, 1, 0.5);
  const NormalEquations sums = sums_of_rows(data.rows());
  Problem problem{.sums = sums};
  problem.constraints.least_matrix = MatrixXd::Zero(1, 5);
  problem.constraints.least_matrix(0, 0) = -1;  // c0 <= 0.8, of a true 1
  problem.constraints.least_value = VectorXd::Constant(1, -0.8);
  const StlsqResult fit = make("constrained_sr3", "threshold = 0.3")->fit(problem);
  EXPECT_NEAR(fit.coefficients(0, 0), 0.8, 1e-9);
  EXPECT_EQ((fit.coefficients.array() != 0).count(), 3);
}

TEST(ConstrainedSr3, SaysThatNothingMeetsTheConstraints) {
  const RandomRegression data(50, 3, 1, 0.5);
  const NormalEquations sums = sums_of_rows(data.rows());
  Problem problem{.sums = sums};
  problem.constraints.equal_matrix = MatrixXd::Ones(2, 3);
  problem.constraints.equal_value = Eigen::Vector2d(1, 2);
  EXPECT_THROW((void)make("constrained_sr3")->fit(problem), Error);
}

// ---- Best subset ----

class BestSubset : public testing::TestWithParam<unsigned> {};

TEST_P(BestSubset, IsTheBestOfAllSubsets) {
  const int p = 10;
  RandomRegression data(40, p, 1, 3.0, GetParam());  // few rows and much noise: the best set is not the true one
  data.theta.col(7) = data.theta.col(2) + 0.3 * data.theta.col(4) + 0.2 * data.theta.col(7);
  const NormalEquations sums = sums_of_rows(data.rows());
  double least = std::numeric_limits<double>::infinity();
  std::vector<int> expected;
  for (int subset = 0; subset < 1 << p; ++subset) {
    std::vector<int> terms;
    for (int f = 0; f < p; ++f) {
      if ((subset >> f) % 2 == 1) terms.push_back(f);
    }
    const double share = fit_support(sums, 0, terms, 1).residual * 40 / sums.y_y(0, 0);
    const double value = information("bic", 40, share, static_cast<int>(terms.size()));
    if (value < least) {
      least = value;
      expected = terms;
    }
  }
  const StlsqResult fit = make("best_subset")->fit({.sums = sums});
  std::vector<int> found;
  for (int f = 0; f < p; ++f) {
    if (fit.coefficients(f, 0) != 0) found.push_back(f);
  }
  EXPECT_EQ(found, expected);
  EXPECT_TRUE(fit.converged);
  EXPECT_THAT(fit.notes.back(), testing::HasSubstr("proved best of all subsets"));
}
INSTANTIATE_TEST_SUITE_P(Seeds, BestSubset, testing::Range(1u, 9u));

TEST(BestSubsetSearch, SaysThatItsNodesWereNotEnough) {
  const RandomRegression data(60, 14, 1, 5.0);
  const NormalEquations sums = sums_of_rows(data.rows());
  const StlsqResult fit = make("best_subset", "max_nodes = 3.0")->fit({.sums = sums});
  EXPECT_FALSE(fit.converged);
  EXPECT_THAT(fit.notes.back(), testing::HasSubstr("not proved best"));
}

TEST(BestSubsetSearch, ProvesThirtyFeaturesInFewNodes) {
  const RandomRegression data(1000, 30, 1, 0.5);
  const NormalEquations sums = sums_of_rows(data.rows());
  const StlsqResult fit = make("best_subset", "max_nodes = 20000.0")->fit({.sums = sums});
  EXPECT_TRUE(fit.converged);  // of 2^30 subsets
  EXPECT_EQ((fit.coefficients.array() != 0).cast<int>().matrix(), (data.truth.array() != 0).cast<int>().matrix());
}

// ---- Sparse Bayesian regression: on orthogonal columns with noise of precision beta, a term with s = beta g, q = beta
// b stays where q^2 > s, and then has the precision s^2 / (q^2 - s) (Tipping, Faul 2003, eq. 20) ----

TEST(SparseBayes, HasTheClosedFormOfOrthogonalColumns) {
  const double rows = 100;
  NormalEquations sums{
      .theta_theta = rows * MatrixXd::Identity(3, 3), .theta_y = MatrixXd(3, 1), .y_y = MatrixXd(1, 1), .weight = rows};
  sums.theta_y << 100, 25, 4;  // coefficients 1, 0.25, 0.04 of noise 0.5: standard error 0.05
  sums.y_y << 100 + 6.25 + 0.16 + 25;
  const StlsqResult fit =
      make("sparse_bayes", "significance = 0\ntolerance = 1e-12\nmax_iterations = 100000")->fit({.sums = sums});
  EXPECT_EQ(fit.coefficients(2, 0), 0);  // less than a standard error away from 0
  const double residual = fit.residual[0] * rows;
  // The noise's precision at the fixed point: (rows - sum of gamma) / residual, gamma = 1 - a / (a + s).
  double beta = rows / residual;
  for (int pass = 0; pass < 50; ++pass) {
    double determined = 0;
    for (int f = 0; f < 2; ++f) {
      const double s = beta * rows, q = beta * sums.theta_y(f, 0), a = s * s / (q * q - s);
      determined += 1 - a / (a + s);
    }
    beta = (rows - determined) / residual;
  }
  for (int f = 0; f < 2; ++f) {
    const double s = beta * rows, q = beta * sums.theta_y(f, 0), a = s * s / (q * q - s);
    EXPECT_NEAR(fit.coefficients(f, 0), q / (a + s), 1e-8);
    EXPECT_NEAR(fit.deviation(f, 0), 1 / std::sqrt(a + s), 1e-8);
  }
}

// ---- Trapping ----

FeatureLibrary quadratic_library(int nx) {
  std::vector<int> inputs;
  for (int i = 0; i < nx; ++i) inputs.push_back(i);
  return {nx, 0, polynomial_features(inputs, {.degree = 2})};
}

MatrixXd lorenz(const FeatureLibrary& library) {
  MatrixXd c = MatrixXd::Zero(library.size(), 3);
  c(monomial_index(library, 0), 0) = -10;
  c(monomial_index(library, 1), 0) = 10;
  c(monomial_index(library, 0), 1) = 28;
  c(monomial_index(library, 1), 1) = -1;
  c(monomial_index(library, 0, 2), 1) = -1;
  c(monomial_index(library, 2), 2) = -8.0 / 3;
  c(monomial_index(library, 0, 1), 2) = 1;
  return c;
}

// About (0, 0, rho + sigma) the symmetric part of Lorenz's equations is diag(-sigma, -1, -beta), the drift -beta 38.
TEST(TrappingRegion, OfLorenzIsItsKnownBall) {
  const FeatureLibrary library = quadratic_library(3);
  const TrappingRegion region = trapping_region(library, lorenz(library), Eigen::Vector3d(0, 0, 38));
  EXPECT_NEAR(region.largest_eigenvalue, -1, 1e-12);
  EXPECT_NEAR(region.radius, 8.0 / 3 * 38, 1e-9);
  EXPECT_EQ(region.energy_error, 0);
  EXPECT_NEAR(find_trapping_region(library, lorenz(library), VectorXd::Zero(3)).largest_eigenvalue, -1, 1e-4);
}

TEST(TrappingRegion, OfAnEquationThatGainsEnergyIsSaidToBeNone) {
  const FeatureLibrary library = quadratic_library(2);
  MatrixXd c = MatrixXd::Zero(library.size(), 2);
  c(monomial_index(library, 0, 0), 0) = 0.5;
  EXPECT_EQ(trapping_region(library, c, VectorXd::Zero(2)).energy_error, 0.5);
}

// Derivatives of a system of quadratic features on points spread over a box, with noise.
struct Field {
  RowMajor theta, y;
  Field(const FeatureLibrary& library, const MatrixXd& c, double size, double noise) {
    std::mt19937_64 random(2);
    std::normal_distribution<double> normal;
    const int rows = 1500, nx = library.num_states();
    RowMajor x(rows, nx);
    for (int row = 0; row < rows; ++row) {
      for (int i = 0; i < nx; ++i) x(row, i) = size * normal(random);
    }
    theta.resize(rows, library.size());
    library.evaluate(View<const double, 2>(x.data(), rows, nx), View<const double, 2>(x.data(), rows, 0),
                     View<double, 2>(theta.data(), rows, library.size()));
    y = theta * c;
    for (int row = 0; row < rows; ++row) {
      for (int i = 0; i < nx; ++i) y(row, i) += noise * normal(random);
    }
  }
  [[nodiscard]] NormalEquations sums() const {
    return sums_of_rows(
        {View<const double, 2>(theta.data(), static_cast<int>(theta.rows()), static_cast<int>(theta.cols())),
         View<const double, 2>(y.data(), static_cast<int>(y.rows()), static_cast<int>(y.cols())),
         {}});
  }
};

TEST(TrappingSr3, FindsLorenzWithItsEnergyKept) {
  const FeatureLibrary library = quadratic_library(3);
  const MatrixXd truth = lorenz(library);
  const NormalEquations sums = Field(library, truth, 10, 5).sums();
  const StlsqResult fit = make("trapping_sr3", "threshold = 0.4")->fit({.sums = sums, .library = &library});
  EXPECT_EQ((fit.coefficients.array() != 0).cast<int>().matrix(), (truth.array() != 0).cast<int>().matrix());
  EXPECT_LT((fit.coefficients - truth).cwiseAbs().maxCoeff(), 0.1);
  EXPECT_TRUE(fit.converged);
  EXPECT_LT((energy_constraints(library).equal_matrix * fit.coefficients.reshaped()).cwiseAbs().maxCoeff(), 1e-9);
  EXPECT_THAT(fit.notes.back(), testing::HasSubstr("trapped"));
}

// x' = -0.02 x + y, y' = -x + 0.01 y: noise and growth; the stable model nearest to it has no growth.
TEST(TrappingSr3, MakesAGrowingLinearModelStable) {
  const FeatureLibrary library(2, 0, polynomial_features({0, 1}, {.degree = 1, .constant = false}));
  MatrixXd growing(2, 2);
  growing << -0.02, -1, 1, 0.05;
  const NormalEquations sums = Field(library, growing, 1, 0.01).sums();
  const StlsqResult fit =
      make("trapping_sr3", "threshold = 0\nmargin = 0.005")->fit({.sums = sums, .library = &library});
  const TrappingRegion region = trapping_region(library, fit.coefficients, VectorXd::Zero(2));
  EXPECT_TRUE(fit.converged);
  EXPECT_LE(region.largest_eigenvalue, -0.005);
  EXPECT_NEAR(fit.coefficients(1, 0), 1, 0.05);
  EXPECT_NEAR(fit.coefficients(0, 1), -1, 0.05);
}

TEST(TrappingSr3, AsksForTheLibraryAndRefusesCubicTerms) {
  const FeatureLibrary library(2, 0, polynomial_features({0, 1}, {.degree = 3}));
  const NormalEquations sums = Field(library, MatrixXd::Ones(library.size(), 2), 1, 0).sums();
  EXPECT_THROW((void)make("trapping_sr3")->fit({.sums = sums}), Error);
  EXPECT_THROW((void)make("trapping_sr3")->fit({.sums = sums, .library = &library}), Error);
}

}  // namespace
}  // namespace lockstep::models::optimisers
