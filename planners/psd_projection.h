// Nearest positive semidefinite matrix, for the Hessians of costs that are not convex.
#pragma once

#include <Eigen/Core>
#include <Eigen/Eigenvalues>

namespace lockstep::planners {

// Projects symmetric matrices of one size [n][n] onto the positive semidefinite ones, in the Frobenius norm: negative
// eigenvalues become 0 (Higham, "Computing a nearest symmetric positive semidefinite matrix", 1988, theorem 2.1).
class PsdProjection {
 public:
  explicit PsdProjection(int n) : matrix_(n, n), scratch_(n, n), solver_(n) {}

  // To be filled, then read after apply().
  [[nodiscard]] Eigen::MatrixXd& matrix() { return matrix_; }
  // Returns whether matrix() was changed; a matrix semidefinite up to rounding is left as it is.
  bool apply();

 private:
  Eigen::MatrixXd matrix_, scratch_;
  Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver_;
};

}  // namespace lockstep::planners
