// Stepwise elimination: the right terms where thresholding fails, its limits, its errors.
#include "models/stepwise.h"
#include "engine/error.h"
#include "models/feature_library.h"

#include <cmath>
#include <random>

#include <Eigen/Dense>
#include <gtest/gtest.h>

namespace lockstep::models {
namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

NormalEquations sums_of(const RowMajor& theta, const RowMajor& y) {
  Gram gram(static_cast<int>(theta.cols()), static_cast<int>(y.cols()));
  gram.add(View<const double, 2>(theta.data(), static_cast<int>(theta.rows()), static_cast<int>(theta.cols())),
           View<const double, 2>(y.data(), static_cast<int>(y.rows()), static_cast<int>(y.cols())));
  return gram.normal_equations();
}

// A pendulum that hardly swings: sines and cosines of 1 .. 4 x, and w, are close to dependent. y = sin x - 0.2 w.
struct SmallSwings {
  FeatureLibrary library{2, 0, [] {
                           std::vector<Feature> features = harmonic_features({0}, 4);
                           const auto rest = polynomial_features({1}, {.degree = 2});
                           features.insert(features.end(), rest.begin(), rest.end());
                           return features;
                         }()};
  RowMajor theta{400, library.size()}, y{400, 1};
  explicit SmallSwings(double noise) {
    std::mt19937_64 random(4);
    std::normal_distribution<double> normal;
    RowMajor x(400, 2), none(400, 0);
    for (int row = 0; row < 400; ++row) {
      x.row(row) << 0.5 * normal(random), normal(random);
      y(row, 0) = std::sin(x(row, 0)) - 0.2 * x(row, 1) + noise * normal(random);
    }
    library.evaluate(View<const double, 2>(x.data(), 400, 2), View<const double, 2>(none.data(), 400, 0),
                     View<double, 2>(theta.data(), 400, library.size()));
  }
  [[nodiscard]] std::vector<std::string> chosen(const StlsqResult& result) const {
    std::vector<std::string> names;
    for (int f = 0; f < library.size(); ++f) {
      if (result.coefficients(f, 0) != 0) names.push_back(library.names()[static_cast<size_t>(f)]);
    }
    return names;
  }
};

TEST(Stepwise, FindsTheTermsOfNoisySmallSwingsWhereThresholdingFails) {
  const SmallSwings data(0.01);
  const NormalEquations sums = sums_of(data.theta, data.y);
  const std::vector<std::string> truth{"sin(x0)", "x1"};
  EXPECT_EQ(data.chosen(stepwise(sums, {.threshold = 1e-3})), truth);
  EXPECT_NE(data.chosen(stlsq(sums, {.threshold = 1e-3, .threshold_on = "contribution", .alpha = 1e-10})), truth);
}

TEST(Stepwise, GivesTheLeastSquaresCoefficientsOfTheTermsItKeeps) {
  const SmallSwings data(0.01);
  const StlsqResult result = stepwise(sums_of(data.theta, data.y), {.threshold = 1e-3});
  RowMajor kept(400, 2);
  kept << data.theta.col(0), data.theta.col(9);  // sin(x0), x1
  const Eigen::VectorXd expected = kept.householderQr().solve(data.y.col(0));
  EXPECT_NEAR(result.coefficients(0, 0), expected(0), 1e-12);
  EXPECT_NEAR(result.coefficients(9, 0), expected(1), 1e-12);
}

TEST(Stepwise, KeepsEverythingWithoutThresholdAndSignificance) {
  const SmallSwings data(0.1);
  EXPECT_EQ(stepwise(sums_of(data.theta, data.y), {.threshold = 0, .significance = 0}).terms(), data.library.size());
}

// Downdating the inverse 16 times between refactorisations must choose what refactorising every time would.
TEST(Stepwise, DropsTermsInTheOrderOfTheirLoss) {
  std::mt19937_64 random(8);
  std::normal_distribution<double> normal;
  RowMajor theta(3000, 60), y(3000, 1);
  for (int row = 0; row < 3000; ++row) {
    for (int c = 0; c < 60; ++c) theta(row, c) = normal(random);
    y(row, 0) = 0.001 * normal(random);
    for (int c = 0; c < 60; ++c) y(row, 0) += std::pow(0.8, c) * theta(row, c);
  }
  // Independent columns: the loss of term c is nearly its share 0.8^c of the target's rms 1.667, and 0.003 is between
  // the losses of terms 23 (0.00354) and 24 (0.00283).
  const StlsqResult result = stepwise(sums_of(theta, y), {.threshold = 0.0032});
  for (int c = 0; c < 60; ++c) EXPECT_EQ(result.coefficients(c, 0) != 0, c < 24) << c;
}

TEST(Stepwise, LeavesATargetThatIsZeroWithoutTerms) {
  SmallSwings data(0);
  data.y.setZero();
  EXPECT_EQ(stepwise(sums_of(data.theta, data.y), {}).terms(), 0);
}

TEST(Stepwise, RefusesANegativeSignificance) {
  const SmallSwings data(0);
  EXPECT_THROW((void)stepwise(sums_of(data.theta, data.y), {.significance = -1}), Error);
}

}  // namespace
}  // namespace lockstep::models
