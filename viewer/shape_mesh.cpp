// Spheres, capsules, cylinders, boxes and arrows by their angles; meshes thinned by merging vertices (Rossignac and
// Borrel 1993).
#include "viewer/shape_mesh.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <utility>

namespace lockstep::viewer {
namespace {

constexpr double kPi = std::numbers::pi;

float as_float(double value) { return static_cast<float>(value); }

// Strays of an n-gon from its circle, as a share of the radius.
float outline_error(int sides) { return as_float(1 - std::cos(kPi / sides)); }

void add_triangle(TriangleMesh& mesh, int a, int b, int c) {
  for (const int corner : {a, b, c}) mesh.corners.push_back(static_cast<std::uint32_t>(corner));
}

int add_vertex(TriangleMesh& mesh, std::array<double, 3> place, std::array<double, 3> normal, double shift = 0) {
  ShapeVertex vertex;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    vertex.place[axis] = as_float(place[axis]);
    vertex.normal[axis] = as_float(normal[axis]);
  }
  vertex.shift = as_float(shift);
  mesh.vertices.push_back(vertex);
  return static_cast<int>(mesh.vertices.size()) - 1;
}

// A unit sphere whose upper half moves up and whose lower half moves down with the stretch.
TriangleMesh capsule(int sides) {
  TriangleMesh mesh;
  const int rings = std::max(2, sides / 4);  // from a pole to the equator
  for (int half = 0; half < 2; ++half) {
    for (int ring = 0; ring <= rings; ++ring) {
      const double polar = 0.5 * kPi * (half + static_cast<double>(ring) / rings);
      for (int side = 0; side < sides; ++side) {
        const double turn = 2 * kPi * side / sides;
        const std::array<double, 3> at = {std::sin(polar) * std::cos(turn), std::sin(polar) * std::sin(turn),
                                          std::cos(polar)};
        add_vertex(mesh, at, at, half == 0 ? 1 : -1);
      }
    }
  }
  for (int ring = 0; ring + 1 < 2 * (rings + 1); ++ring) {
    for (int side = 0; side < sides; ++side) {
      const int next = (side + 1) % sides, above = ring * sides, below = above + sides;
      if (ring > 0) add_triangle(mesh, above + side, below + next, above + next);
      if (ring + 2 < 2 * (rings + 1)) add_triangle(mesh, above + side, below + side, below + next);
    }
  }
  return mesh;
}

// The near half of a capsule as the eye sees it: its outline, and a ridge towards the eye. x is across, y along the
// axis, z towards the eye; `arcs` straight pieces a cap.
TriangleMesh facing_capsule(int arcs) {
  TriangleMesh mesh;
  const int upper = add_vertex(mesh, {0, 0, 1}, {0, 0, 1}, 1);
  const int lower = add_vertex(mesh, {0, 0, 1}, {0, 0, 1}, -1);
  const auto rim = [&](double turn, double shift) {
    const std::array<double, 3> at = {std::cos(turn), std::sin(turn), 0};
    return add_vertex(mesh, at, at, shift);
  };
  std::vector<int> tops, bottoms;
  for (int arc = 0; arc <= arcs; ++arc) {
    tops.push_back(rim(kPi * arc / arcs, 1));
    bottoms.push_back(rim(kPi * arc / arcs + kPi, -1));
  }
  for (std::size_t arc = 0; arc + 1 < tops.size(); ++arc) {
    add_triangle(mesh, upper, tops[arc], tops[arc + 1]);
    add_triangle(mesh, lower, bottoms[arc], bottoms[arc + 1]);
  }
  add_triangle(mesh, tops.back(), bottoms.front(), upper);
  add_triangle(mesh, bottoms.front(), lower, upper);
  add_triangle(mesh, bottoms.back(), tops.front(), lower);
  add_triangle(mesh, tops.front(), upper, lower);
  return mesh;
}

TriangleMesh sphere(int sides) {
  TriangleMesh mesh = capsule(sides);
  for (ShapeVertex& vertex : mesh.vertices) vertex.shift = 0;
  return mesh;
}

// A side and two lids: radii at heights, each piece with its own normals.
void add_band(TriangleMesh& mesh, int sides, std::array<double, 2> low, std::array<double, 2> high) {
  const double rise = high[1] - low[1], shrink = low[0] - high[0], length = std::hypot(rise, shrink);
  const int first = static_cast<int>(mesh.vertices.size());
  for (int side = 0; side < sides; ++side) {
    const double turn = 2 * kPi * side / sides, x = std::cos(turn), y = std::sin(turn);
    const std::array<double, 3> normal = {x * rise / length, y * rise / length, shrink / length};
    add_vertex(mesh, {low[0] * x, low[0] * y, low[1]}, normal);
    add_vertex(mesh, {high[0] * x, high[0] * y, high[1]}, normal);
  }
  for (int side = 0; side < sides; ++side) {
    const int here = first + 2 * side, next = first + 2 * ((side + 1) % sides);
    if (low[0] > 0) add_triangle(mesh, here, next, next + 1);
    if (high[0] > 0) add_triangle(mesh, here, next + 1, here + 1);
    if (high[0] <= 0 && low[0] <= 0) break;
  }
}

void add_lid(TriangleMesh& mesh, int sides, double radius, double height, bool up) {
  const int first = static_cast<int>(mesh.vertices.size());
  for (int side = 0; side < sides; ++side) {
    const double turn = 2 * kPi * side / sides;
    add_vertex(mesh, {radius * std::cos(turn), radius * std::sin(turn), height}, {0, 0, up ? 1.0 : -1.0});
  }
  for (int side = 1; side + 1 < sides; ++side) {
    if (up) add_triangle(mesh, first, first + side, first + side + 1);
    if (!up) add_triangle(mesh, first, first + side + 1, first + side);
  }
}

TriangleMesh cylinder(int sides) {
  TriangleMesh mesh;
  add_band(mesh, sides, {1, -1}, {1, 1});
  add_lid(mesh, sides, 1, 1, true);
  add_lid(mesh, sides, 1, -1, false);
  return mesh;
}

// From the origin to z = 1: a shaft of radius 1 and a head of 1.75.
TriangleMesh arrow(int sides) {
  constexpr double kNeck = 0.82, kHead = 1.75;
  TriangleMesh mesh;
  add_lid(mesh, sides, 1, 0, false);
  add_band(mesh, sides, {1, 0}, {1, kNeck});
  add_lid(mesh, sides, kHead, kNeck, false);
  add_band(mesh, sides, {kHead, kNeck}, {0, 1});
  return mesh;
}

TriangleMesh box() {
  TriangleMesh mesh;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    for (const double side : {-1.0, 1.0}) {
      std::array<double, 3> normal{}, right{}, up{};
      normal[axis] = side;
      right[(axis + 1) % 3] = side;
      up[(axis + 2) % 3] = 1;
      int corners[4];
      for (int corner = 0; corner < 4; ++corner) {
        const double x = corner == 1 || corner == 2 ? 1 : -1, y = corner >= 2 ? 1 : -1;
        std::array<double, 3> at{};
        for (std::size_t k = 0; k < 3; ++k) at[k] = normal[k] + x * right[k] + y * up[k];
        corners[corner] = add_vertex(mesh, at, normal);
      }
      add_triangle(mesh, corners[0], corners[1], corners[2]);
      add_triangle(mesh, corners[0], corners[2], corners[3]);
    }
  }
  return mesh;
}

// Vertices of a mesh are pairs of a position and a normal that occur together.
TriangleMesh model_mesh(const mjModel& model, int id) {
  TriangleMesh mesh;
  std::map<std::pair<int, int>, int> known;
  const float* places = model.mesh_vert + 3 * static_cast<std::ptrdiff_t>(model.mesh_vertadr[id]);
  const float* normals = model.mesh_normal + 3 * static_cast<std::ptrdiff_t>(model.mesh_normaladr[id]);
  for (int face = model.mesh_faceadr[id]; face < model.mesh_faceadr[id] + model.mesh_facenum[id]; ++face) {
    for (int corner = 0; corner < 3; ++corner) {
      const auto at = 3 * static_cast<std::ptrdiff_t>(face) + corner;
      const int place = model.mesh_face[at], normal = model.mesh_facenormal[at];
      const auto [found, is_new] = known.try_emplace({place, normal}, static_cast<int>(mesh.vertices.size()));
      if (is_new) {
        ShapeVertex vertex;
        std::copy_n(places + 3 * static_cast<std::ptrdiff_t>(place), 3, vertex.place.begin());
        std::copy_n(normals + 3 * static_cast<std::ptrdiff_t>(normal), 3, vertex.normal.begin());
        mesh.vertices.push_back(vertex);
      }
      mesh.corners.push_back(static_cast<std::uint32_t>(found->second));
    }
  }
  return mesh;
}

// Rows go along y, columns along x, as in MuJoCo.
TriangleMesh height_field(const mjModel& model, int id) {
  TriangleMesh mesh;
  const int rows = model.hfield_nrow[id], columns = model.hfield_ncol[id];
  const mjtNum* size = model.hfield_size + 4 * static_cast<std::ptrdiff_t>(id);
  const float* data = model.hfield_data + model.hfield_adr[id];
  const double step_x = 2 * size[0] / (columns - 1), step_y = 2 * size[1] / (rows - 1);
  const auto height = [&](int row, int column) {
    const auto at = static_cast<std::ptrdiff_t>(std::clamp(row, 0, rows - 1)) * columns;
    return size[2] * static_cast<double>(data[at + std::clamp(column, 0, columns - 1)]);
  };
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      const double slope_x = (height(row, column + 1) - height(row, column - 1)) / (2 * step_x);
      const double slope_y = (height(row + 1, column) - height(row - 1, column)) / (2 * step_y);
      const double length = std::sqrt(1 + slope_x * slope_x + slope_y * slope_y);
      add_vertex(mesh, {column * step_x - size[0], row * step_y - size[1], height(row, column)},
                 {-slope_x / length, -slope_y / length, 1 / length});
    }
  }
  for (int row = 0; row + 1 < rows; ++row) {
    for (int column = 0; column + 1 < columns; ++column) {
      const int at = row * columns + column;
      add_triangle(mesh, at, at + 1, at + columns);
      add_triangle(mesh, at + 1, at + columns + 1, at + columns);
    }
  }
  return mesh;
}

struct Extent {
  std::array<float, 3> low{}, high{};
  [[nodiscard]] float longest() const {
    float side = 0;
    for (std::size_t axis = 0; axis < 3; ++axis) side = std::max(side, high[axis] - low[axis]);
    return side;
  }
};

Extent extent_of(const TriangleMesh& mesh) {
  Extent extent;
  if (mesh.vertices.empty()) return extent;
  extent.low = extent.high = mesh.vertices.front().place;
  for (const ShapeVertex& vertex : mesh.vertices) {
    for (std::size_t axis = 0; axis < 3; ++axis) {
      extent.low[axis] = std::min(extent.low[axis], vertex.place[axis]);
      extent.high[axis] = std::max(extent.high[axis], vertex.place[axis]);
    }
  }
  return extent;
}

// Merged copies while they save something, then the mesh itself. Outlines stray by some 0.15 of a cube's side, and the
// radius is about half the longest side.
Shape levels_of(TriangleMesh mesh) {
  Shape shape;
  for (const int cells : {5, 10, 20, 40, 80}) {
    TriangleMesh merged = merge_vertices(mesh, cells);
    if (3 * merged.corners.size() > 2 * mesh.corners.size()) break;
    shape.push_back({std::move(merged), 0.3F / static_cast<float>(cells), false});
  }
  shape.push_back({std::move(mesh), 0, false});
  return shape;
}

template <class Make>
Shape round_levels(Make make, std::initializer_list<int> sides) {
  Shape shape;
  for (const int count : sides) shape.push_back({make(count), outline_error(count), false});
  return shape;
}

}  // namespace

TriangleMesh merge_vertices(const TriangleMesh& mesh, int cells) {
  const Extent extent = extent_of(mesh);
  const float cell = extent.longest() / static_cast<float>(cells);
  if (!(cell > 0)) return mesh;
  struct Group {
    std::array<float, 3> sum{};
    int count = 0;
  };
  const auto cell_of = [&](const ShapeVertex& vertex) {
    int key = 0;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const int at = static_cast<int>((vertex.place[axis] - extent.low[axis]) / cell);
      key = key * cells + std::min(at, cells - 1);
    }
    return key;
  };
  const auto side_of = [](const ShapeVertex& vertex) {
    return (vertex.normal[0] > 0 ? 1 : 0) + (vertex.normal[1] > 0 ? 2 : 0) + (vertex.normal[2] > 0 ? 4 : 0);
  };
  std::map<int, Group> places;                     // by cell: the mean of its vertices
  std::map<std::pair<int, int>, Group> normals;    // by cell and octant of the normal
  std::map<std::pair<int, int>, int> new_indices;  // the same
  for (const ShapeVertex& vertex : mesh.vertices) {
    const int at = cell_of(vertex);
    Group& place = places[at];
    Group& normal = normals[{at, side_of(vertex)}];
    ++place.count;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      place.sum[axis] += vertex.place[axis];
      normal.sum[axis] += vertex.normal[axis];
    }
  }
  TriangleMesh merged;
  for (const auto& [key, normal] : normals) {
    const Group& place = places[key.first];
    const float length = std::max(1e-9F, std::hypot(normal.sum[0], normal.sum[1], normal.sum[2]));
    ShapeVertex vertex;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      vertex.place[axis] = place.sum[axis] / static_cast<float>(place.count);
      vertex.normal[axis] = normal.sum[axis] / length;
    }
    new_indices[key] = static_cast<int>(merged.vertices.size());
    merged.vertices.push_back(vertex);
  }
  for (std::size_t first = 0; first + 2 < mesh.corners.size(); first += 3) {
    std::array<int, 3> cell_keys{}, corners{};
    for (std::size_t k = 0; k < 3; ++k) {
      const ShapeVertex& vertex = mesh.vertices[mesh.corners[first + k]];
      cell_keys[k] = cell_of(vertex);
      corners[k] = new_indices[{cell_keys[k], side_of(vertex)}];
    }
    if (cell_keys[0] == cell_keys[1] || cell_keys[1] == cell_keys[2] || cell_keys[0] == cell_keys[2]) continue;
    add_triangle(merged, corners[0], corners[1], corners[2]);
  }
  return merged;
}

std::vector<Shape> make_shapes(const mjModel& model) {
  std::vector<Shape> shapes(kNumPrimitives);
  for (const int arcs : {3, 4, 6}) {
    shapes[kCapsuleShape].push_back({facing_capsule(arcs), outline_error(2 * arcs), true});
  }
  for (ShapeLevel& level : round_levels(capsule, {16, 24, 40})) shapes[kCapsuleShape].push_back(std::move(level));
  shapes[kEllipsoidShape] = round_levels(sphere, {8, 12, 20, 40});
  shapes[kCylinderShape] = round_levels(cylinder, {6, 10, 16, 24, 40});
  shapes[kBoxShape] = {{box(), 0, false}};
  shapes[kArrowShape] = round_levels(arrow, {8, 16});
  for (int mesh = 0; mesh < static_cast<int>(model.nmesh); ++mesh) shapes.push_back(levels_of(model_mesh(model, mesh)));
  for (int field = 0; field < static_cast<int>(model.nhfield); ++field) {
    shapes.push_back(levels_of(height_field(model, field)));
  }
  return shapes;
}

}  // namespace lockstep::viewer
