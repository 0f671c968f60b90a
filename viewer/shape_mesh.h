// Triangles of the shapes that worlds are drawn from, each in several levels of detail; made once, on the processor.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <mujoco/mujoco.h>

namespace lockstep::viewer {

// A corner of a triangle. An instance puts it at centre + R (place * size + (0, 0, shift * stretch)).
struct ShapeVertex {
  std::array<float, 3> place{};
  float shift = 0;
  std::array<float, 3> normal{};
};

struct TriangleMesh {
  std::vector<ShapeVertex> vertices;
  std::vector<std::uint32_t> corners;  // [triangles][3], anticlockwise seen from outside
};

// One level of detail.
struct ShapeLevel {
  TriangleMesh mesh;
  float error = 0;  // how far its outline strays from the shape's, as a share of the instance's detail radius
  // The mesh is the near half of a capsule, given in the axes (across, along, towards the eye): a few triangles with
  // the true outline from any side.
  bool facing_eye = false;
};

// Levels from the coarsest to the finest.
using Shape = std::vector<ShapeLevel>;

// Places of the shapes that every model has in its table; meshes and height fields follow.
enum ShapeId { kCapsuleShape, kEllipsoidShape, kCylinderShape, kBoxShape, kArrowShape, kNumPrimitives };

// All shapes of a model: the primitives above (a sphere is a capsule without stretch), then its meshes in model units,
// then its height fields.
[[nodiscard]] std::vector<Shape> make_shapes(const mjModel& model);
[[nodiscard]] inline int mesh_shape(int mesh) { return kNumPrimitives + mesh; }
[[nodiscard]] inline int height_field_shape(const mjModel& model, int field) {
  return kNumPrimitives + static_cast<int>(model.nmesh) + field;
}

// `mesh` with the vertices of each cube merged where `cells` cubes span its longest side: far fewer triangles, the same
// outline within a cube. Hard edges keep their normals.
[[nodiscard]] TriangleMesh merge_vertices(const TriangleMesh& mesh, int cells);

}  // namespace lockstep::viewer
