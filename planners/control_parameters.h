// The numbers that are searched over: what is added to a warm start at a few knots, in units of half the control range.
#pragma once

#include "planners/control_spline.h"
#include "planners/planner.h"

#include <span>
#include <vector>

namespace lockstep::planners {

// controls [N][nu] = warm start + half range * spline of the parameters [P = knots][nu], clipped to the bounds.
class ControlParameters {
 public:
  ControlParameters() = default;
  // knots: in [2, horizon], or 0 for one at every step. Of the problem only sizes and bounds are kept.
  ControlParameters(const Problem& problem, Interpolation interpolation, int knots);

  [[nodiscard]] int size() const { return static_cast<int>(low_.size()); }  // P
  [[nodiscard]] int knots() const { return spline_.knots(); }
  // Bounds of the parameters [P], 0 within, at which a knot's own control reaches its bounds.
  [[nodiscard]] std::span<const double> low() const { return low_; }
  [[nodiscard]] std::span<const double> high() const { return high_; }

  // The warm start [N][nu], within the bounds.
  void set_warm_start(View<const double, 2> controls);
  void clamp(std::span<double> parameters) const;
  // parameters [P] -> controls [N][nu].
  void expand(const double* parameters, double* controls) const;
  // The parameters whose spline passes through controls [N][nu] at the knots: exact with a knot at every step.
  void from_controls(const double* controls, double* parameters) const;
  // Slopes of a cost by the controls [N][nu] -> by the parameters [P]. A control at its bound that descent would push
  // out has none. slopes is overwritten.
  void pull_back(const double* controls, double* slopes, double* parameter_slopes) const;

 private:
  ControlSpline spline_;
  int horizon_ = 0, nu_ = 0;
  std::vector<double> u_min_, u_max_, half_range_;  // [nu]
  std::vector<double> base_;                        // [N][nu]
  std::vector<double> low_, high_;                  // [P]
};

}  // namespace lockstep::planners
