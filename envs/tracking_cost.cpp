// Values and derivatives of the tracking cost, by hand: every term has one variable.
#include "envs/tracking_cost.h"

#include <algorithm>
#include <cmath>

namespace lockstep::envs {
namespace {

constexpr double kTerminalFactor = 5;

void clear(View<double, 3> matrices) {
  std::fill_n(matrices.data_handle(), matrices.extent(0) * matrices.extent(1) * matrices.extent(2), 0.0);
}

}  // namespace

TrackingCost::Term TrackingCost::term(int state, double x) const {
  const double away = x - system_.states[state].target, w = weight(state);
  if (!system_.states[state].is_angle) return {w * away * away, 2 * w * away, 2 * w};
  return {2 * w * (1 - std::cos(away)), 2 * w * std::sin(away), 2 * w * std::cos(away)};
}

double TrackingCost::of_state(View<const double, 2> x, int row) const {
  double sum = 0;
  for (int i = 0; i < state_size(); ++i) sum += term(i, x(row, i)).value;
  return sum;
}

void TrackingCost::stage(View<const double, 2> x, View<const double, 2> u, View<double, 1> values) const {
  for (int row = 0; row < x.extent(0); ++row) {
    values(row) = of_state(x, row);
    for (int i = 0; i < control_size(); ++i) values(row) += system_.facts.action_weight * u(row, i) * u(row, i);
  }
}

void TrackingCost::terminal(View<const double, 2> x, View<double, 1> values) const {
  for (int row = 0; row < x.extent(0); ++row) values(row) = kTerminalFactor * of_state(x, row);
}

void TrackingCost::expand_stage(View<const double, 2> x, View<const double, 2> u, const Expansion& out) const {
  clear(out.xx), clear(out.ux), clear(out.uu);
  for (int row = 0; row < x.extent(0); ++row) {
    for (int i = 0; i < state_size(); ++i) {
      const Term own = term(i, x(row, i));
      out.x(row, i) = own.slope;
      out.xx(row, i, i) = own.curvature;
    }
    for (int i = 0; i < control_size(); ++i) {
      out.u(row, i) = 2 * system_.facts.action_weight * u(row, i);
      out.uu(row, i, i) = 2 * system_.facts.action_weight;
    }
  }
}

void TrackingCost::expand_terminal(View<const double, 2> x, View<double, 2> gradient, View<double, 3> hessian) const {
  clear(hessian);
  for (int row = 0; row < x.extent(0); ++row) {
    for (int i = 0; i < state_size(); ++i) {
      const Term own = term(i, x(row, i));
      gradient(row, i) = kTerminalFactor * own.slope;
      hessian(row, i, i) = kTerminalFactor * own.curvature;
    }
  }
}

}  // namespace lockstep::envs
