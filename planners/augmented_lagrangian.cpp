// Terms, derivatives and multiplier updates of the augmented Lagrangian.
#include "planners/augmented_lagrangian.h"

#include <algorithm>
#include <cmath>

namespace lockstep::planners {
namespace {

size_t product(int a, int b, int c = 1) {
  return static_cast<size_t>(a) * static_cast<size_t>(b) * static_cast<size_t>(c);
}

// H [rows][columns] += weight a b'.
void add_outer(double weight, const double* a, int rows, const double* b, int columns, double* H) {
  for (int i = 0; i < rows; ++i)
    for (int j = 0; j < columns; ++j) H[product(i, columns) + j] += weight * a[i] * b[j];
}

void add_scaled(double weight, const double* a, int n, double* sum) {
  for (int i = 0; i < n; ++i) sum[i] += weight * a[i];
}

}  // namespace

AugmentedLagrangian::AugmentedLagrangian(const Constraints* constraints, int horizon, int rows)
    : constraints_(constraints), horizon_(horizon) {
  if (constraints == nullptr) return;
  stage_count_ = constraints->stage_count();
  stage_equalities_ = constraints->stage_equalities();
  terminal_count_ = constraints->terminal_count();
  terminal_equalities_ = constraints->terminal_equalities();
  const int nx = constraints->state_size(), nu = constraints->control_size();
  stage_multipliers_.resize(product(horizon, stage_count_));
  terminal_multipliers_.resize(static_cast<size_t>(terminal_count_));
  stage_c_.resize(product(rows, stage_count_));
  terminal_c_.resize(product(rows, terminal_count_));
  c_x_.resize(product(horizon, stage_count_, nx));
  c_u_.resize(product(horizon, stage_count_, nu));
  end_x_.resize(product(terminal_count_, nx));
}

void AugmentedLagrangian::reset(double penalty) {
  penalty_ = penalty;
  std::fill(stage_multipliers_.begin(), stage_multipliers_.end(), 0.0);
  std::fill(terminal_multipliers_.begin(), terminal_multipliers_.end(), 0.0);
}

AugmentedLagrangian::Term AugmentedLagrangian::term(double c, double multiplier, bool equality) const {
  const double shifted = multiplier + penalty_ * c;
  if (equality) return {c * (multiplier + 0.5 * penalty_ * c), shifted, penalty_};
  // (not std::max: what is not finite must stay so)
  if (shifted <= 0) return {-0.5 * multiplier * multiplier / penalty_, 0, 0};
  return {0.5 * (shifted * shifted - multiplier * multiplier) / penalty_, shifted, penalty_};
}

void AugmentedLagrangian::add_values(View<const double, 2> x, View<const double, 2> u, View<double, 1> stage,
                                     View<const double, 2> end, View<double, 1> terminal) {
  if (is_empty()) return;
  const int rows = x.extent(0), group = end.extent(0);
  const View<double, 2> along(stage_c_.data(), rows, stage_count_), at_end(terminal_c_.data(), group, terminal_count_);
  if (stage_count_ > 0) constraints_->stage(x, u, along);
  if (terminal_count_ > 0) constraints_->terminal(end, at_end);
  for (int row = 0; row < rows; ++row)
    for (int i = 0; i < stage_count_; ++i)
      stage(row) +=
          term(along(row, i), stage_multipliers_[product(row / group, stage_count_) + i], i < stage_equalities_).value;
  for (int row = 0; row < group; ++row)
    for (int i = 0; i < terminal_count_; ++i)
      terminal(row) += term(at_end(row, i), terminal_multipliers_[i], i < terminal_equalities_).value;
}

void AugmentedLagrangian::add_expansion(View<const double, 2> x, View<const double, 2> u, View<const double, 2> end,
                                        LocalModel& model) {
  if (is_empty()) return;
  const int nx = model.nx, nu = model.nu;
  const View<double, 2> along(stage_c_.data(), horizon_, stage_count_), at_end(terminal_c_.data(), 1, terminal_count_);
  if (stage_count_ > 0) {
    constraints_->stage(x, u, along);
    constraints_->stage_jacobian(x, u, View<double, 3>(c_x_.data(), horizon_, stage_count_, nx),
                                 View<double, 3>(c_u_.data(), horizon_, stage_count_, nu));
  }
  for (int step = 0; step < horizon_; ++step)
    for (int i = 0; i < stage_count_; ++i) {
      const size_t at = product(step, stage_count_) + i;
      const Term t = term(along(step, i), stage_multipliers_[at], i < stage_equalities_);
      const double *c_x = &c_x_[at * nx], *c_u = &c_u_[at * nu];
      add_scaled(t.slope, c_x, nx, &model.l_x[product(step, nx)]);
      add_scaled(t.slope, c_u, nu, &model.l_u[product(step, nu)]);
      add_outer(t.curvature, c_x, nx, c_x, nx, &model.l_xx[product(step, nx, nx)]);
      add_outer(t.curvature, c_u, nu, c_x, nx, &model.l_ux[product(step, nu, nx)]);
      add_outer(t.curvature, c_u, nu, c_u, nu, &model.l_uu[product(step, nu, nu)]);
    }
  if (terminal_count_ == 0) return;
  constraints_->terminal(end, at_end);
  constraints_->terminal_jacobian(end, View<double, 3>(end_x_.data(), 1, terminal_count_, nx));
  for (int i = 0; i < terminal_count_; ++i) {
    const Term t = term(at_end(0, i), terminal_multipliers_[i], i < terminal_equalities_);
    const double* c_x = &end_x_[product(i, nx)];
    add_scaled(t.slope, c_x, nx, model.terminal_x.data());
    add_outer(t.curvature, c_x, nx, c_x, nx, model.terminal_xx.data());
  }
}

double AugmentedLagrangian::violation(View<const double, 2> x, View<const double, 2> u, View<const double, 2> end) {
  if (is_empty()) return 0;
  const View<double, 2> along(stage_c_.data(), horizon_, stage_count_), at_end(terminal_c_.data(), 1, terminal_count_);
  if (stage_count_ > 0) constraints_->stage(x, u, along);
  if (terminal_count_ > 0) constraints_->terminal(end, at_end);
  double largest = 0;
  const auto look = [&](double c, bool equality) { largest = std::max(largest, equality ? std::abs(c) : c); };
  for (int step = 0; step < horizon_; ++step)
    for (int i = 0; i < stage_count_; ++i) look(along(step, i), i < stage_equalities_);
  for (int i = 0; i < terminal_count_; ++i) look(at_end(0, i), i < terminal_equalities_);
  return largest;
}

void AugmentedLagrangian::update_multipliers() {
  const auto update = [&](double& multiplier, double c, bool equality) {
    const double shifted = multiplier + penalty_ * c;
    multiplier = equality ? shifted : std::max(0.0, shifted);
  };
  for (int step = 0; step < horizon_; ++step)
    for (int i = 0; i < stage_count_; ++i) {
      const size_t at = product(step, stage_count_) + i;
      update(stage_multipliers_[at], stage_c_[at], i < stage_equalities_);
    }
  for (int i = 0; i < terminal_count_; ++i) update(terminal_multipliers_[i], terminal_c_[i], i < terminal_equalities_);
}

}  // namespace lockstep::planners
