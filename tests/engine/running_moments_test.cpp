// Tests of running moments: batches against the whole, limits, and going on from saved bytes.
#include "engine/running_moments.h"

#include <cmath>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep {
namespace {

// Far from 0, where a sum of squares would lose every digit.
std::vector<float> numbers() {
  std::vector<float> values(60);
  for (size_t k = 0; k < values.size(); ++k) values[k] = 1000 + std::sin(static_cast<float>(k * k));
  return values;
}

void add(RunningMoments& moments, const std::vector<float>& values, int first, int count) {
  moments.add(view(values.data() + first, count, 1));
}

TEST(RunningMoments, OfBatchesAreThoseOfTheWhole) {
  const std::vector<float> values = numbers();
  RunningMoments moments(1);
  add(moments, values, 0, 7);
  add(moments, values, 7, 1);
  add(moments, values, 8, 52);
  double mean = 0, variance = 0;
  for (const float x : values) mean += static_cast<double>(x) / 60;
  for (const float x : values) variance += (static_cast<double>(x) - mean) * (static_cast<double>(x) - mean) / 60;
  EXPECT_NEAR(moments.mean()[0], mean, 1e-10);
  EXPECT_NEAR(moments.variance(0), variance, 1e-10);
  EXPECT_EQ(moments.count(), 60);
}

TEST(RunningMoments, PutRowsOnAScaleOfOneWithinTheLimit) {
  const std::vector<float> values{1, 3};
  RunningMoments moments(1);
  add(moments, values, 0, 2);  // mean 2, deviation 1
  const std::vector<float> rows{2, 1, 50};
  std::vector<float> out(3);
  moments.standardise(view(rows.data(), 3, 1), 5, view(out.data(), 3, 1));
  EXPECT_NEAR(out[0], 0, 1e-6);
  EXPECT_NEAR(out[1], -1, 1e-6);
  EXPECT_EQ(out[2], 5);
}

TEST(RunningMoments, GoOnFromSavedBytesToTheSameBits) {
  const std::vector<float> values = numbers();
  RunningMoments straight(1), resumed(1);
  add(straight, values, 0, 20);
  ByteWriter out("moments", 1);
  straight.save(out);
  const auto bytes = std::move(out).finish();
  ByteReader in(bytes, "moments", 1, "test");
  resumed.load(in);
  add(straight, values, 20, 40);
  add(resumed, values, 20, 40);
  EXPECT_EQ(straight.mean()[0], resumed.mean()[0]);
  EXPECT_EQ(straight.variance(0), resumed.variance(0));
}

}  // namespace
}  // namespace lockstep
