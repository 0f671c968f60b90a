// Maps parameters to controls, and slopes back.
#include "planners/control_parameters.h"
#include "planners/control_bounds.h"

#include <algorithm>

namespace lockstep::planners {
namespace {

size_t length(int a, int b) { return static_cast<size_t>(a) * static_cast<size_t>(b); }

}  // namespace

ControlParameters::ControlParameters(const Problem& problem, Interpolation interpolation, int knots)
    : spline_(interpolation, knots, problem.horizon, problem.dynamics->control_size()),
      horizon_(problem.horizon),
      nu_(problem.dynamics->control_size()),
      u_min_(problem.u_min.begin(), problem.u_min.end()),
      u_max_(problem.u_max.begin(), problem.u_max.end()),
      base_(length(horizon_, nu_)),
      low_(length(spline_.knots(), nu_)),
      high_(length(spline_.knots(), nu_)) {
  for (int i = 0; i < nu_; ++i) half_range_.push_back(half_range(problem, i));
}

void ControlParameters::set_warm_start(View<const double, 2> controls) {
  std::copy_n(controls.data_handle(), base_.size(), base_.begin());
  for (int knot = 0; knot < spline_.knots(); ++knot)
    for (int i = 0; i < nu_; ++i) {
      const size_t at = length(knot, nu_) + i;
      const double base = base_[length(spline_.step_of(knot), nu_) + i], half = half_range_[i];
      low_[at] = half > 0 ? (u_min_[i] - base) / half : 0;
      high_[at] = half > 0 ? (u_max_[i] - base) / half : 0;
    }
}

void ControlParameters::clamp(std::span<double> parameters) const {
  for (size_t at = 0; at < low_.size(); ++at) parameters[at] = std::clamp(parameters[at], low_[at], high_[at]);
}

void ControlParameters::expand(const double* parameters, double* controls) const {
  spline_.expand(parameters, controls);
  for (int step = 0; step < horizon_; ++step)
    for (int i = 0; i < nu_; ++i) {
      const size_t at = length(step, nu_) + i;
      controls[at] = std::clamp(base_[at] + half_range_[i] * controls[at], u_min_[i], u_max_[i]);
    }
}

void ControlParameters::from_controls(const double* controls, double* parameters) const {
  for (int knot = 0; knot < spline_.knots(); ++knot)
    for (int i = 0; i < nu_; ++i) {
      const size_t step = length(spline_.step_of(knot), nu_) + i;
      const double half = half_range_[i];
      parameters[length(knot, nu_) + i] = half > 0 ? (controls[step] - base_[step]) / half : 0;
    }
}

void ControlParameters::pull_back(const double* controls, double* slopes, double* parameter_slopes) const {
  for (int step = 0; step < horizon_; ++step)
    for (int i = 0; i < nu_; ++i) {
      const size_t at = length(step, nu_) + i;
      const bool is_held =
          (controls[at] <= u_min_[i] && slopes[at] > 0) || (controls[at] >= u_max_[i] && slopes[at] < 0);
      slopes[at] = is_held ? 0 : half_range_[i] * slopes[at];
    }
  spline_.pull_back(slopes, parameter_slopes);
}

}  // namespace lockstep::planners
