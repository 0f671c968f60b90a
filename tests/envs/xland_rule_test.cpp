// Tests the eleven rules of XLand worlds: what fires them, what they change, and in what order.
#include "tests/envs/xland_room.h"

#include <gtest/gtest.h>

namespace lockstep::envs::xland {
namespace {

TEST(XlandRule1, TurnsWhatIsHeldAfterPickingUp) {
  Room room({}, {rule(1, kBall, kHex)});
  EXPECT_EQ(room.put(2, 3, kBall).act(kPickUp).pocket(), kHex);
  EXPECT_EQ(room.hold(kBall).act(kForward).act(kClockwise).pocket(), kBall) << "it fires on picking up only";
  EXPECT_EQ(room.act(kPickUp).pocket(), kHex) << "a failed one counts";
}

TEST(XlandRule2, TurnsEveryTileBesideTheAgentAfterMoving) {
  Room room({}, {rule(2, kBall, kHex)});
  room.put(1, 3, kBall).put(2, 2, kBall).put(2, 4, kSquare).put(3, 2, kBall);
  room.act(kClockwise).act(kCounterclockwise).act(kToggle).act(kPickUp);
  EXPECT_EQ(room.at(3, 2), kBall) << "before a move";
  room.act(kForward);  // to (2, 3)
  EXPECT_EQ(room.at(1, 3), kHex);
  EXPECT_EQ(room.at(2, 2), kHex);
  EXPECT_EQ(room.at(2, 4), kSquare);
  EXPECT_EQ(room.at(3, 2), kBall) << "diagonal";
}

TEST(XlandRule2, FiresWhereTheMoveFailed) {
  Room room({}, {rule(2, kBall, kHex)});
  EXPECT_EQ(room.put(2, 3, kBall).act(kForward).at(2, 3), kHex);
}

TEST(XlandRule3, JoinsTheTileThatWasPutDownWithAllThatMatch) {
  for (const bool reversed : {false, true}) {
    const EncodedTile put = reversed ? kSquare : kBall, other = reversed ? kBall : kSquare;
    Room room({}, {rule(3, kBall, kSquare, kHex)});
    room.put(1, 3, other).put(2, 2, other).put(2, 4, put).hold(put).act(kPutDown);  // at (2, 3)
    EXPECT_EQ(room.at(2, 3), kFloorTile);
    EXPECT_EQ(room.at(1, 3), kHex);
    EXPECT_EQ(room.at(2, 2), kHex);
    EXPECT_EQ(room.at(2, 4), put);
  }
}

TEST(XlandRule3, FiresOnAFailedPutDownBesideATileThatIsThere) {
  Room room({}, {rule(3, kBall, kSquare, kHex)});
  room.put(2, 3, kBall).put(1, 3, kSquare).act(kPutDown);
  EXPECT_EQ(room.at(1, 3), kHex);
  EXPECT_EQ(room.at(2, 3), kFloorTile);
}

class XlandDirection : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(UpRightDownLeft, XlandDirection, testing::Range(0, 4));

// Rules 4..7: b is above, right of, below, left of a.
TEST_P(XlandDirection, JoinsInThatDirectionOnly) {
  const int wanted = GetParam();
  for (const bool puts_a : {true, false}) {
    for (int side = 0; side < 4; ++side) {
      Room room({}, {rule(static_cast<std::uint8_t>(4 + wanted), kBall, kSquare, kHex)});
      room.stand(4, 3, 0);  // puts down at (3, 3)
      const int y = 3 + kDown[side], x = 3 + kRight[side];
      if (side == 2) room.stand(3, 2, 1);  // (4, 3) is the neighbour then
      room.put(y, x, puts_a ? kSquare : kBall).hold(puts_a ? kBall : kSquare).act(kPutDown);
      const bool match = side == (puts_a ? wanted : wanted ^ 2);
      EXPECT_EQ(room.at(y, x), match ? kHex : puts_a ? kSquare : kBall) << "side " << side << ", a is put " << puts_a;
      EXPECT_EQ(room.at(3, 3), match ? kFloorTile : puts_a ? kBall : kSquare);
    }
  }
}

// Rules 8..11: a is above, right of, below, left of the agent.
TEST_P(XlandDirection, TurnsTheTileOnThatSideOfTheAgentAfterMovingOrPuttingDown) {
  const int wanted = GetParam();
  for (const std::uint8_t action : {kForward, kPutDown, kClockwise, kCounterclockwise, kPickUp, kToggle}) {
    Room room({}, {rule(static_cast<std::uint8_t>(8 + wanted), kSquare, kHex)});
    // Squares all around and a full pocket: nothing can be moved to, picked up or put down.
    for (int side = 0; side < 4; ++side) room.put(3 + kDown[side], 3 + kRight[side], kSquare);
    room.hold(kBall).act(action);
    for (int side = 0; side < 4; ++side) {
      const bool fires = side == wanted && (action == kForward || action == kPutDown);
      EXPECT_EQ(room.at(3 + kDown[side], 3 + kRight[side]), fires ? kHex : kSquare)
          << "side " << side << ", action " << int{action};
    }
  }
}

TEST(XlandRules, FireInTheirOrderEachOnWhatTheOneBeforeLeft) {
  const EncodedTile star{12, 3};
  Room forth({}, {rule(2, kBall, kHex), rule(2, kHex, star)});
  EXPECT_EQ(forth.put(2, 3, kBall).act(kForward).at(2, 3), star);
  Room back({}, {rule(2, kHex, star), rule(2, kBall, kHex)});
  EXPECT_EQ(back.put(2, 3, kBall).act(kForward).at(2, 3), kHex);
}

TEST(XlandRules, MakeTilesVanishWithFloorAsTheirProduct) {
  Room room({}, {rule(2, kBall, kFloorTile)});
  EXPECT_EQ(room.put(2, 3, kBall).act(kForward).at(2, 3), kFloorTile);
}

TEST(XlandRules, PaddingIsSkipped) {
  Room room({}, {EncodedRule{}, rule(2, kBall, kHex), EncodedRule{}});
  EXPECT_EQ(room.put(2, 3, kBall).act(kForward).at(2, 3), kHex);
}

TEST(XlandRules, OfTheLastPlaceInTheListFireToo) {
  std::vector<EncodedRule> rules(static_cast<std::size_t>(kMostRules - 1), rule(2, kSquare, kSquare));
  rules.push_back(rule(2, kBall, kHex));
  Room room({}, rules);
  EXPECT_EQ(room.put(2, 3, kBall).act(kForward).at(2, 3), kHex);
}

TEST(XlandRules, TouchNothingOutsideTheGrid) {
  Room room({}, {rule(2, kWallTile, kHex)});
  room.stand(0, 3, 0).act(kForward);
  EXPECT_EQ(room.at(0, 2), kHex);
  EXPECT_EQ(room.at(0, 4), kHex);
  for (int x = 0; x < 5; ++x) EXPECT_EQ(room.seen(0, x), kNoTile);
}

}  // namespace
}  // namespace lockstep::envs::xland
