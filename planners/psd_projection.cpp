// Clips negative eigenvalues, after a Cholesky factorisation has shown that there are any.
#include "planners/psd_projection.h"

#include <algorithm>
#include <cmath>

namespace lockstep::planners {
namespace {

constexpr double kRelativeTolerance = 1e-12;  // of the largest entry: eigenvalues this little below 0 are rounding

// Whether H + tolerance I has a Cholesky factor. Destroys H.
bool has_cholesky(Eigen::MatrixXd& H, double tolerance) {
  const Eigen::Index n = H.rows();
  for (Eigen::Index j = 0; j < n; ++j) {
    double pivot = H(j, j) + tolerance;
    for (Eigen::Index k = 0; k < j; ++k) pivot -= H(j, k) * H(j, k);
    if (!(pivot > 0)) return false;
    const double root = std::sqrt(pivot);
    H(j, j) = root;
    for (Eigen::Index i = j + 1; i < n; ++i) {
      double sum = H(i, j);
      for (Eigen::Index k = 0; k < j; ++k) sum -= H(i, k) * H(j, k);
      H(i, j) = sum / root;
    }
  }
  return true;
}

}  // namespace

bool PsdProjection::apply() {
  const double largest = matrix_.cwiseAbs().maxCoeff();
  if (largest == 0) return false;
  scratch_ = matrix_;
  if (has_cholesky(scratch_, kRelativeTolerance * largest)) return false;
  solver_.compute(matrix_);
  scratch_.noalias() = solver_.eigenvectors() * solver_.eigenvalues().cwiseMax(0).asDiagonal();
  matrix_.noalias() = scratch_ * solver_.eigenvectors().transpose();
  return true;
}

}  // namespace lockstep::planners
