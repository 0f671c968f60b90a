// Linearises along a trajectory and solves the regulator backwards.
#include "planners/tracking_gains.h"
#include "planners/control_bounds.h"

#include <algorithm>
#include <limits>

namespace lockstep::planners {

TrackingGains::TrackingGains(const Problem& problem)
    : model_(problem.horizon, problem.dynamics->state_size(), problem.dynamics->control_size()),
      gains_(model_.horizon, model_.nx, model_.nu),
      pass_(model_.nx, model_.nu),
      // A control at its bound is free here: following clips it, and the next step may be off the bound.
      free_low_(static_cast<size_t>(model_.nu), -std::numeric_limits<double>::infinity()),
      free_high_(static_cast<size_t>(model_.nu), std::numeric_limits<double>::infinity()) {
  for (int i = 0; i < model_.nu; ++i) half_range_.push_back(half_range(problem, i));
}

bool TrackingGains::fit(Dynamics& dynamics, const double* states, const double* controls, double weight) {
  const int N = model_.horizon, nx = model_.nx, nu = model_.nu;
  dynamics.jacobian(view(states, N, nx), view(controls, N, nu), model_.A(), model_.B());
  const auto stage = model_.stage();
  for (int k = 0; k < N; ++k) {
    for (int i = 0; i < nx; ++i) stage.xx(k, i, i) = weight;
    for (int i = 0; i < nu; ++i) {
      const double half = half_range_[i];
      stage.uu(k, i, i) = half > 0 ? 1 / (half * half) : 1;
    }
  }
  for (int i = 0; i < nx; ++i) model_.terminal_xx[static_cast<size_t>(i * nx + i)] = weight;
  const std::span<const double> u(controls, static_cast<size_t>(N * nu));
  if (model_.is_finite() && pass_.run(model_, u, free_low_, free_high_, 0, gains_) < 0) return true;
  std::fill(gains_.K.begin(), gains_.K.end(), 0.0);
  return false;
}

}  // namespace lockstep::planners
