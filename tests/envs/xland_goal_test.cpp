// Tests the fourteen goals of XLand worlds, their order after the rules, and the reward.
#include "tests/envs/xland_room.h"

#include <gtest/gtest.h>

namespace lockstep::envs::xland {
namespace {

constexpr EncodedTile kGoalTile{6, 2};
constexpr std::uint8_t kAllActions[] = {kForward, kClockwise, kCounterclockwise, kPickUp, kPutDown, kToggle};

TEST(XlandGoal0, IsNeverReached) {
  Room room;
  for (const std::uint8_t action : kAllActions) EXPECT_FALSE(room.act(action).reached());
}

TEST(XlandGoal1, IsReachedByPickingUp) {
  Room room(goal(1, kBall));
  EXPECT_FALSE(room.hold(kBall).act(kForward).reached()) << "by having it";
  EXPECT_TRUE(room.act(kPickUp).reached()) << "by trying to pick up with it in the pocket";
  EXPECT_TRUE(Room(goal(1, kBall)).put(2, 3, kBall).act(kPickUp).reached());
  EXPECT_FALSE(Room(goal(1, kBall)).put(2, 3, kSquare).act(kPickUp).reached());
}

TEST(XlandGoal2, IsReachedByMovingOntoTheTile) {
  Room room(goal(2, kGoalTile));
  EXPECT_TRUE(room.put(2, 3, kGoalTile).act(kForward).reached());
  EXPECT_FALSE(room.act(kClockwise).reached());
}

TEST(XlandGoal3, IsReachedByMovingBesideTheTile) {
  for (int side = 0; side < 4; ++side) {
    Room room(goal(3, kBall));
    room.put(2 + kDown[side], 3 + kRight[side], kBall).act(kClockwise);
    EXPECT_FALSE(room.reached()) << "by turning";
    EXPECT_TRUE(room.act(kCounterclockwise).act(kForward).reached()) << "side " << side;
  }
}

TEST(XlandGoal4, IsReachedByPuttingOneTileBesideTheOther) {
  for (int side = 0; side < 4; ++side) {
    for (const bool puts_a : {true, false}) {
      Room room(goal(4, kBall, kSquare));
      room.put(2 + kDown[side], 3 + kRight[side], puts_a ? kSquare : kBall).hold(puts_a ? kBall : kSquare);
      EXPECT_FALSE(room.act(kToggle).reached());
      EXPECT_TRUE(room.act(kPutDown).reached()) << "side " << side;
    }
  }
}

TEST(XlandGoal5, IsReachedWhereverTheTileComesFrom) {
  Room room({5, kBall[0], kBall[1], 1, 1});
  for (const std::uint8_t action : kAllActions) {
    EXPECT_FALSE(room.put(1, 1, kSquare).act(action).reached());
    EXPECT_TRUE(room.put(1, 1, kBall).act(action).reached()) << "action " << int{action};
  }
}

TEST(XlandGoal6, IsReachedWhereTheAgentStands) {
  Room room({6, 2, 3, 0, 0});
  EXPECT_FALSE(room.act(kClockwise).act(kCounterclockwise).reached());
  EXPECT_TRUE(room.act(kForward).reached());
  EXPECT_TRUE(room.act(kToggle).reached()) << "any action counts";
}

class XlandGoalDirection : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(UpRightDownLeft, XlandGoalDirection, testing::Range(0, 4));

// Goals 7..10: b is above, right of, below, left of a.
TEST_P(XlandGoalDirection, NeedsTheTilesInThatDirection) {
  const int wanted = GetParam();
  for (const bool puts_a : {true, false}) {
    for (int side = 0; side < 4; ++side) {
      Room room(goal(static_cast<std::uint8_t>(7 + wanted), kBall, kSquare));
      room.put(2 + kDown[side], 3 + kRight[side], puts_a ? kSquare : kBall).hold(puts_a ? kBall : kSquare);
      EXPECT_EQ(room.act(kPutDown).reached(), side == (puts_a ? wanted : wanted ^ 2)) << "side " << side;
    }
  }
}

// Goals 11..14: a is above, right of, below, left of the agent.
TEST_P(XlandGoalDirection, NeedsTheTileOnThatSideOfTheAgent) {
  const int wanted = GetParam();
  for (int side = 0; side < 4; ++side) {
    for (const std::uint8_t action : kAllActions) {
      Room room(goal(static_cast<std::uint8_t>(11 + wanted), kBall));
      room.put(2, 3, kWallTile).put(3 + kDown[side], 3 + kRight[side], kBall).hold(kSquare);
      const bool counts = action == kForward || action == kPutDown;
      EXPECT_EQ(room.act(action).reached(), counts && side == wanted) << "side " << side << ", action " << int{action};
    }
  }
}

TEST(XlandGoals, AreLookedAtAfterTheRulesChangedTiles) {
  EXPECT_TRUE(Room(goal(3, kHex), {rule(2, kBall, kHex)}).put(2, 3, kBall).act(kForward).reached());
  EXPECT_FALSE(Room(goal(3, kBall), {rule(2, kBall, kHex)}).put(2, 3, kBall).act(kForward).reached());
  EXPECT_TRUE(Room(goal(1, kHex), {rule(1, kBall, kHex)}).put(2, 3, kBall).act(kPickUp).reached());
}

TEST(XlandReward, FallsWithTheStepsTaken) {
  Room room(goal(3, kBall));
  for (int k = 0; k < 9; ++k) EXPECT_EQ(room.act(kClockwise).worlds().reward()[0], 0);
  room.stand(3, 3, 0).put(2, 3, kBall).act(kForward);
  EXPECT_EQ(room.worlds().max_steps(), 3 * 7 * 7);
  EXPECT_FLOAT_EQ(room.worlds().reward()[0], 1.0f - 0.9f * 10.0f / 147.0f);
  EXPECT_EQ(room.worlds().discount(0), 0);
  EXPECT_EQ(room.worlds().step_type(0), StepType::kLast);
}

}  // namespace
}  // namespace lockstep::envs::xland
