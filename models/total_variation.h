// Trend filtering: the curve nearest to the data whose derivative has few kinks, by an interior-point method.
#pragma once

#include "models/local_polynomial.h"

namespace lockstep::models {

// argmin_x 1/2 |y - x|^2 + lambda |D x|_1, where D takes divided differences of `order` (2: the derivative of x is
// piecewise constant, 3: piecewise linear), each times order! and the mean step to the power `order`, so that on even
// steps they are plain differences. (S.-J. Kim, K. Koh, S. Boyd, D. Gorinevsky 2009, SIAM Review 51, 339.)
class TrendFilter {
 public:
  TrendFilter(std::span<const double> time, std::span<const double> values, int order);

  // The least lambda beyond which the result is a single polynomial of degree order - 1.
  [[nodiscard]] double largest_weight() const { return largest_weight_; }
  struct Solution {
    std::vector<double> x;  // [values]
    int kinks = 0;          // differences that are not zero
  };
  [[nodiscard]] Solution solve(double lambda) const;

 private:
  [[nodiscard]] std::vector<double> differences(std::span<const double> x) const;  // D x
  [[nodiscard]] std::vector<double> transposed(std::span<const double> z) const;   // D' z

  std::span<const double> values_;
  int order_;
  int rows_;                      // of D: values - order
  std::vector<double> d_;         // [rows][order + 1]
  std::vector<double> gram_;      // [rows][order + 1] D D': columns row - order .. row
  std::vector<double> d_values_;  // [rows] D y
  double largest_weight_ = 0;
};

// Weight relative to largest_weight() by generalised cross-validation over all trajectories; degrees of freedom are
// kinks + order (R. J. Tibshirani, J. Taylor 2011, Annals of Statistics 39, 1335).
struct TrendChoice {
  double weight = 0;
  double noise = 0;
};
[[nodiscard]] TrendChoice choose_trend(std::span<const ColumnSamples> trajectories, int order);

}  // namespace lockstep::models
