// Rows of a regression in memory: checked, and summed to normal equations, with their QR factor where the sums alone
// would not do.
#pragma once

#include "engine/view.h"
#include "models/gram.h"

#include <span>
#include <string>

namespace lockstep::models {

struct RegressionRows {
  View<const double, 2> theta;      // [rows][features]
  View<const double, 2> y;          // [rows][targets]
  std::span<const double> weights;  // [rows] >= 0, or empty: 1 each

  [[nodiscard]] int rows() const { return static_cast<int>(theta.extent(0)); }
  [[nodiscard]] int features() const { return static_cast<int>(theta.extent(1)); }
  [[nodiscard]] int targets() const { return static_cast<int>(y.extent(1)); }
};

// Error for no rows or columns, shapes that do not fit, a number that is not finite (naming row and column), a negative
// weight, and fewer rows than features where `alpha` (a ridge) is 0. `where` names the caller.
void check_rows(const RegressionRows& data, double alpha, const std::string& where);

// The sums of checked rows. Where the columns, scaled to unit length, have a condition number above 1e6 (which the sums
// square), the factor R of a QR decomposition of the rows comes with them, made in a second pass; every solve then uses
// it (models/stlsq.h).
[[nodiscard]] NormalEquations sums_of_rows(const RegressionRows& data);

// The upper triangular R of [theta y] with weights' roots on the rows, R'R = [theta y]' W [theta y], in blocks of rows.
[[nodiscard]] Eigen::MatrixXd factor_of_rows(const RegressionRows& data);

}  // namespace lockstep::models
