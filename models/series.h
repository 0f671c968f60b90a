// Trajectories of samples as the sparse regressions see them: times, states and controls, evenly sampled or not.
#pragma once

#include "engine/view.h"

#include <span>

namespace lockstep::models {

// One trajectory. Does not own its arrays.
struct Series {
  std::span<const double> time;  // [rows] s, increasing
  View<const double, 2> x;       // [rows][nx] as measured
  View<const double, 2> smooth;  // [rows][nx] without noise, for features; may be x
  View<const double, 2> u;       // [rows][nu]

  [[nodiscard]] int rows() const { return static_cast<int>(time.size()); }
};

}  // namespace lockstep::models
