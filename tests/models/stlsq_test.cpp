// Thresholded least squares: limits, scales, refinement, errors.
#include "models/stlsq.h"
#include "engine/error.h"

#include <random>

#include <Eigen/Dense>
#include <gtest/gtest.h>

namespace lockstep::models {
namespace {

struct Problem {
  Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> theta, y;
  [[nodiscard]] NormalEquations sums(std::span<const double> weights = {}) const {
    Gram gram(static_cast<int>(theta.cols()), static_cast<int>(y.cols()));
    gram.add(View<const double, 2>(theta.data(), static_cast<int>(theta.rows()), static_cast<int>(theta.cols())),
             View<const double, 2>(y.data(), static_cast<int>(y.rows()), static_cast<int>(y.cols())), weights);
    return gram.normal_equations();
  }
};

// Columns of very different size; y depends on columns 1 and 4, with noise.
Problem random_problem(int rows, double noise, std::uint64_t seed = 1) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  Problem p;
  p.theta.resize(rows, 6);
  p.y.resize(rows, 2);
  for (int row = 0; row < rows; ++row) {
    for (int c = 0; c < 6; ++c) p.theta(row, c) = normal(random) * std::pow(10.0, c - 2);
    p.y(row, 0) = 2 * p.theta(row, 1) - 0.01 * p.theta(row, 4) + noise * normal(random);
    p.y(row, 1) = 0.5 * p.theta(row, 1) + noise * normal(random);
  }
  return p;
}

TEST(Stlsq, WithoutThresholdIsRidge) {
  const Problem p = random_problem(300, 0.1);
  const StlsqResult result = stlsq(p.sums(), {.threshold = 0, .alpha = 3, .unbias = false});
  const Eigen::MatrixXd normal = p.theta.transpose() * p.theta + 3 * Eigen::MatrixXd::Identity(6, 6);
  const Eigen::MatrixXd expected = normal.ldlt().solve(p.theta.transpose() * p.y);
  EXPECT_LT((result.coefficients - expected).cwiseAbs().maxCoeff(), 1e-12);
}

TEST(Stlsq, WithoutThresholdAndRidgeIsLeastSquares) {
  const Problem p = random_problem(300, 0.1);
  const StlsqResult result = stlsq(p.sums(), {.threshold = 0, .alpha = 0});
  const Eigen::MatrixXd expected = p.theta.householderQr().solve(p.y);
  for (int c = 0; c < 6; ++c) {
    const double scale = std::pow(10.0, 2 - c);
    EXPECT_NEAR(result.coefficients(c, 0), expected(c, 0), 1e-12 * scale);
  }
}

TEST(Stlsq, OnContributionsDoesNotDependOnTheUnitsOfFeaturesAndTargets) {
  const Problem p = random_problem(300, 0.1);
  Problem other = p;
  other.theta.col(4) *= 1e4;
  other.y *= 1e-3;
  const StlsqConfig config{.threshold = 0.05, .threshold_on = "contribution", .alpha = 1e-6};
  const StlsqResult a = stlsq(p.sums(), config), b = stlsq(other.sums(), config);
  EXPECT_TRUE(((a.coefficients.array() != 0) == (b.coefficients.array() != 0)).all());
  EXPECT_NEAR(a.coefficients(4, 0), b.coefficients(4, 0) * 1e4 * 1e3, 1e-12);
  EXPECT_NE(a.coefficients(4, 0), 0);
}

TEST(Stlsq, OnCoefficientsDropsASmallCoefficientOfALargeFeature) {
  const StlsqResult result = stlsq(random_problem(300, 0.1).sums(), {.threshold = 0.05, .alpha = 1e-6});
  EXPECT_EQ(result.coefficients(4, 0), 0);  // 0.01, although it carries half of the target
}

TEST(Stlsq, WeightsEqualRepeatedRows) {
  const Problem p = random_problem(200, 0.1);
  std::mt19937_64 random(5);
  std::vector<double> counts(200, 0);
  Problem resampled;
  resampled.theta.resize(200, 6);
  resampled.y.resize(200, 2);
  for (int row = 0; row < 200; ++row) {
    const auto drawn = static_cast<int>(random() % 200);
    counts[static_cast<size_t>(drawn)] += 1;
    resampled.theta.row(row) = p.theta.row(drawn);
    resampled.y.row(row) = p.y.row(drawn);
  }
  const StlsqConfig config{.threshold = 0.05, .threshold_on = "contribution", .alpha = 1e-6};
  const StlsqResult weighted = stlsq(p.sums(counts), config), explicitly = stlsq(resampled.sums(), config);
  EXPECT_LT((weighted.coefficients - explicitly.coefficients).cwiseAbs().maxCoeff(), 1e-10);
  EXPECT_NEAR(weighted.residual[0], explicitly.residual[0], 1e-10);
}

TEST(Stlsq, FindsTheResidualOfItsFit) {
  const Problem p = random_problem(5000, 0.1);
  const StlsqResult result = stlsq(p.sums(), {.threshold = 0.001, .threshold_on = "contribution", .alpha = 0});
  const Eigen::VectorXd left = p.y.col(0) - p.theta * result.coefficients.col(0);
  EXPECT_NEAR(result.residual[0], left.squaredNorm() / 5000, 1e-10);
}

TEST(Stlsq, GivesDependentColumnsTheSolutionOfLeastLength) {
  Problem p = random_problem(300, 0);
  p.theta.col(2) = p.theta.col(1);  // sin^2 + cos^2 = 1 does the same
  const StlsqResult result = stlsq(p.sums(), {.threshold = 0, .alpha = 0});
  EXPECT_NEAR(result.coefficients(1, 0), 1, 1e-6);
  EXPECT_NEAR(result.coefficients(2, 0), 1, 1e-6);
  EXPECT_EQ(result.condition[0], std::numeric_limits<double>::infinity());
}

TEST(Stlsq, NeverChoosesAFeatureThatIsZeroOrNotAllowed) {
  Problem p = random_problem(300, 0);
  p.theta.col(3).setZero();
  Eigen::Array<bool, Eigen::Dynamic, Eigen::Dynamic> allowed(6, 2);
  allowed.setConstant(true);
  allowed(4, 0) = false;
  const StlsqResult result = stlsq(p.sums(), {.threshold = 0, .alpha = 0}, allowed);
  EXPECT_EQ(result.coefficients(3, 0), 0);
  EXPECT_EQ(result.coefficients(4, 0), 0);
  EXPECT_NE(result.coefficients(4, 1), 0);
}

// Columns with a condition number of 1e6: normal equations alone keep 4 digits, refined against the data about 10.
TEST(Stlsq, RefinedAgainstTheDataGetsBackWhatTheSumsLose) {
  std::mt19937_64 random(2);
  std::normal_distribution<double> normal;
  Problem p;
  p.theta.resize(500, 2);
  p.y.resize(500, 1);
  for (int row = 0; row < 500; ++row) {
    const double shared = normal(random);
    p.theta.row(row) << shared, shared + 1e-6 * normal(random);
    p.y(row, 0) = 3 * p.theta(row, 0) - 2 * p.theta(row, 1);
  }
  const StlsqConfig config{.threshold = 0, .alpha = 0, .refinements = 3};
  const ResidualPass pass = [&](const Eigen::MatrixXd& c) {
    return Eigen::MatrixXd(p.theta.transpose() * (p.y - p.theta * c));
  };
  const double unrefined = std::abs(stlsq(p.sums(), config).coefficients(0, 0) - 3);
  const double refined = std::abs(stlsq(p.sums(), config, {}, pass).coefficients(0, 0) - 3);
  EXPECT_LT(refined, 1e-8);
  EXPECT_GT(unrefined, 10 * refined);
}

TEST(Stlsq, DropsAllTermsBelowAHugeThreshold) {
  const StlsqResult result = stlsq(random_problem(300, 0.1).sums(), {.threshold = 1e9});
  EXPECT_EQ(result.terms(), 0);
  EXPECT_TRUE(result.converged);
}

TEST(Stlsq, SaysWhenTheTermsDidNotSettle) {
  const StlsqResult result = stlsq(random_problem(300, 0.1).sums(), {.threshold = 0.02, .max_iterations = 1});
  EXPECT_FALSE(result.converged);
}

TEST(Stlsq, RejectsANegativeRidge) { EXPECT_THROW((void)stlsq(random_problem(10, 0).sums(), {.alpha = -1}), Error); }

}  // namespace
}  // namespace lockstep::models
