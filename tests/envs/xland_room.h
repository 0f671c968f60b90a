// A small empty room in which tests of XLand worlds set up what they ask about.
#pragma once

#include "envs/xland/worlds.h"

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

namespace lockstep::envs::xland {

inline constexpr EncodedTile kBall{3, 1}, kSquare{4, 2}, kHex{11, 8}, kFloorTile{1, 7}, kWallTile{2, 6}, kNoTile{0, 0};
inline constexpr std::uint8_t kForward = 0, kClockwise = 1, kCounterclockwise = 2, kPickUp = 3, kPutDown = 4,
                              kToggle = 5;

// One world of 7x7, the agent at (3, 3) looking up, with one goal and rules.
class Room {
 public:
  explicit Room(EncodedGoal goal = {}, std::vector<EncodedRule> rules = {}, bool occluded = false)
      : worlds_({.layout = LayoutKind::kR1, .side = 7, .occluded = occluded, .trial_steps = 0, .auto_reset = false},
                {{.goal = goal, .rules = std::move(rules), .init_tiles = {}}}) {
    WorldState state = worlds_.get_state(0);
    state.y = state.x = 3;
    state.direction = 0;
    worlds_.set_state(0, state);
  }

  Room& put(int y, int x, EncodedTile tile) {
    WorldState state = worlds_.get_state(0);
    const auto at = static_cast<std::size_t>(2 * (y * 7 + x));
    state.grid[at] = tile[0];
    state.grid[at + 1] = tile[1];
    worlds_.set_state(0, state);
    return *this;
  }
  Room& hold(EncodedTile tile) {
    WorldState state = worlds_.get_state(0);
    state.pocket = tile;
    worlds_.set_state(0, state);
    return *this;
  }
  Room& stand(int y, int x, int direction) {
    WorldState state = worlds_.get_state(0);
    state.y = y;
    state.x = x;
    state.direction = direction;
    worlds_.set_state(0, state);
    return *this;
  }
  Room& act(std::uint8_t action) {
    worlds_.step(std::array{action});
    return *this;
  }

  [[nodiscard]] EncodedTile at(int y, int x) const {
    const auto i = static_cast<std::size_t>(2 * (y * 7 + x));
    const WorldState state = worlds_.get_state(0);
    return {state.grid[i], state.grid[i + 1]};
  }
  [[nodiscard]] EncodedTile pocket() const { return worlds_.get_state(0).pocket; }
  [[nodiscard]] std::array<int, 3> agent() const {
    const WorldState state = worlds_.get_state(0);
    return {state.y, state.x, state.direction};
  }
  [[nodiscard]] bool reached() const { return worlds_.terminated()[0] != 0; }
  [[nodiscard]] EncodedTile seen(int row, int column) const {
    const auto i = static_cast<std::size_t>(2 * (row * 5 + column));
    return {worlds_.observation()[i], worlds_.observation()[i + 1]};
  }
  [[nodiscard]] Worlds& worlds() { return worlds_; }

 private:
  Worlds worlds_;
};

inline EncodedRule rule(std::uint8_t id, EncodedTile a, EncodedTile product) {
  return {id, a[0], a[1], product[0], product[1], 0, 0};
}
inline EncodedRule rule(std::uint8_t id, EncodedTile a, EncodedTile b, EncodedTile product) {
  return {id, a[0], a[1], b[0], b[1], product[0], product[1]};
}
inline EncodedGoal goal(std::uint8_t id, EncodedTile a, EncodedTile b = {}) { return {id, a[0], a[1], b[0], b[1]}; }

// Row and column steps of up, right, down, left.
inline constexpr int kDown[4] = {-1, 0, 1, 0}, kRight[4] = {0, 1, 0, -1};

}  // namespace lockstep::envs::xland
