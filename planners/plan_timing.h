// How long plans took: rates and quantiles of a list of times.
#pragma once

#include <span>

namespace lockstep::planners {

// Wall-clock cost of the plans since the last reset; not part of any result.
struct PlanTiming {
  int plans = 0;
  double mean_ms = 0, p50_ms = 0, p99_ms = 0;
  double first_ms = 0;  // of the first plan, which starts from nothing and may solve several guesses
  double rate_hz = 0;   // plans per second of planning time
};

// The number at or below which `share` (0 to 1) of the sorted numbers lie; 0 where there are none.
[[nodiscard]] double quantile_of_sorted(std::span<const double> sorted, double share);

// Of the times [plans] (ms) of all plans, in their order.
[[nodiscard]] PlanTiming timing_of(std::span<const double> milliseconds);

}  // namespace lockstep::planners
