// Projected Newton for small box-constrained quadratic programs.
#include "planners/box_qp.h"

#include <algorithm>
#include <cmath>

namespace lockstep::planners {
namespace {

constexpr int kMaxIterations = 100;
constexpr double kRelativeGradient = 1e-12;  // of |g| + |H x|: what rounding leaves of a Newton step
constexpr double kArmijo = 0.1;              // Tassa et al. 2014 ask for 0 < gamma < 1/2
constexpr double kSmallestStep = 1e-20;
constexpr double kBacktrack = 0.6;

}  // namespace

BoxQp::BoxQp(int n)
    : n_(n),
      free_(static_cast<size_t>(n)),
      held_(static_cast<size_t>(n)),
      held_before_(static_cast<size_t>(n)),
      gradient_(static_cast<size_t>(n)),
      direction_(static_cast<size_t>(n)),
      trial_(static_cast<size_t>(n)),
      factor_(static_cast<size_t>(n) * static_cast<size_t>(n)) {}

// Cholesky factor of H_ff; false where it is not positive definite.
bool BoxQp::factorise(const double* H) {
  const int m = num_free_;
  for (int i = 0; i < m; ++i) {
    for (int j = 0; j <= i; ++j) {
      double sum = H[free_[i] * n_ + free_[j]];
      for (int k = 0; k < j; ++k) sum -= factor_[i * m + k] * factor_[j * m + k];
      if (i == j) {
        if (!(sum > 0) || !std::isfinite(sum)) return false;
        factor_[i * m + i] = std::sqrt(sum);
      } else {
        factor_[i * m + j] = sum / factor_[j * m + j];
      }
    }
  }
  return true;
}

void BoxQp::solve_free(double* b, int columns) const {
  const int m = num_free_;
  for (int c = 0; c < columns; ++c) {
    for (int i = 0; i < m; ++i) {
      double sum = b[i * columns + c];
      for (int k = 0; k < i; ++k) sum -= factor_[i * m + k] * b[k * columns + c];
      b[i * columns + c] = sum / factor_[i * m + i];
    }
    for (int i = m - 1; i >= 0; --i) {
      double sum = b[i * columns + c];
      for (int k = i + 1; k < m; ++k) sum -= factor_[k * m + i] * b[k * columns + c];
      b[i * columns + c] = sum / factor_[i * m + i];
    }
  }
}

double BoxQp::objective(const double* H, const double* g, const double* x) const {
  double value = 0;
  for (int i = 0; i < n_; ++i) {
    double row = 0;
    for (int j = 0; j < i; ++j) row += H[i * n_ + j] * x[j];
    value += x[i] * (row + 0.5 * H[i * n_ + i] * x[i] + g[i]);
  }
  return value;
}

// direction = -H_ff^-1 gradient_f, zero for held variables (Tassa et al. 2014, eq. 17). Returns direction' gradient.
double BoxQp::newton_direction() {
  for (int i = 0; i < num_free_; ++i) trial_[i] = gradient_[free_[i]];
  solve_free(trial_.data(), 1);
  std::fill(direction_.begin(), direction_.end(), 0.0);
  double slope = 0;
  for (int i = 0; i < num_free_; ++i) {
    direction_[free_[i]] = -trial_[i];
    slope -= trial_[i] * gradient_[free_[i]];
  }
  return slope;
}

// Armijo steps along the projected direction (eq. 18); moves x and returns true where one is accepted. A full step that
// stays in the box minimises over the free variables and is taken without asking: near the solution the objective's
// rounding would refuse it.
bool BoxQp::line_search(const double* H, const double* g, const double* lower, const double* upper, double slope,
                        double* x) {
  bool inside = true;
  for (int i = 0; i < n_; ++i) {
    trial_[i] = x[i] + direction_[i];
    inside = inside && trial_[i] >= lower[i] && trial_[i] <= upper[i];
  }
  if (inside) {
    std::copy(trial_.begin(), trial_.end(), x);
    return true;
  }
  const double before = objective(H, g, x);
  double step = 1;
  while (step >= kSmallestStep) {
    for (int i = 0; i < n_; ++i) trial_[i] = std::clamp(x[i] + step * direction_[i], lower[i], upper[i]);
    const double after = objective(H, g, trial_.data());
    if (after - before <= kArmijo * step * slope) {
      std::copy(trial_.begin(), trial_.end(), x);
      return true;
    }
    step *= kBacktrack;
  }
  return false;
}

// One variable: the clipped minimum is exact.
BoxQp::Status BoxQp::solve_one(double h, double g, double lower, double upper, double* x) {
  num_free_ = 0;
  iterations_ = 1;
  if (!(h > 0) || !std::isfinite(h)) return Status::kNotPositiveDefinite;
  const double minimum = -g / h;
  *x = std::clamp(minimum, lower, upper);
  if (minimum > lower && minimum < upper) num_free_ = 1;
  free_[0] = 0;
  factor_[0] = std::sqrt(h);
  return Status::kSolved;
}

BoxQp::Status BoxQp::solve(const double* H, const double* g, const double* lower, const double* upper, double* x) {
  if (n_ == 1) return solve_one(H[0], g[0], lower[0], upper[0], x);
  for (int i = 0; i < n_; ++i) x[i] = std::clamp(x[i], lower[i], upper[i]);
  for (iterations_ = 0; iterations_ < kMaxIterations; ++iterations_) {
    double scale = 0;
    num_free_ = 0;
    held_before_ = held_;
    for (int i = 0; i < n_; ++i) {
      double product = 0;
      for (int j = 0; j < n_; ++j) product += H[std::max(i, j) * n_ + std::min(i, j)] * x[j];
      gradient_[i] = g[i] + product;
      scale = std::max({scale, std::abs(g[i]), std::abs(product)});
      held_[i] = (x[i] == lower[i] && gradient_[i] > 0) || (x[i] == upper[i] && gradient_[i] < 0) ? 1 : 0;
      if (held_[i] == 0) free_[num_free_++] = i;
    }
    if (num_free_ == 0) return Status::kSolved;
    if ((iterations_ == 0 || held_ != held_before_) && !factorise(H)) return Status::kNotPositiveDefinite;
    double largest = 0;
    for (const int i : free()) largest = std::max(largest, std::abs(gradient_[i]));
    if (largest <= kRelativeGradient * scale) return Status::kSolved;
    const double slope = newton_direction();
    // No descent left within rounding: x solves the problem to working precision.
    if (!(slope < 0) || !line_search(H, g, lower, upper, slope, x)) return Status::kSolved;
  }
  return Status::kOutOfIterations;
}

}  // namespace lockstep::planners
