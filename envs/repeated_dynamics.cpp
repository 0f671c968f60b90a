// Steps of a held control, and their Jacobians by the chain rule.
#include "envs/repeated_dynamics.h"

#include <algorithm>
#include <cstddef>

namespace lockstep::envs {
namespace {

// left [n][n] times right [n][columns], plus what out holds, into out; `sum` is scratch [n * columns].
void multiply_add(const double* left, const double* right, int n, int columns, bool keeps_out, double* out,
                  std::vector<double>& sum) {
  const auto size = static_cast<std::size_t>(n) * static_cast<std::size_t>(columns);
  sum.assign(size, 0.0);
  if (keeps_out) std::copy_n(out, size, sum.begin());
  for (int i = 0; i < n; ++i) {
    for (int k = 0; k < n; ++k) {
      for (int j = 0; j < columns; ++j) {
        sum[static_cast<std::size_t>(i * columns + j)] += left[i * n + k] * right[k * columns + j];
      }
    }
  }
  std::copy_n(sum.begin(), size, out);
}

}  // namespace

void RepeatedDynamics::step(View<const double, 2> x, View<const double, 2> u, View<double, 2> next) {
  const int rows = x.extent(0), states = state_size();
  const auto size = static_cast<std::size_t>(rows) * static_cast<std::size_t>(states);
  state_.assign(x.data_handle(), x.data_handle() + size);
  for (int k = 0; k < times_; ++k) {
    one_->step(View<const double, 2>(state_.data(), rows, states), u, next);
    std::copy_n(next.data_handle(), size, state_.begin());
  }
}

// With x_k+1 = f(x_k, u): A = A_n ... A_1, and B_1..k+1 = A_k+1 B_1..k + B_k+1.
void RepeatedDynamics::jacobian(View<const double, 2> x, View<const double, 2> u, View<double, 3> A,
                                View<double, 3> B) {
  const int rows = x.extent(0), n = state_size(), controls = control_size();
  const auto size = static_cast<std::size_t>(rows) * static_cast<std::size_t>(n);
  state_.assign(x.data_handle(), x.data_handle() + size);
  next_.resize(size);
  A_.resize(size * static_cast<std::size_t>(n));
  B_.resize(size * static_cast<std::size_t>(controls));
  one_->jacobian(x, u, A, B);
  for (int k = 1; k < times_; ++k) {
    one_->step(View<const double, 2>(state_.data(), rows, n), u, View<double, 2>(next_.data(), rows, n));
    std::swap(state_, next_);
    one_->jacobian(View<const double, 2>(state_.data(), rows, n), u, View<double, 3>(A_.data(), rows, n, n),
                   View<double, 3>(B_.data(), rows, n, controls));
    for (int row = 0; row < rows; ++row) {
      const double* const later = A_.data() + static_cast<std::ptrdiff_t>(row) * n * n;
      double* const by_state = A.data_handle() + static_cast<std::ptrdiff_t>(row) * n * n;
      double* const by_control = B.data_handle() + static_cast<std::ptrdiff_t>(row) * n * controls;
      multiply_add(later, by_state, n, n, false, by_state, product_);
      double* const own = B_.data() + static_cast<std::ptrdiff_t>(row) * n * controls;
      multiply_add(later, by_control, n, controls, true, own, product_);
      std::copy_n(own, n * controls, by_control);
    }
  }
}

}  // namespace lockstep::envs
