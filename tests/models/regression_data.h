// Small regressions for tests: random features, known coefficients, noise.
#pragma once

#include "models/regression_rows.h"

#include <random>
#include <vector>

#include <Eigen/Core>

namespace lockstep::models::tests {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// Normal features of unequal scales and with some correlation; targets of three terms each.
struct RandomRegression {
  RowMajor theta, y;
  Eigen::MatrixXd truth;  // [features][targets]

  RandomRegression(int rows, int features, int targets, double noise, unsigned seed = 1)
      : theta(rows, features), y(rows, targets), truth(Eigen::MatrixXd::Zero(features, targets)) {
    std::mt19937_64 random(seed);
    std::normal_distribution<double> normal;
    for (int row = 0; row < rows; ++row) {
      const double shared = normal(random);
      for (int f = 0; f < features; ++f) theta(row, f) = (1 + 0.3 * f) * (normal(random) + 0.5 * shared);
    }
    for (int k = 0; k < targets; ++k) {
      for (int i = 0; i < 3; ++i) truth((k + 2 * i) % features, k) = 1.0 + 0.5 * i - 0.25 * k;
    }
    y = theta * truth;
    for (int row = 0; row < rows; ++row) {
      for (int k = 0; k < targets; ++k) y(row, k) += noise * normal(random);
    }
  }

  [[nodiscard]] RegressionRows rows() const {
    return {View<const double, 2>(theta.data(), static_cast<int>(theta.rows()), static_cast<int>(theta.cols())),
            View<const double, 2>(y.data(), static_cast<int>(y.rows()), static_cast<int>(y.cols())),
            {}};
  }
};

}  // namespace lockstep::models::tests
