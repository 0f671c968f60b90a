// Tests the ground of quadruped-escape against heights that the suite's own code made of the same bumps.
#include "envs/bowl_terrain.h"
#include "envs/env.h"
#include "tests/envs/reference.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>
#include <mujoco/mujoco.h>

namespace lockstep::envs {
namespace {

constexpr int kResolution = 201;
constexpr double kHalfWidth = 30;

std::vector<float> drawn(std::uint64_t seed, std::uint32_t world, std::uint32_t episode) {
  std::vector<float> heights(kResolution * kResolution);
  BowlTerrain(kResolution, kHalfWidth).draw(seed, world, episode, heights);
  return heights;
}

TEST(BowlTerrain, IsTheSuitesForTheSameBumps) {
  const Reference reference = read_reference("quadruped-escape");
  std::vector<float> heights(kResolution * kResolution);
  BowlTerrain(kResolution, kHalfWidth).shape(reference.bumps, heights);
  for (std::size_t i = 0; i < reference.some_heights.size(); ++i) {
    EXPECT_NEAR(heights[97 * i], reference.some_heights[i], 1e-7) << 97 * i;  // float
  }
}

TEST(BowlTerrain, DependsOnSeedWorldAndEpisode) {
  const auto heights = drawn(1, 2, 3);
  EXPECT_EQ(heights, drawn(1, 2, 3));
  EXPECT_NE(heights, drawn(2, 2, 3));
  EXPECT_NE(heights, drawn(1, 3, 3));
  EXPECT_NE(heights, drawn(1, 2, 4));
}

TEST(BowlTerrain, IsLowInTheMiddleAndHighHalfwayOut) {
  const auto heights = drawn(1, 0, 0);
  const auto at = [&](int row, int column) { return heights[static_cast<std::size_t>(row * kResolution + column)]; };
  EXPECT_LT(at(100, 100), 0.02);
  EXPECT_EQ(at(100, 0), 0);
  float highest = 0;
  for (int column = 140; column <= 160; ++column) highest = std::max(highest, at(100, column));
  EXPECT_GT(highest, 0.3);
}

// Every world begins on ground of its own, which nothing touches yet, and another one in its next episode.
TEST(QuadrupedEscape, StandsOnAnotherGroundInEveryWorldAndEpisode) {
  const auto env = make_environment("quadruped-escape", {.num_worlds = 3, .seed = 4});
  ASSERT_TRUE(env->has_own_heights());
  const auto heights = [&](int world) {
    std::vector<float> numbers(static_cast<std::size_t>(env->mujoco_model()->nhfielddata));
    env->get_heights(world, numbers);
    return numbers;
  };
  env->reset();
  EXPECT_EQ(heights(1), drawn(4, 1, 0));
  EXPECT_EQ(heights(2), drawn(4, 2, 0));
  env->reset();
  EXPECT_EQ(heights(1), drawn(4, 1, 1));
}

}  // namespace
}  // namespace lockstep::envs
