// Student's 95% interval, its quantiles from the table up to 30 degrees of freedom.
#include "apps/episode_returns.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <numeric>

namespace lockstep::apps {
namespace {

// Quantile 0.975 of Student's t distribution by degrees of freedom; beyond the table the expansion in 1/dof of
// Abramowitz and Stegun 26.7.5 around the normal quantile, good to 1e-4 there.
double t_quantile(int dof) {
  constexpr std::array kTable = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
                                 2.201,  2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
                                 2.080,  2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042};
  if (dof <= static_cast<int>(kTable.size())) return kTable[static_cast<size_t>(dof - 1)];
  const double z = 1.959964;
  return z + (z * z * z + z) / (4.0 * dof) + (5 * std::pow(z, 5) + 16 * z * z * z + 3 * z) / (96.0 * dof * dof);
}

}  // namespace

EpisodeReturns summarize_returns(std::span<const double> returns) {
  assert(!returns.empty());
  EpisodeReturns summary;
  summary.episodes = static_cast<int>(returns.size());
  const auto count = static_cast<double>(returns.size());
  summary.mean = std::accumulate(returns.begin(), returns.end(), 0.0) / count;
  const auto [lowest, highest] = std::ranges::minmax(returns);
  summary.lowest = lowest;
  summary.highest = highest;
  if (returns.size() < 2) return summary;
  double squares = 0;
  for (const double value : returns) squares += (value - summary.mean) * (value - summary.mean);
  summary.half_width = t_quantile(summary.episodes - 1) * std::sqrt(squares / (count - 1) / count);
  return summary;
}

}  // namespace lockstep::apps
