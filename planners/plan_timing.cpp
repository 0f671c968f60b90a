// Sorts the times of plans.
#include "planners/plan_timing.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace lockstep::planners {

double quantile_of_sorted(std::span<const double> sorted, double share) {
  return sorted.empty() ? 0 : sorted[static_cast<size_t>(share * static_cast<double>(sorted.size() - 1))];
}

PlanTiming timing_of(std::span<const double> milliseconds) {
  if (milliseconds.empty()) return {};
  std::vector<double> sorted(milliseconds.begin(), milliseconds.end());
  std::sort(sorted.begin(), sorted.end());
  const double mean = std::accumulate(sorted.begin(), sorted.end(), 0.0) / static_cast<double>(sorted.size());
  return {static_cast<int>(sorted.size()),
          mean,
          quantile_of_sorted(sorted, 0.5),
          quantile_of_sorted(sorted, 0.99),
          milliseconds.front(),
          1000 / mean};
}

}  // namespace lockstep::planners
