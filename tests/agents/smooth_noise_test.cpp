// Exploration noise has the variance and the correlation that it promises, and repeats itself for the same seed.
#include "agents/smooth_noise.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::agents {
namespace {

constexpr double kTimestep = 0.01, kCorrelationTime = 0.1;
constexpr int kSamples = 200000;  // 1e4 correlation times: means are good to about 1 / sqrt(1e4) = 1 %

std::vector<double> series(std::uint64_t seed, std::uint32_t stream) {
  SmoothNoise noise(seed, stream, 1, kTimestep, kCorrelationTime);
  std::vector<double> values(kSamples);
  for (double& value : values) value = noise.next()[0];
  return values;
}

double lagged_product(const std::vector<double>& z, int lag) {
  double sum = 0;
  for (int k = lag; k < kSamples; ++k) sum += z[k] * z[k - lag];
  return sum / (kSamples - lag);
}

TEST(SmoothNoise, HasUnitVariance) { EXPECT_NEAR(lagged_product(series(1, 0), 0), 1, 0.06); }

TEST(SmoothNoise, LosesItsMemoryOverTheCorrelationTime) {
  EXPECT_NEAR(lagged_product(series(2, 0), 10), std::exp(-1.0), 0.06);
}

TEST(SmoothNoise, RepeatsItselfForTheSameSeedAndStream) { EXPECT_EQ(series(3, 1), series(3, 1)); }

TEST(SmoothNoise, DiffersBetweenStreams) { EXPECT_NE(series(3, 1)[0], series(3, 2)[0]); }

TEST(SmoothNoise, DrawsEveryControlByItself) {
  SmoothNoise noise(1, 0, 2, kTimestep, kCorrelationTime);
  const auto sample = noise.next();
  EXPECT_NE(sample[0], sample[1]);
}

}  // namespace
}  // namespace lockstep::agents
