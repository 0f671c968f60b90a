// Tests statistics over seeds against values known in closed form.
#include "apps/seed_statistics.h"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::apps {
namespace {

using Strata = std::vector<std::vector<double>>;

TEST(InterquartileMean, IsTheMeanOfTheMiddleHalf) {
  EXPECT_EQ(interquartile_mean({8, 1, 7, 2, 6, 3, 5, 4}), 4.5);
  EXPECT_EQ(interquartile_mean({-1e9, 1, 2, 6, 1e9}), 3);  // one of five is left out at either end
  EXPECT_EQ(interquartile_mean({1, 2, 6}), 3);             // a quarter of three is none
  EXPECT_EQ(interquartile_mean({7}), 7);
}

TEST(BootstrapInterval, OfConstantScoresHasNoWidth) {
  const Interval interval = bootstrap_interval(Strata{{3, 3, 3, 3, 3}}, {});
  EXPECT_EQ(interval.low, 3);
  EXPECT_EQ(interval.high, 3);
}

// Two strata of constants: a draw that crossed from one to the other would move the mean.
TEST(BootstrapInterval, DrawsWithinEachStratum) {
  const Interval interval = bootstrap_interval(Strata{{0, 0, 0, 0}, {10, 10, 10, 10}}, {});
  EXPECT_EQ(interval.low, 5);
  EXPECT_EQ(interval.high, 5);
}

// Of two scores 0 and 1 a resample's mean is 0, 1/2 or 1 with probabilities 1/4, 1/2, 1/4.
TEST(BootstrapInterval, HasTheQuantilesOfTheResamplesDistribution) {
  const Strata strata{{0, 1}};
  const Interval wide = bootstrap_interval(strata, {.coverage = 0.95});
  EXPECT_EQ(wide.low, 0);
  EXPECT_EQ(wide.high, 1);
  const Interval narrow = bootstrap_interval(strata, {.coverage = 0.40});  // quantiles 0.3 and 0.7
  EXPECT_EQ(narrow.low, 0.5);
  EXPECT_EQ(narrow.high, 0.5);
}

// Of 100 equidistant scores 0 .. 99: the interquartile mean's standard error by theory of trimmed means (Tukey and
// McLaughlin 1963) is the deviation of the scores winsorised at their quartiles over (1 - 2 * 0.25) sqrt(n).
TEST(BootstrapInterval, IsAsWideAsTheStandardErrorSays) {
  Strata strata(1);
  double square = 0;
  for (int k = 0; k < 100; ++k) {
    strata[0].push_back(k);
    square += std::pow(std::clamp(k, 25, 74) - 49.5, 2) / 99;
  }
  const double standard_error = std::sqrt(square) / (0.5 * 10);
  const Interval interval = bootstrap_interval(strata, {.resamples = 20000});
  EXPECT_NEAR(interval.high - interval.low, 2 * 1.96 * standard_error, 0.05 * 2 * 1.96 * standard_error);
  EXPECT_NEAR(0.5 * (interval.high + interval.low), 49.5, 0.1 * standard_error);
}

TEST(BootstrapInterval, IsAFunctionOfTheScoresAndTheSeed) {
  const Strata strata{{1, 5, 2, 8, 4, 9, 3}};
  const auto interval = [&](std::uint64_t seed) {
    const Interval found = bootstrap_interval(strata, {.resamples = 101, .coverage = 0.5, .seed = seed});
    return std::pair{found.low, found.high};
  };
  EXPECT_EQ(interval(1), interval(1));
  EXPECT_NE(interval(1), interval(2));
}

TEST(SeedStatistics, LeaveOutWhatIsNotThere) {
  const double nothing = std::numeric_limits<double>::quiet_NaN();
  const SeedStatistics some = seed_statistics(std::vector<double>{2, nothing, 4});
  EXPECT_EQ(some.count, 2);
  EXPECT_EQ(some.mean, 3);
  EXPECT_DOUBLE_EQ(some.deviation, std::sqrt(2.0));
  EXPECT_EQ(some.iqm, 3);
  const SeedStatistics one = seed_statistics(std::vector<double>{5});
  EXPECT_EQ(one.iqm, 5);
  EXPECT_TRUE(std::isnan(one.deviation));
  const SeedStatistics none = seed_statistics(std::vector<double>{nothing});
  EXPECT_EQ(none.count, 0);
  EXPECT_TRUE(std::isnan(none.mean));
}

TEST(CurveBand, InterpolatesAndKeepsTheLastValueOfAnEndedRun) {
  const std::vector<LearningCurve> curves = {{{0, 10}, {0, 10}}, {{0, 20}, {4, 24}}};
  const CurveBand band = curve_band(curves, 5);
  EXPECT_EQ(band.x, (std::vector<double>{0, 5, 10, 15, 20}));
  EXPECT_EQ(band.iqm, (std::vector<double>{2, 7, 12, 14.5, 17}));
  EXPECT_EQ(band.low.back(), 10);
  EXPECT_EQ(band.high.back(), 24);
}

TEST(CurveBand, BeginsWhereEveryCurveHasBegun) {
  const std::vector<LearningCurve> curves = {{{1, 9}, {0, 8}}, {{5, 9}, {1, 1}}};
  const CurveBand band = curve_band(curves, 2);
  EXPECT_EQ(band.x, (std::vector<double>{5, 9}));
  EXPECT_EQ(band.iqm, (std::vector<double>{2.5, 4.5}));
}

TEST(CurveBand, OfNoCurvesIsEmpty) { EXPECT_TRUE(curve_band({}, 10).x.empty()); }

}  // namespace
}  // namespace lockstep::apps
