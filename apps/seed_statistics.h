// What runs that differ in their seed alone say together: interquartile means, bootstrap intervals, curves over seeds.
//
// R. Agarwal, M. Schwarzer, P. Castro, A. Courville, M. Bellemare, "Deep reinforcement learning at the edge of the
// statistical precipice", NeurIPS 2021: with few runs, the interquartile mean and its bootstrap interval say more than
// mean or median. Random numbers are counter-based: the same scores give the same interval everywhere.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace lockstep::apps {

// Mean of the middle half: a quarter of the scores, rounded down, is left out at either end (scipy.stats.trim_mean, as
// the paper's code has it). At least one score.
[[nodiscard]] double interquartile_mean(std::vector<double> scores);

struct Interval {
  double low = 0, high = 0;
};
struct BootstrapConfig {
  int resamples = 2000;    // >= 1
  double coverage = 0.95;  // (0, 1)
  std::uint64_t seed = 0;  // of the draws
};
// Percentile interval of the interquartile mean of all scores together, under the stratified bootstrap: every resample
// draws, from each stratum (the seeds of one task), as many scores as it has, with replacement.
[[nodiscard]] Interval bootstrap_interval(std::span<const std::vector<double>> strata, const BootstrapConfig& config);

// Of one number over seeds. NaN where there is nothing to say: a deviation of one seed, anything of none.
struct SeedStatistics {
  int count = 0;
  double mean = 0;
  double deviation = 0;  // of the sample, n - 1 in the denominator
  double iqm = 0;
  Interval interval;  // 95%, of the iqm
};
// Values that are not finite are left out (a seed without success has no steps to it).
[[nodiscard]] SeedStatistics seed_statistics(std::span<const double> values);

// A return over env steps; x ascends, the same length.
struct LearningCurve {
  std::vector<double> x, y;
};
// Curves of several seeds as one.
struct CurveBand {
  std::vector<double> x, iqm, low, high;  // the same length; low and high: 95% interval of the iqm
};
// At `points` places from the first that every curve has reached to the last that any has: each curve is interpolated,
// and beyond its end keeps its last value (the policy of a run that is done stays as it is). All places resample the
// same seeds, so that the band is no more ragged than the curves. Empty without curves.
[[nodiscard]] CurveBand curve_band(std::span<const LearningCurve> curves, int points);

}  // namespace lockstep::apps
