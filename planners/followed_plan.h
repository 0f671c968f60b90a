// A plan as it is acted on between two plans: its controls, corrected by feedback where it has gains.
#pragma once

#include "engine/view.h"

#include <span>

namespace lockstep::planners {

// Views of one plan of N steps.
struct FollowedPlan {
  View<const double, 2> controls;   // [N][nu]
  View<const double, 2> predicted;  // [N + 1][nx]
  View<const double, 3> gains;      // [N][nu][nx], or empty: no feedback
};

// control [nu] = u_k + K_k (x - x_k) in the bounds u_min, u_max [nu], k = `step` in [0, N); u_k alone where there are
// no gains, `corrects` is false, or the correction is not finite.
void follow(const FollowedPlan& plan, int step, bool corrects, std::span<const double> x, std::span<const double> u_min,
            std::span<const double> u_max, std::span<double> control);

}  // namespace lockstep::planners
