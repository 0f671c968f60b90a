// What planners predict where nothing can be: that the start is held.
#pragma once

#include <span>

namespace lockstep::planners {

[[nodiscard]] bool all_finite(std::span<const double> numbers);

// states [N + 1][nx]: x0 [nx] in every row, with 0 for what is not finite.
void hold_start(std::span<const double> x0, std::span<double> states);

}  // namespace lockstep::planners
