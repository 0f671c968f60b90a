// Builds the layouts of rooms as xminigrid 0.9.3 does (envs/xland.py), without their random part.
#include "envs/xland/layout.h"
#include "engine/error.h"

#include <algorithm>

#include <fmt/format.h>

namespace lockstep::envs::xland {
namespace {

constexpr int kLeastSide = 5, kMostSide = 255, kLeastView = 3, kMostViewSide = 15;

// Draws walls and doors into a layout, in rows and columns.
class Builder {
 public:
  Builder(const Geometry& geometry, Layout& layout) : g_(geometry), layout_(layout) {
    layout_.grid.assign(static_cast<std::size_t>(g_.bytes), kNothing);
    for (int y = 0; y < g_.side; ++y) {
      for (int x = 0; x < g_.side; ++x) layout_.grid[at(y, x)] = kFloor;
    }
    for (const int edge : {0, g_.side - 1}) {
      wall_across(edge, 0, g_.side);
      wall_down(edge);
    }
  }

  void wall_across(int y, int x, int length) {
    for (int i = 0; i < length; ++i) layout_.grid[at(y, x + i)] = kWall;
  }
  void wall_down(int x) {
    for (int y = 0; y < g_.side; ++y) layout_.grid[at(y, x)] = kWall;
  }
  // A door in a wall across: in one of `choices` columns from x on. And in one down: rows from y on.
  void door_across(int y, int x, int choices) { door(at(y, x), 1, choices); }
  void door_down(int y, int x, int choices) { door(at(y, x), g_.stride, choices); }

  void collect_free() {
    for (int y = 0; y < g_.side; ++y) {
      for (int x = 0; x < g_.side; ++x) {
        if (layout_.grid[at(y, x)] == kFloor) layout_.free.push_back(static_cast<std::uint32_t>(at(y, x)));
      }
    }
  }

 private:
  [[nodiscard]] std::size_t at(int y, int x) const { return static_cast<std::size_t>(g_.origin + y * g_.stride + x); }
  void door(std::size_t first, int step, int choices) {
    layout_.doors.push_back(
        {static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(step), static_cast<std::uint32_t>(choices)});
  }

  const Geometry& g_;
  Layout& layout_;
};

void build_two(Builder& builder, int side) {
  builder.wall_down(side / 2);
  builder.door_down(1, side / 2, side - 2);
}

void build_four(Builder& builder, int side) {
  const int half = side / 2;
  builder.wall_down(half);
  builder.wall_across(half, 0, side);
  builder.door_across(half, 1, half - 1);
  builder.door_across(half, half + 1, half - 1);
  builder.door_down(1, half, half - 1);
  builder.door_down(half + 1, half, half - 1);
}

void build_six(Builder& builder, int side) {
  const int half = side / 2, third = side / 3;
  for (const int x : {half - 2, half + 2}) builder.wall_down(x);
  for (const int y : {third, 2 * third}) {
    builder.wall_across(y, 0, half - 2);
    builder.wall_across(y, half + 2, half - 2);
  }
  for (const int x : {half - 2, half + 2}) {
    for (const int y : {half - third, half, half + third}) builder.door_down(y, x, 1);
  }
}

void build_nine(Builder& builder, int side) {
  const int room = side / 3;
  for (const int wall : {room, 2 * room}) {
    builder.wall_down(wall);
    builder.wall_across(wall, 0, side);
  }
  for (int column = 0; column < 3; ++column) {
    for (int row = 0; row < 3; ++row) {
      if (column < 2) builder.door_down(row * room + 1, (column + 1) * room, room - 1);
      if (row < 2) builder.door_across((row + 1) * room, column * room + 1, room - 1);
    }
  }
}

void check_side(LayoutKind kind, int side) {
  const auto refuse = [&](const std::string& fix) {
    std::string name(layout_name(kind));
    std::ranges::transform(name, name.begin(), [](char c) { return c == 'r' ? 'R' : c; });
    throw Error(fmt::format("a grid of {0}x{0} cannot be divided as {1} asks", side, name), "layout", fix);
  };
  if (kind == LayoutKind::kR4 && side % 2 == 0) refuse("take an odd side: 9, 11, 13 ...");
  if (kind == LayoutKind::kR6 && side < 9) refuse("take a side of at least 9");
  if (kind == LayoutKind::kR9 && (side < 7 || (side - 4) % 3 != 0)) {
    refuse("take a side of 3 k + 4: 7, 10, 13, 16, 19, 22, 25 ...");
  }
}

}  // namespace

Geometry make_geometry(int side, int view) {
  if (side < kLeastSide || side > kMostSide) {
    throw Error(fmt::format("a side of {} cells is outside [{}, {}]", side, kLeastSide, kMostSide), "grid",
                "positions are bytes: take a side in that range");
  }
  if (view < kLeastView || view > kMostViewSide || view % 2 == 0) {
    throw Error(fmt::format("a view of {} cells is not odd, or outside [{}, {}]", view, kLeastView, kMostViewSide),
                "observation", "take 5, as XLand-MiniGrid does");
  }
  Geometry g{.side = side, .view = view};
  const int margin = view - 1;
  g.stride = side + margin;
  g.origin = margin * g.stride + margin;
  // The last row's margin to the right, and rows of eight bytes that are read at a time.
  const int used = (side + 2 * margin) * g.stride + margin + 8;
  g.bytes = (used + 63) / 64 * 64;
  const int half = view / 2;
  const int ahead[4] = {-g.stride, 1, g.stride, -1};
  const int up[4] = {margin, half, 0, half}, left[4] = {half, 0, half, margin};
  for (int direction = 0; direction < 4; ++direction) {
    g.ahead[direction] = static_cast<std::uint32_t>(ahead[direction]);
    g.corner[direction] = static_cast<std::uint32_t>(-up[direction] * g.stride - left[direction]);
  }
  return g;
}

LayoutTable Layout::table() const {
  LayoutTable table{.grid = grid.data(),
                    .free = free.data(),
                    .num_free = static_cast<std::uint32_t>(free.size()),
                    .num_doors = static_cast<std::uint32_t>(doors.size()),
                    .doors = {}};
  std::ranges::copy(doors, table.doors);
  return table;
}

Layout make_layout(LayoutKind kind, const Geometry& geometry) {
  check_side(kind, geometry.side);
  Layout layout;
  Builder builder(geometry, layout);
  if (kind == LayoutKind::kR2) build_two(builder, geometry.side);
  if (kind == LayoutKind::kR4) build_four(builder, geometry.side);
  if (kind == LayoutKind::kR6) build_six(builder, geometry.side);
  if (kind == LayoutKind::kR9) build_nine(builder, geometry.side);
  builder.collect_free();
  return layout;
}

std::string_view layout_name(LayoutKind kind) {
  switch (kind) {
    case LayoutKind::kR1:
      return "r1";
    case LayoutKind::kR2:
      return "r2";
    case LayoutKind::kR4:
      return "r4";
    case LayoutKind::kR6:
      return "r6";
    case LayoutKind::kR9:
      break;
  }
  return "r9";
}

}  // namespace lockstep::envs::xland
