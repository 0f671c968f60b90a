// Quantiles of repeated measurements.
#pragma once

#include <vector>

namespace lockstep::apps {

// The value below which `share` (0 to 1) of the numbers lie, interpolated between neighbours; there must be one at
// least.
[[nodiscard]] double quantile(std::vector<double> values, double share);

}  // namespace lockstep::apps
