// The blocked layout puts (world, field) where kernels and learners expect it.
#include "engine/view.h"

#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep {
namespace {

TEST(WorldView, IsRowMajorWithOneLane) {
  std::vector<float> memory(12);
  const auto view = world_view(memory.data(), 4, 3, 1);
  EXPECT_EQ(&view(2, 1), &memory[2 * 3 + 1]);
}

TEST(WorldView, IsFieldMajorWithAllWorldsInOneBlock) {
  std::vector<float> memory(12);
  const auto view = world_view(memory.data(), 4, 3, 4);
  EXPECT_EQ(&view(2, 1), &memory[1 * 4 + 2]);
}

TEST(WorldView, PutsLanesOfOneBlockSideBySide) {
  std::vector<float> memory(2 * 3 * 8);
  const auto view = world_view(memory.data(), 16, 3, 8);
  EXPECT_EQ(&view(11, 2), &memory[1 * 3 * 8 + 2 * 8 + 3]);
}

TEST(WorldView, SkipsTheRestOfALargerBlock) {
  std::vector<float> memory(2 * 100);
  const auto view = world_view(memory.data(), 16, 3, 8, 100);
  EXPECT_EQ(&view(8, 0), &memory[100]);
}

TEST(WorldView, GivesEveryElementAPlaceOfItsOwn) {
  std::vector<float> memory(3 * 5 * 8);
  const auto view = world_view(memory.data(), 19, 5, 8);
  std::set<const float*> places;
  for (long world = 0; world < 19; ++world)
    for (long field = 0; field < 5; ++field) places.insert(&view(world, field));
  EXPECT_EQ(places.size(), 19u * 5u);
  EXPECT_LT(*places.rbegin(), memory.data() + view.mapping().required_span_size());
}

}  // namespace
}  // namespace lockstep
