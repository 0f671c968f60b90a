// Interpolation weights, computed once per step.
#include "planners/control_spline.h"

#include <algorithm>
#include <cassert>
#include <stdexcept>
#include <string>

namespace lockstep::planners {

Interpolation interpolation_named(std::string_view name) {
  if (name == "hold") return Interpolation::kHold;
  if (name == "linear") return Interpolation::kLinear;
  if (name == "cubic") return Interpolation::kCubic;
  throw std::out_of_range(std::string(name));
}

ControlSpline::ControlSpline(Interpolation interpolation, int knots, int horizon, int nu)
    : knots_(knots == 0 ? horizon : knots), horizon_(horizon), nu_(nu), dense_(knots == 0 || knots == horizon) {
  assert(knots == 0 || (knots >= 2 && knots <= horizon));
  if (dense_) return;
  const int last = knots_ - 1;
  taps_.resize(static_cast<size_t>(horizon));
  for (int step = 0; step < horizon; ++step) {
    const double position = static_cast<double>(step) * last / (horizon - 1);
    const int left = std::min(static_cast<int>(position), last - 1);
    const double t = position - left, t2 = t * t, t3 = t2 * t;
    Tap& tap = taps_[static_cast<size_t>(step)];
    for (int i = 0; i < 4; ++i) tap.knot[i] = std::clamp(left - 1 + i, 0, last);
    const auto set = [&](double a, double b, double c, double d) {
      tap.weight[0] = a;
      tap.weight[1] = b;
      tap.weight[2] = c;
      tap.weight[3] = d;
    };
    switch (interpolation) {
      case Interpolation::kHold:
        set(0, t < 1 ? 1 : 0, t < 1 ? 0 : 1, 0);
        break;
      case Interpolation::kLinear:
        set(0, 1 - t, t, 0);
        break;
      case Interpolation::kCubic: {
        const double m1 = t3 - 2 * t2 + t, m2 = t3 - t2;  // Hermite weights of the slopes at both ends
        set(-0.5 * m1, 2 * t3 - 3 * t2 + 1 - 0.5 * m2, 3 * t2 - 2 * t3 + 0.5 * m1, 0.5 * m2);
        break;
      }
    }
  }
}

int ControlSpline::step_of(int knot) const {
  if (dense_) return knot;
  return static_cast<int>(static_cast<double>(knot) * (horizon_ - 1) / (knots_ - 1) + 0.5);
}

void ControlSpline::expand(const double* knots, double* controls) const {
  if (dense_) {
    std::copy_n(knots, static_cast<size_t>(horizon_) * nu_, controls);
    return;
  }
  for (int step = 0; step < horizon_; ++step) {
    const Tap& tap = taps_[static_cast<size_t>(step)];
    for (int i = 0; i < nu_; ++i) {
      double sum = 0;
      for (int k = 0; k < 4; ++k) sum += tap.weight[k] * knots[static_cast<size_t>(tap.knot[k]) * nu_ + i];
      controls[static_cast<size_t>(step) * nu_ + i] = sum;
    }
  }
}

void ControlSpline::pull_back(const double* controls, double* knots) const {
  if (dense_) {
    std::copy_n(controls, static_cast<size_t>(horizon_) * nu_, knots);
    return;
  }
  std::fill_n(knots, static_cast<size_t>(knots_) * nu_, 0.0);
  for (int step = 0; step < horizon_; ++step) {
    const Tap& tap = taps_[static_cast<size_t>(step)];
    for (int k = 0; k < 4; ++k)
      for (int i = 0; i < nu_; ++i)
        knots[static_cast<size_t>(tap.knot[k]) * nu_ + i] +=
            tap.weight[k] * controls[static_cast<size_t>(step) * nu_ + i];
  }
}

}  // namespace lockstep::planners
