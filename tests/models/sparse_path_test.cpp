// Grids of thresholds and ridges, folds and the QR of rows against fits made one by one.
#include "models/sparse_path.h"
#include "engine/error.h"
#include "tests/models/regression_data.h"

#include <cmath>

#include <Eigen/QR>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::models {
namespace {

using Eigen::MatrixXd;
using tests::RandomRegression;
using tests::RowMajor;

TEST(SparsePath, HoldsTheFitOfEveryPoint) {
  const RandomRegression data(500, 9, 3, 1.0);
  const NormalEquations sums = sums_of_rows(data.rows());
  const auto points = grid(geometric_steps(0.01, 3, 12), {0, 0.1, 10});
  const SparsePath path = stlsq_path(sums, points);
  ASSERT_EQ(path.coefficients.size(), 36u);
  for (size_t i = 0; i < points.size(); ++i) {
    const StlsqResult one = stlsq(sums, {.threshold = points[i].threshold, .alpha = points[i].alpha});
    EXPECT_LT((path.coefficients[i] - one.coefficients).cwiseAbs().maxCoeff(), 1e-11) << i;
    for (int k = 0; k < 3; ++k) {
      EXPECT_NEAR(path.residual(static_cast<int>(i), k), one.residual[static_cast<size_t>(k)], 1e-9);
    }
  }
}

TEST(SparsePath, HasItsLeastBicAtTheTrueTerms) {
  const RandomRegression data(500, 9, 3, 1.0);
  const SparsePath path = stlsq_path(sums_of_rows(data.rows()), grid(geometric_steps(1e-3, 3, 40), {1e-6}));
  for (int k = 0; k < 3; ++k) {
    const std::vector<double> bic = path.bic(k);
    const auto best = static_cast<size_t>(std::min_element(bic.begin(), bic.end()) - bic.begin());
    EXPECT_EQ((path.coefficients[best].col(k).array() != 0).cast<int>().matrix(),
              (data.truth.col(k).array() != 0).cast<int>().matrix());
  }
}

TEST(SparsePath, AgreesWithTheClosedFormOfTheCriteria) {
  const RandomRegression data(100, 4, 1, 1.0);
  const SparsePath path = stlsq_path(sums_of_rows(data.rows()), {{0, 0}});
  const Eigen::VectorXd c = MatrixXd(data.theta).colPivHouseholderQr().solve(data.y.col(0));
  const double square = (data.y - data.theta * c).squaredNorm() / 100;
  EXPECT_NEAR(path.residual(0, 0), square, 1e-11);
  EXPECT_NEAR(path.bic(0)[0], 100 * std::log(square) + 4 * std::log(100.0), 1e-7);
  EXPECT_NEAR(path.aic(0)[0], 100 * std::log(square) + 8 + 2 * 4 * 5.0 / 95, 1e-7);
}

TEST(CrossValidation, MeasuresEachFoldWithAFitToTheOthers) {
  const RandomRegression data(90, 5, 1, 1.0);
  const std::vector<PathPoint> points{{0.2, 0.5}};
  const CrossValidation cv = cross_validate(fold_sums(data.rows(), 3), points);
  double expected = 0;
  for (int fold = 0; fold < 3; ++fold) {
    std::vector<double> weights(90, 1.0);
    for (int row = 30 * fold; row < 30 * fold + 30; ++row) weights[static_cast<size_t>(row)] = 0;
    RegressionRows others = data.rows();
    others.weights = weights;
    const MatrixXd c = stlsq(sums_of_rows(others), {.threshold = 0.2, .alpha = 0.5}).coefficients;
    expected += (data.y - data.theta * c).middleRows(30 * fold, 30).squaredNorm() / 30 / 3;
  }
  EXPECT_NEAR(cv.error(0, 0), expected, 1e-10);
}

TEST(CrossValidation, ChoosesTheTrueTermsAmongAPath) {
  const RandomRegression data(600, 9, 3, 1.0);
  const auto points = grid(geometric_steps(1e-3, 3, 30), {1e-6});
  const CrossValidation cv = cross_validate(fold_sums(data.rows(), 5), points);
  const SparsePath path = stlsq_path(sums_of_rows(data.rows()), points);
  for (int k = 0; k < 3; ++k) {
    const MatrixXd& c = path.coefficients[static_cast<size_t>(cv.sparsest[static_cast<size_t>(k)])];
    EXPECT_EQ((c.col(k).array() != 0).cast<int>().matrix(), (data.truth.col(k).array() != 0).cast<int>().matrix());
  }
}

TEST(FoldSums, RefuseMoreFoldsThanRows) {
  const RandomRegression data(6, 2, 1, 1.0);
  EXPECT_THROW((void)fold_sums(data.rows(), 7), Error);
  EXPECT_THROW((void)fold_sums(data.rows(), 1), Error);
}

// ---- Conditioning ----

// Monomials 1, x ... x^11 on [0, 1]: columns of unit length with a condition number of about 1e8.
RandomRegression monomials(double added) {
  RandomRegression data(400, 12, 1, 0);
  for (int row = 0; row < 400; ++row) {
    for (int f = 0; f < 12; ++f) data.theta(row, f) = std::pow(row / 400.0, f) + (f == 11 ? added : 0);
  }
  data.y = data.theta * MatrixXd(data.truth);
  return data;
}

TEST(IllConditionedRows, AreSolvedByTheirQrAsWellAsByQrOfAllRows) {
  const RandomRegression data = monomials(0);
  const NormalEquations sums = sums_of_rows(data.rows());
  ASSERT_GT(sums.factor.size(), 0);
  const StlsqResult ours = stlsq(sums, {.threshold = 1e-3, .alpha = 0});
  NormalEquations alone = sums;
  alone.factor.resize(0, 0);
  const StlsqResult without_factor = stlsq(alone, {.threshold = 1e-3, .alpha = 0});
  const double error = (ours.coefficients - data.truth).norm();
  EXPECT_LT(error, 1e-6);  // condition 1e8 of rounding 1e-16, and some
  EXPECT_GT((without_factor.coefficients - data.truth).norm(), 100 * error);
  ASSERT_FALSE(ours.notes.empty());
  EXPECT_THAT(ours.notes[0], testing::HasSubstr("solved by QR of the rows"));
}

TEST(WellConditionedRows, NeedNoQr) {
  const StlsqResult fit = stlsq(sums_of_rows(RandomRegression(200, 5, 2, 0.1).rows()), {});
  EXPECT_TRUE(fit.notes.empty());
}

TEST(FactorOfRows, IsTheFactorOfTheWeightedSums) {
  const RandomRegression data(1000, 5, 2, 1.0);
  std::vector<double> weights(1000);
  for (size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<double>(i % 4);
  RegressionRows rows = data.rows();
  rows.weights = weights;
  const MatrixXd r = factor_of_rows(rows);
  const NormalEquations sums = sums_of_rows(rows);
  const MatrixXd square = r.transpose() * r;
  EXPECT_LT((square.topLeftCorner(5, 5) - sums.theta_theta).cwiseAbs().maxCoeff(), 1e-9);
  EXPECT_LT((square.topRightCorner(5, 2) - sums.theta_y).cwiseAbs().maxCoeff(), 1e-9);
  EXPECT_EQ(sums.weight, 1500);
}

}  // namespace
}  // namespace lockstep::models
