// Applies a plan's feedback.
#include "planners/followed_plan.h"

#include <algorithm>
#include <cmath>

namespace lockstep::planners {

void follow(const FollowedPlan& plan, int step, bool corrects, std::span<const double> x, std::span<const double> u_min,
            std::span<const double> u_max, std::span<double> control) {
  const bool has_gains = corrects && plan.gains.extent(0) > step && plan.predicted.extent(0) > step;
  const int nu = static_cast<int>(control.size()), nx = static_cast<int>(x.size());
  for (int i = 0; i < nu; ++i) {
    double u = plan.controls(step, i);
    if (has_gains)
      for (int j = 0; j < nx; ++j) u += plan.gains(step, i, j) * (x[j] - plan.predicted(step, j));
    control[i] = std::isfinite(u) ? std::clamp(u, u_min[i], u_max[i]) : plan.controls(step, i);
  }
}

}  // namespace lockstep::planners
