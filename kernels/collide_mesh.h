// Contacts of a plane with a convex mesh: its lowest vertex and up to three more of the face that looks down the most.
// As MuJoCo picks them: of a face with more than four vertices, those of a large quadrilateral that has the lowest
// vertex for a corner, found by moving one corner after another on as long as the area grows.
#pragma once

#include "kernels/collide_plane.h"
#include "kernels/collision_shapes.h"

namespace lockstep::kernels {

namespace detail {

// Twice the area of the quadrilateral of four vertices of the mesh: its diagonals' cross product.
template <class R, class Isa = NativeIsa>
LS_FN R quadrilateral_area(const R* vertices, const std::int32_t (&corner)[4]) {
  const R* p[4];
  for (int k = 0; k < 4; ++k) p[k] = vertices + 3 * corner[k];
  const Vector3<R> first = {p[2][0] - p[0][0], p[2][1] - p[0][1], p[2][2] - p[0][2]};
  const Vector3<R> second = {p[3][0] - p[1][0], p[3][1] - p[1][1], p[3][2] - p[1][2]};
  return length(cross(first, second));
}

// Four corners of a face (its vertices [count], in order) with the vertex at `start` as the first.
template <class R, class Isa = NativeIsa>
struct LargeQuadrilateral {
  const R* vertices;
  const std::int32_t* face;
  int count, start;
  int place[4];  // after `start`, in the face's order
  R area;

  LS_FN void corners(std::int32_t (&found)[4]) const {
    for (int k = 0; k < 4; ++k) found[k] = face[(start + place[k]) % count];
  }
  // Moves corner k on by one if the area grows.
  LS_FN bool advance(int k) {
    const int old = place[k];
    place[k] = (old + 1) % count;
    std::int32_t moved[4];
    corners(moved);
    const R grown = quadrilateral_area(vertices, moved);
    if (grown > area) {
      area = grown;
      return true;
    }
    place[k] = old;
    return false;
  }
  LS_FN void grow() {
    for (int k = 0; k < 4; ++k) place[k] = k;
    std::int32_t first[4];
    corners(first);
    area = quadrilateral_area(vertices, first);
    while (advance(3)) {
      while (advance(2)) {
      }
      while (advance(1)) {
      }
    }
  }
};

// The face at `vertex` whose normal has the largest part along `down`; -1 for a mesh without faces.
template <class R, class Isa = NativeIsa>
LS_FN int lowest_face(const MeshShape<R>& mesh, int vertex, Vector3<R> down) {
  int best = -1;
  R most = R(-2);
  if (mesh.num_faces == 0) return best;
  for (int i = mesh.vertex_face_start[vertex]; i < mesh.vertex_face_start[vertex + 1]; ++i) {
    const R* n = mesh.face_normals + 3 * mesh.vertex_faces[i];
    const R along = n[0] * down.x + n[1] * down.y + n[2] * down.z;
    if (along > most) {
      most = along;
      best = mesh.vertex_faces[i];
    }
  }
  return best;
}

// Vertices that may touch a plane, the lowest first; returns how many (1 to 4).
template <class R, class Isa = NativeIsa>
LS_FN int touching_vertices(const MeshShape<R>& mesh, int lowest, Vector3<R> down, std::int32_t (&found)[4]) {
  found[0] = lowest;
  const int face = lowest_face(mesh, lowest, down);
  if (face < 0) return 1;
  LargeQuadrilateral<R> quadrilateral;
  quadrilateral.vertices = mesh.vertices;
  quadrilateral.face = mesh.face_vertices + mesh.face_start[face];
  quadrilateral.count = mesh.face_start[face + 1] - mesh.face_start[face];
  quadrilateral.start = 0;
  for (int i = 0; i < quadrilateral.count; ++i) {
    if (quadrilateral.face[i] == lowest) quadrilateral.start = i;
  }
  const int count = quadrilateral.count < 4 ? quadrilateral.count : 4;
  if (quadrilateral.count > 4) {
    quadrilateral.grow();
    quadrilateral.corners(found);
  } else {
    for (int k = 0; k < count; ++k) found[k] = quadrilateral.face[(quadrilateral.start + k) % count];
  }
  return count;
}

}  // namespace detail

// Slot 0: the lowest vertex; 1 to 3: others of its face that are within the margin.
template <class T, class Emit>
LS_FN void collide_plane_mesh(const Placement<T>& a, const Placement<T>& b, const MeshShape<Real<T>>& mesh, T margin,
                              Emit&& emit) {
  const Vector3<T> normal = a.r.z;
  const Vector3<T> down = -detail::into_axes(b.r, normal);
  const T centre = dot(b.p - a.p, normal);
  T deepest = T(Real<T>(-1e30)), lowest = T(0);
  for (int k = 0; k < mesh.num_vertices; ++k) {
    const Real<T>* v = mesh.vertices + 3 * k;
    const T along = T(v[0]) * down.x + T(v[1]) * down.y + T(v[2]) * down.z;
    const MaskOf<T> deeper = along > deepest;
    deepest = select(deeper, along, deepest);
    lowest = select(deeper, T(k), lowest);
  }
  const MaskOf<T> touches = centre - deepest <= margin;
  if (!any(touches)) return;

  Vector3<T> corner[4];
  MaskOf<T> there[4];
  for (int k = 0; k < 4; ++k) {
    corner[k] = {T(0), T(0), T(0)};
    there[k] = MaskOf<T>(false);
  }
  for_each_lane(touches, [&](int i) {
    std::int32_t vertex[4];
    const Vector3<Real<T>> way = {lane(down.x, i), lane(down.y, i), lane(down.z, i)};
    const int count = detail::touching_vertices<Real<T>>(mesh, static_cast<int>(lane(lowest, i)), way, vertex);
    for (int k = 0; k < count; ++k) {
      const Real<T>* v = mesh.vertices + 3 * vertex[k];
      set_lane(corner[k].x, i, v[0]);
      set_lane(corner[k].y, i, v[1]);
      set_lane(corner[k].z, i, v[2]);
      set_lane(there[k], i, true);
    }
  });
  const Vector3<T> tangent = contact_tangent(normal);
  for (int k = 0; k < 4; ++k) {
    const T height = centre - dot(corner[k], down);
    detail::emit_if_any<T>(k, there[k] & (height <= margin),
                           detail::on_plane(b.p + rotate(b.r, corner[k]), height, normal, tangent), emit);
  }
}

}  // namespace lockstep::kernels
