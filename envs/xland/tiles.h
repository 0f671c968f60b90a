// Tiles and colours of XLand-MiniGrid, the byte that holds both, and what can be done with each kind of tile.
// Numbers as in xminigrid 0.9.3: Nikulin et al., XLand-MiniGrid: Scalable Meta-RL Environments in JAX (2023).
#pragma once

#include "kernels/lanes.h"

#include <cstdint>

namespace lockstep::envs::xland {

enum class Tile : std::uint8_t {
  kEmpty,  // what is outside the grid, or not seen
  kFloor,
  kWall,
  kBall,
  kSquare,
  kPyramid,
  kGoal,
  kKey,
  kDoorLocked,
  kDoorClosed,
  kDoorOpen,
  kHex,
  kStar
};
enum class Colour : std::uint8_t {
  kEmpty,
  kRed,
  kGreen,
  kBlue,
  kPurple,
  kYellow,
  kGrey,
  kBlack,
  kOrange,
  kWhite,
  kBrown,
  kPink
};
inline constexpr int kTiles = 13, kColours = 12;

// A tile and its colour in one byte: tile in the upper four bits, colour in the lower.
using Cell = std::uint8_t;

[[gnu::always_inline]] LS_FN constexpr Cell cell_of(Tile tile, Colour colour) {
  return static_cast<Cell>((static_cast<unsigned>(tile) << 4) | static_cast<unsigned>(colour));
}
[[gnu::always_inline]] LS_FN constexpr unsigned tile_of(Cell cell) { return cell >> 4; }
[[gnu::always_inline]] LS_FN constexpr unsigned colour_of(Cell cell) { return cell & 15u; }

inline constexpr Cell kNothing = 0;  // outside the grid; also an empty pocket
inline constexpr Cell kFloor = cell_of(Tile::kFloor, Colour::kBlack);
inline constexpr Cell kWall = cell_of(Tile::kWall, Colour::kGrey);

// A set of kinds of tiles: bit n stands for tile n.
using TileSet = std::uint32_t;
[[gnu::always_inline]] LS_FN constexpr TileSet kind(Tile tile) { return TileSet{1} << static_cast<unsigned>(tile); }
[[gnu::always_inline]] LS_FN constexpr bool holds(TileSet set, Cell cell) { return ((set >> tile_of(cell)) & 1u) != 0; }

inline constexpr TileSet kWalkable = kind(Tile::kFloor) | kind(Tile::kGoal) | kind(Tile::kDoorOpen);
inline constexpr TileSet kPickable = kind(Tile::kBall) | kind(Tile::kSquare) | kind(Tile::kPyramid) | kind(Tile::kKey) |
                                     kind(Tile::kHex) | kind(Tile::kStar);
inline constexpr TileSet kSightBlocking = kind(Tile::kWall) | kind(Tile::kDoorLocked) | kind(Tile::kDoorClosed);

enum class Action : std::uint8_t { kForward, kTurnClockwise, kTurnCounterclockwise, kPickUp, kPutDown, kToggle };
inline constexpr int kActions = 6;
// In place of an action: ends the episode as truncated, and the world starts its next one.
inline constexpr std::uint8_t kCutEpisode = 255;

enum class Direction : std::uint8_t { kUp, kRight, kDown, kLeft };

}  // namespace lockstep::envs::xland
