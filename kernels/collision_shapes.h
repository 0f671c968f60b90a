// The constants of geoms that need more than three numbers: convex meshes and height fields, as pointers into host or
// device memory. engine/collision_shapes.h fills them from a MuJoCo model.
#pragma once

#include <cstdint>

namespace lockstep::kernels {

// The convex hull of a mesh, in the geom's own axes. R is the lanes' scalar type.
template <class R>
struct MeshShape {
  int num_vertices = 0;
  const R* vertices = nullptr;                      // [num_vertices][3] of the hull (m)
  R extent = 0;                                     // largest coordinate (m)
  int num_faces = 0;                                // flat polygons
  const R* face_normals = nullptr;                  // [num_faces][3] outward
  const std::int32_t* face_start = nullptr;         // [num_faces + 1] into face_vertices
  const std::int32_t* face_vertices = nullptr;      // anticlockwise seen from outside
  const std::int32_t* edge_start = nullptr;         // [num_vertices + 1] into neighbours
  const std::int32_t* neighbours = nullptr;         // vertices that share an edge, in MuJoCo's order
  const std::int32_t* vertex_face_start = nullptr;  // [num_vertices + 1] into vertex_faces
  const std::int32_t* vertex_faces = nullptr;       // faces that have the vertex
};

// A grid of heights; its own z axis points up.
template <class R>
struct HeightFieldShape {
  int num_rows = 0, num_columns = 0;  // along y and along x
  R size[4] = {0, 0, 0, 0};           // half extents in x and y, height of a datum of 1, depth of the base (m)
  const R* heights = nullptr;         // [num_rows][num_columns], 0..1, of lane 0
  int lane_stride = 0;                // from one lane's heights to the next; 0 where all worlds share them
};

}  // namespace lockstep::kernels
