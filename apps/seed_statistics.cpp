// Sorts, resamples and interpolates.
#include "apps/seed_statistics.h"
#include "apps/quantile.h"
#include "kernels/philox.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>

namespace lockstep::apps {
namespace {

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();
constexpr std::uint32_t kResampling = 0xb007;  // stream of random numbers
constexpr int kCurveResamples = 500;           // of every point of a band

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// Between the curve's points, and its first and last value outside them.
double value_at(const LearningCurve& curve, double x) {
  const auto above = std::ranges::lower_bound(curve.x, x);
  if (above == curve.x.end()) return curve.y.back();
  const auto k = static_cast<size_t>(above - curve.x.begin());
  if (k == 0 || *above == x) return curve.y[k];
  const double share = (x - curve.x[k - 1]) / (curve.x[k] - curve.x[k - 1]);
  return curve.y[k - 1] + share * (curve.y[k] - curve.y[k - 1]);
}

}  // namespace

double interquartile_mean(std::vector<double> scores) {
  assert(!scores.empty());
  std::ranges::sort(scores);
  const size_t cut = scores.size() / 4;
  return mean_of(std::span<const double>(scores).subspan(cut, scores.size() - 2 * cut));
}

Interval bootstrap_interval(std::span<const std::vector<double>> strata, const BootstrapConfig& config) {
  const kernels::RandomStream stream{config.seed, kResampling};
  std::vector<double> means, drawn;
  for (int resample = 0; resample < config.resamples; ++resample) {
    drawn.clear();
    for (size_t stratum = 0; stratum < strata.size(); ++stratum) {
      const std::vector<double>& scores = strata[stratum];
      for (size_t k = 0; k < scores.size(); ++k) {
        const double u = kernels::uniform<double>(stream, static_cast<std::uint32_t>(stratum),
                                                  static_cast<std::uint32_t>(resample), static_cast<std::uint32_t>(k));
        drawn.push_back(scores[static_cast<size_t>(u * static_cast<double>(scores.size()))]);
      }
    }
    means.push_back(interquartile_mean(drawn));
  }
  const double tail = (1 - config.coverage) / 2;
  return {quantile(means, tail), quantile(means, 1 - tail)};
}

SeedStatistics seed_statistics(std::span<const double> values) {
  std::vector<std::vector<double>> strata(1);
  std::vector<double>& known = strata.front();
  std::ranges::copy_if(values, std::back_inserter(known), [](double value) { return std::isfinite(value); });
  SeedStatistics all{static_cast<int>(known.size()), kNothing, kNothing, kNothing, {kNothing, kNothing}};
  if (known.empty()) return all;
  all.mean = mean_of(known);
  all.iqm = interquartile_mean(known);
  all.interval = bootstrap_interval(strata, {});
  if (known.size() < 2) return all;
  double squares = 0;
  for (const double value : known) squares += (value - all.mean) * (value - all.mean);
  all.deviation = std::sqrt(squares / static_cast<double>(known.size() - 1));
  return all;
}

CurveBand curve_band(std::span<const LearningCurve> curves, int points) {
  CurveBand band;
  if (curves.empty()) return band;
  double first = -std::numeric_limits<double>::infinity(), last = first;
  for (const LearningCurve& curve : curves) {
    assert(!curve.x.empty());
    first = std::max(first, curve.x.front());
    last = std::max(last, curve.x.back());
  }
  std::vector<std::vector<double>> strata(1, std::vector<double>(curves.size()));
  for (int point = 0; point < points; ++point) {
    const double x = points > 1 ? first + (last - first) * point / (points - 1) : first;
    std::ranges::transform(curves, strata[0].begin(), [x](const LearningCurve& curve) { return value_at(curve, x); });
    const Interval interval = bootstrap_interval(strata, {.resamples = kCurveResamples});
    band.x.push_back(x);
    band.iqm.push_back(interquartile_mean(strata[0]));
    band.low.push_back(interval.low);
    band.high.push_back(interval.high);
  }
  return band;
}

}  // namespace lockstep::apps
