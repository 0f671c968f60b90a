// Tests the six actions of XLand worlds: moving, turning, picking up, putting down, doors and keys.
#include "tests/envs/xland_room.h"

#include <gtest/gtest.h>

namespace lockstep::envs::xland {
namespace {

constexpr EncodedTile kLocked{8, 1}, kClosed{9, 1}, kOpen{10, 1}, kRedKey{7, 1}, kBlueKey{7, 3};

TEST(XlandForward, MovesOntoFloorGoalAndOpenDoorOnly) {
  for (std::uint8_t tile = 1; tile < kTiles; ++tile) {
    Room room;
    room.put(2, 3, {tile, 1}).act(kForward);
    const bool walkable = tile == 1 || tile == 6 || tile == 10;
    EXPECT_EQ(room.agent()[0], walkable ? 2 : 3) << "tile " << int{tile};
    EXPECT_EQ(room.at(2, 3), (EncodedTile{tile, 1}));
  }
}

TEST(XlandForward, StaysAtTheEdgeOfAGridWithoutWalls) {
  Room room;
  room.stand(0, 3, 0).act(kForward);
  EXPECT_EQ(room.agent(), (std::array{0, 3, 0}));
}

TEST(XlandTurn, GoesRoundClockwiseAndBack) {
  Room room;
  for (const int direction : {1, 2, 3, 0}) EXPECT_EQ(room.act(kClockwise).agent()[2], direction);
  for (const int direction : {3, 2, 1, 0}) EXPECT_EQ(room.act(kCounterclockwise).agent()[2], direction);
}

TEST(XlandPickUp, TakesSixKindsOfObjectsAndNothingElse) {
  for (std::uint8_t tile = 1; tile < kTiles; ++tile) {
    Room room;
    room.put(2, 3, {tile, 5}).act(kPickUp);
    const bool pickable = tile == 3 || tile == 4 || tile == 5 || tile == 7 || tile == 11 || tile == 12;
    EXPECT_EQ(room.pocket(), pickable ? (EncodedTile{tile, 5}) : kNoTile) << "tile " << int{tile};
    EXPECT_EQ(room.at(2, 3), pickable ? kFloorTile : (EncodedTile{tile, 5}));
  }
}

TEST(XlandPickUp, LeavesObjectsWhereThePocketIsFull) {
  Room room;
  room.put(2, 3, kBall).hold(kSquare).act(kPickUp);
  EXPECT_EQ(room.pocket(), kSquare);
  EXPECT_EQ(room.at(2, 3), kBall);
}

TEST(XlandPutDown, NeedsFloorAndSomethingToPut) {
  for (std::uint8_t tile = 1; tile < kTiles; ++tile) {
    Room room;
    room.put(2, 3, {tile, 5}).hold(kSquare).act(kPutDown);
    EXPECT_EQ(room.at(2, 3), tile == 1 ? kSquare : (EncodedTile{tile, 5})) << "tile " << int{tile};
    EXPECT_EQ(room.pocket(), tile == 1 ? kNoTile : kSquare);
  }
  EXPECT_EQ(Room().act(kPutDown).at(2, 3), kFloorTile);
}

TEST(XlandToggle, OpensAndClosesDoorsOncePerStep) {
  Room room;
  room.put(2, 3, kClosed).act(kToggle);
  EXPECT_EQ(room.at(2, 3), kOpen);
  EXPECT_EQ(room.act(kToggle).at(2, 3), kClosed);
}

TEST(XlandToggle, UnlocksWithTheKeyOfTheSameColourAndKeepsIt) {
  Room room;
  room.put(2, 3, kLocked).act(kToggle);
  EXPECT_EQ(room.at(2, 3), kLocked) << "without a key";
  EXPECT_EQ(room.hold(kBlueKey).act(kToggle).at(2, 3), kLocked) << "with a key of another colour";
  EXPECT_EQ(room.hold({3, 1}).act(kToggle).at(2, 3), kLocked) << "with a ball of that colour";
  EXPECT_EQ(room.hold(kRedKey).act(kToggle).at(2, 3), kOpen);
  EXPECT_EQ(room.pocket(), kRedKey);
}

TEST(XlandToggle, LeavesEverythingButDoorsAlone) {
  for (std::uint8_t tile = 1; tile < kTiles; ++tile) {
    if (tile >= 8 && tile <= 10) continue;
    Room room;
    EXPECT_EQ(room.put(2, 3, {tile, 1}).hold(kRedKey).act(kToggle).at(2, 3), (EncodedTile{tile, 1}));
  }
}

TEST(XlandActions, OthersAreCountedAndDoNothingForAStep) {
  Room room;
  room.put(2, 3, kBall);
  const WorldState before = room.worlds().get_state(0);
  room.act(6).act(200);
  WorldState expected = before;
  expected.step = before.step + 2;
  EXPECT_EQ(room.worlds().get_state(0), expected);
  EXPECT_EQ(room.worlds().bad_actions(), 2);
}

}  // namespace
}  // namespace lockstep::envs::xland
