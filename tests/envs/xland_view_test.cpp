// Tests what agents see: orientation, the edge of the grid, and what walls hide.
#include "envs/xland/field_of_view.h"
#include "envs/xland/ruleset_generator.h"
#include "tests/envs/xland_room.h"

#include <gtest/gtest.h>

namespace lockstep::envs::xland {
namespace {

TEST(XlandView, TurnsTheGridSoThatForwardIsUp) {
  Room room;
  room.put(3, 3, kSquare).put(2, 3, kBall).put(3, 4, kHex);  // under the agent, above it, to its right
  EXPECT_EQ(room.seen(4, 2), kSquare);
  EXPECT_EQ(room.seen(3, 2), kBall);
  EXPECT_EQ(room.seen(4, 3), kHex);
  room.act(kClockwise);
  EXPECT_EQ(room.seen(4, 1), kBall);
  EXPECT_EQ(room.seen(3, 2), kHex);
  room.act(kClockwise);
  EXPECT_EQ(room.seen(4, 1), kHex);
  EXPECT_EQ(room.seen(3, 2), kFloorTile);
  room.act(kClockwise);
  EXPECT_EQ(room.seen(4, 3), kBall);
}

TEST(XlandView, ShowsNothingBeyondTheGrid) {
  Room room;
  EXPECT_EQ(room.seen(1, 2), kWallTile);
  EXPECT_EQ(room.seen(0, 2), kNoTile);
  room.stand(1, 1, 3);
  EXPECT_EQ(room.seen(3, 2), kWallTile);
  for (int row = 0; row < 3; ++row) {
    for (int column = 0; column < 5; ++column) EXPECT_EQ(room.seen(row, column), kNoTile);
  }
}

TEST(XlandView, HidesWhatIsBehindWallsWhereSightIsBlocked) {
  Room room({}, {}, true);
  for (int x = 1; x < 6; ++x) room.put(2, x, kWallTile);
  room.put(1, 3, kBall);
  EXPECT_EQ(room.seen(3, 2), kWallTile);
  EXPECT_EQ(room.seen(2, 2), kNoTile);
  EXPECT_EQ(room.put(2, 3, {10, 1}).seen(2, 2), kBall) << "through an open door";
  EXPECT_EQ(room.put(2, 3, {9, 1}).seen(2, 2), kNoTile) << "through a closed one";
}

// The shuffled view of five cells against plain gathering, everywhere in a grid whose cells all differ from their
// neighbours, edges included.
TEST(XlandView, IsTheSameForEveryInstructionSet) {
  constexpr int kSide = 9;
  WorldState state;
  for (int i = 0; i < kSide * kSide; ++i) {
    state.grid.push_back(static_cast<std::uint8_t>(i % 13));
    state.grid.push_back(static_cast<std::uint8_t>(i * 7 % 12));
  }
  Worlds worlds({.layout = LayoutKind::kR1, .side = kSide}, {Ruleset{}});
  for (int place = 0; place < kSide * kSide * 4; ++place) {
    state.y = place / 4 / kSide;
    state.x = place / 4 % kSide;
    state.direction = place % 4;
    worlds.set_state(0, state);
    const WorldBatch& b = worlds.batch();
    std::uint8_t expected[50];
    Cell seen[25];
    FieldOfView<kernels::NativeIsa>::gather(b.geometry, b.grids, b.agents.position[0], b.agents.direction[0], seen);
    FieldOfView<kernels::NativeIsa>::spread(5, seen, expected);
    ASSERT_TRUE(std::equal(expected, expected + 50, worlds.observation().begin())) << "place " << place;
  }
}

}  // namespace
}  // namespace lockstep::envs::xland
