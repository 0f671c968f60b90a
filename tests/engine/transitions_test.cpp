// Transitions: segments that never cross a boundary, filters and splits that keep that so, exact saving.
#include "engine/transitions.h"
#include "engine/error.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace lockstep {
namespace {

// Trajectories of the given lengths; state = 100 * trajectory + step.
TransitionData counted(const std::vector<int>& lengths) {
  TransitionData data(1, 1);
  for (size_t t = 0; t < lengths.size(); ++t) {
    for (int k = 0; k < lengths[t]; ++k) {
      const std::vector<double> x{100.0 * static_cast<double>(t) + k}, u{0.5}, next{x[0] + 1};
      data.append({.x = x, .u = u, .next = next, .reward = k * 0.1, .trajectory = static_cast<std::int64_t>(t)});
    }
  }
  return data;
}

// Every row of a segment but its last leads to the state of the next row.
void expect_unbroken(const TransitionData& data) {
  for (const auto& [first, last] : data.segments()) {
    for (int row = first; row + 1 < last; ++row) EXPECT_EQ(data.next()(row, 0), data.x()(row + 1, 0));
  }
}

TEST(TransitionData, CutsSegmentsAtTrajectoriesAndEnds) {
  TransitionData data = counted({3, 4});
  const std::vector<double> x{7}, u{0};
  data.append({.x = x, .u = u, .next = x, .done = true, .trajectory = 5});
  data.append({.x = x, .u = u, .next = x, .trajectory = 5});
  EXPECT_EQ(data.segments(), (std::vector<std::pair<int, int>>{{0, 3}, {3, 7}, {7, 8}, {8, 9}}));
  EXPECT_EQ(data.segments(2), (std::vector<std::pair<int, int>>{{0, 3}, {3, 7}}));
}

TEST(TransitionData, FilteredBreaksTheMotionAtItsGaps) {
  const TransitionData data = counted({6, 3});
  const TransitionData kept = data.filtered(std::vector<std::uint8_t>{1, 1, 0, 1, 1, 1, 1, 1, 1});
  EXPECT_EQ(kept.size(), 8);
  EXPECT_EQ(kept.segments(), (std::vector<std::pair<int, int>>{{0, 2}, {2, 5}, {5, 8}}));
  expect_unbroken(kept);
}

TEST(TransitionData, HoldsOutWholeTrajectoriesWhereThereAreEnough) {
  const auto [fit, held_out] = counted({10, 10, 10, 10, 10, 10, 10, 10, 10, 10}).split(0.3);
  EXPECT_EQ(held_out.size(), 30);
  EXPECT_EQ(fit.size(), 70);
  EXPECT_EQ(held_out.segments(10).size(), 3u);
  expect_unbroken(fit);
}

TEST(TransitionData, HoldsOutTheTailOfASingleTrajectory) {
  const auto [fit, held_out] = counted({100}).split(0.2);
  EXPECT_EQ(held_out.size(), 20);
  EXPECT_EQ(held_out.x()(0, 0), 80);
  EXPECT_EQ(fit.size(), 80);
}

TEST(TransitionData, LoadsWhatItSaved) {
  const TransitionData data = counted({4, 2});
  ByteWriter writer("transitions", 1);
  data.save(writer);
  const std::vector<std::byte> bytes = std::move(writer).finish();
  ByteReader reader(bytes, "transitions", 1, "test");
  const TransitionData loaded = TransitionData::load(reader);
  ByteWriter again("transitions", 1);
  loaded.save(again);
  EXPECT_EQ(std::move(again).finish(), bytes);
}

TEST(TransitionData, RefusesARowOfAnotherSize) {
  TransitionData data(2, 1);
  const std::vector<double> one{1}, two{1, 2};
  EXPECT_THROW(data.append({.x = one, .u = one, .next = two}), Error);
  EXPECT_EQ(data.size(), 0);
}

TEST(TransitionData, RefusesAShareOfNothing) { EXPECT_THROW((void)counted({3}).split(0), Error); }

}  // namespace
}  // namespace lockstep
