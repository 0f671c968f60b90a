// Repeats the start.
#include "planners/held_start.h"

#include <algorithm>
#include <cmath>

namespace lockstep::planners {

bool all_finite(std::span<const double> numbers) {
  return std::all_of(numbers.begin(), numbers.end(), [](double v) { return std::isfinite(v); });
}

void hold_start(std::span<const double> x0, std::span<double> states) {
  for (size_t at = 0; at < states.size(); ++at) {
    const double value = x0[at % x0.size()];
    states[at] = std::isfinite(value) ? value : 0;
  }
}

}  // namespace lockstep::planners
