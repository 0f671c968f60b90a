// Steps and Jacobians of a state with held numbers: those of the moving part, and an identity.
#include "envs/held_dynamics.h"

#include <cstddef>

namespace lockstep::envs {

View<const double, 2> HeldDynamics::moving_rows(View<const double, 2> x) {
  const int rows = x.extent(0), moving = moving_->state_size();
  moved_.resize(static_cast<std::size_t>(rows) * static_cast<std::size_t>(moving));
  const View<double, 2> moved(moved_.data(), rows, moving);
  for (int row = 0; row < rows; ++row) {
    for (int i = 0; i < moving; ++i) moved(row, i) = x(row, i);
  }
  return View<const double, 2>(moved_.data(), rows, moving);
}

void HeldDynamics::step(View<const double, 2> x, View<const double, 2> u, View<double, 2> next) {
  const int rows = x.extent(0), moving = moving_->state_size();
  const auto moved = moving_rows(x);
  next_.resize(moved_.size());
  const View<double, 2> after(next_.data(), rows, moving);
  moving_->step(moved, u, after);
  for (int row = 0; row < rows; ++row) {
    for (int i = 0; i < moving; ++i) next(row, i) = after(row, i);
    for (int i = moving; i < moving + held_; ++i) next(row, i) = x(row, i);
  }
}

void HeldDynamics::jacobian(View<const double, 2> x, View<const double, 2> u, View<double, 3> A, View<double, 3> B) {
  const int rows = x.extent(0), moving = moving_->state_size(), all = state_size(), controls = control_size();
  const auto moved = moving_rows(x);
  A_.resize(moved_.size() * static_cast<std::size_t>(moving));
  B_.resize(moved_.size() * static_cast<std::size_t>(controls));
  const View<double, 3> by_state(A_.data(), rows, moving, moving), by_control(B_.data(), rows, moving, controls);
  moving_->jacobian(moved, u, by_state, by_control);
  for (int row = 0; row < rows; ++row) {
    for (int i = 0; i < all; ++i) {
      const bool moves = i < moving;
      for (int j = 0; j < all; ++j) A(row, i, j) = moves && j < moving ? by_state(row, i, j) : i == j ? 1 : 0;
      for (int j = 0; j < controls; ++j) B(row, i, j) = moves ? by_control(row, i, j) : 0;
    }
  }
}

}  // namespace lockstep::envs
