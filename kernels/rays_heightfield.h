// Where a ray first meets a height field: its triangles from either side, its four walls, and the box below it. Every
// lane walks the cells under its own ray.
#pragma once

#include "kernels/collision_shapes.h"
#include "kernels/rays.h"

namespace lockstep::kernels {

namespace detail {

// The part [from, to] of a ray in which it is above the field's base and below its highest possible point.
template <class R>
struct RayPart {
  R from, to;
};

// The cells [first, last) of `cells` over [-half, half] between two places, and one more on either side.
struct CellRange {
  int first, last;
};
template <class R>
[[gnu::always_inline]] LS_FN CellRange cells_between(R a, R b, R half, int cells) {
  const R scale = R(cells) / (half + half);
  const R low = floor((minimum(a, b) + half) * scale) - R(1), high = floor((maximum(a, b) + half) * scale) + R(2);
  return {static_cast<int>(clamp(low, R(0), R(cells))), static_cast<int>(clamp(high, R(0), R(cells)))};
}

// Point of the grid at a row and a column.
template <class R>
[[gnu::always_inline]] LS_FN Vector3<R> grid_point(const HeightFieldShape<R>& field, int row, int column) {
  const R* size = field.size;
  return {size[0] * (R(2) * R(column) / R(field.num_columns - 1) - R(1)),
          size[1] * (R(2) * R(row) / R(field.num_rows - 1) - R(1)),
          size[2] * field.heights[row * field.num_columns + column]};
}

// The nearest triangle of one lane's ray in `part`.
template <class R>
[[gnu::always_inline]] LS_FN R hit_grid(const HeightFieldShape<R>& field, const Ray<R>& ray, RayPart<R> part) {
  const R low_y = ray.at(part.from).y, high_y = ray.at(part.to).y;
  const R cell_y = R(2) * field.size[1] / R(field.num_rows - 1);
  const bool along_row = absolute(ray.way.y) < kShortest<R>;
  const CellRange rows = cells_between(low_y, high_y, field.size[1], field.num_rows - 1);
  R nearest = never_hit<R>();
  for (int row = rows.first; row < rows.last; ++row) {
    // Where the ray is over this row and half of its neighbours.
    R from = part.from, to = part.to;
    if (!along_row) {
      const R near = cell_y * (R(row) - R(0.5)) - field.size[1], far = near + R(2) * cell_y;
      const R a = (near - ray.start.y) / ray.way.y, b = (far - ray.start.y) / ray.way.y;
      from = maximum(from, minimum(a, b));
      to = minimum(to, maximum(a, b));
      if (from > to) continue;
    }
    const CellRange columns = cells_between(ray.at(from).x, ray.at(to).x, field.size[0], field.num_columns - 1);
    for (int column = columns.first; column < columns.last; ++column) {
      const Vector3<R> a = grid_point(field, row, column), c = grid_point(field, row + 1, column + 1);
      nearest = minimum(hit_triangle(ray, a, grid_point(field, row, column + 1), c), nearest);
      nearest = minimum(hit_triangle(ray, a, c, grid_point(field, row + 1, column)), nearest);
    }
  }
  return nearest;
}

// Height of the field's edge over a wall; axis and side as cross_faces has them, p on that wall.
template <class R>
[[gnu::always_inline]] LS_FN R edge_height(const HeightFieldShape<R>& field, Vector3<R> p, int axis, int side) {
  const int cells = axis == 0 ? field.num_rows - 1 : field.num_columns - 1;
  const R half = field.size[1 - axis], along = ((axis == 0 ? p.y : p.x) + half) * R(cells) / (half + half);
  const int cell = static_cast<int>(clamp(floor(along), R(0), R(cells - 1)));
  const int end = side == 0 ? 0 : (axis == 0 ? field.num_columns - 1 : field.num_rows - 1);
  const auto height = [&](int k) { return axis == 0 ? grid_point(field, k, end).z : grid_point(field, end, k).z; };
  const R share = along - R(cell);
  return height(cell) * (R(1) - share) + height(cell + 1) * share;
}

// One lane's ray with what is above the base.
template <class R>
[[gnu::always_inline]] LS_FN R hit_terrain(const HeightFieldShape<R>& field, const Ray<R>& ray) {
  const R* size = field.size;
  const R half[3] = {size[0], size[1], size[2] / R(2)};
  const Ray<R> raised{{ray.start.x, ray.start.y, ray.start.z - half[2]}, ray.way};
  R nearest = never_hit<R>(), first = never_hit<R>(), last = R(-1);
  cross_faces(raised, half, [&](R t, bool hits, int axis, int side) {
    if (!hits) return;
    first = minimum(first, t);
    last = maximum(last, t);
    const Vector3<R> p = ray.at(t);
    if (axis != 2 && p.z < edge_height(field, p, axis, side)) nearest = minimum(nearest, t);
  });
  if (last < R(0)) return nearest;
  const bool starts_inside =
      absolute(raised.start.x) <= half[0] && absolute(raised.start.y) <= half[1] && absolute(raised.start.z) <= half[2];
  return minimum(hit_grid(field, ray, RayPart<R>{starts_inside ? R(0) : first, last}), nearest);
}

}  // namespace detail

template <class T>
[[gnu::noinline]] LS_FN T hit_height_field(const HeightFieldShape<Real<T>>& field, const Ray<T>& ray) {
  using R = Real<T>;
  const T base[3] = {T(field.size[0]), T(field.size[1]), T(field.size[3] / R(2))};
  const Ray<T> raised{{ray.start.x, ray.start.y, ray.start.z + base[2]}, ray.way};
  T nearest = detail::hit_box(raised, base);
  const T top[3] = {T(field.size[0]), T(field.size[1]), T(field.size[2] / R(2))};
  const Ray<T> lowered{{ray.start.x, ray.start.y, ray.start.z - top[2]}, ray.way};
  for_each_lane(is_finite(detail::hit_box(lowered, top)), [&](int i) {
    const Ray<R> own{{lane(ray.start.x, i), lane(ray.start.y, i), lane(ray.start.z, i)},
                     {lane(ray.way.x, i), lane(ray.way.y, i), lane(ray.way.z, i)}};
    HeightFieldShape<R> own_field = field;
    own_field.heights += static_cast<std::ptrdiff_t>(i) * field.lane_stride;
    set_lane(nearest, i, minimum(detail::hit_terrain(own_field, own), lane(nearest, i)));
  });
  return nearest;
}

}  // namespace lockstep::kernels
