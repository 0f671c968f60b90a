// Gains that hold a system to a trajectory: the time-varying linear-quadratic regulator about it.
// Anderson, Moore, "Optimal control: linear quadratic methods", 1990, sec. 2.3, of the dynamics linearised along the
// way.
#pragma once

#include "planners/backward_pass.h"
#include "planners/followed_plan.h"
#include "planners/planner.h"

#include <span>
#include <vector>

namespace lockstep::planners {

// Deviations dx cost weight |dx|^2 at every step, those of controls the square of their share of half their range.
class TrackingGains {
 public:
  TrackingGains() = default;
  // Of the problem, its sizes and bounds are used.
  explicit TrackingGains(const Problem& problem);

  // Gains about states [N + 1][nx] under controls [N][nu]. False, and all gains 0, where a derivative is not finite or
  // nothing can be held.
  bool fit(Dynamics& dynamics, const double* states, const double* controls, double weight);
  // K [N][nu][nx], of the last fit.
  [[nodiscard]] View<const double, 3> gains() const {
    return view<const double>(gains_.K.data(), model_.horizon, model_.nu, model_.nx);
  }

 private:
  LocalModel model_;
  Gains gains_;
  BackwardPass pass_;
  std::vector<double> free_low_, free_high_, half_range_;  // [nu]
};

}  // namespace lockstep::planners
