// Layouts of rooms: R1, R2, R4, R6 and R9 of XLand-MiniGrid.
#pragma once

#include "envs/xland/world_state.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace lockstep::envs::xland {

// The number of rooms.
enum class LayoutKind : std::uint8_t { kR1 = 1, kR2 = 2, kR4 = 4, kR6 = 6, kR9 = 9 };

// Throws Error for a side outside [5, 255] and a view that is not odd or outside [3, 15].
[[nodiscard]] Geometry make_geometry(int side, int view);

// Walls, floor, and where doors may stand.
struct Layout {
  std::vector<Cell> grid;           // [geometry.bytes]
  std::vector<std::uint32_t> free;  // bytes of the floor cells, row by row
  std::vector<DoorDraw> doors;
  [[nodiscard]] LayoutTable table() const;
};

// Throws Error for a side that the layout does not fit: R4 takes odd ones, R6 9 or more, R9 those with (side - 4) % 3
// == 0.
[[nodiscard]] Layout make_layout(LayoutKind kind, const Geometry& geometry);

// "r4": as it stands in names of tasks.
[[nodiscard]] std::string_view layout_name(LayoutKind kind);

}  // namespace lockstep::envs::xland
