// The several points in which two geoms with flat sides touch: a face clipped by a face, or an edge by a face.
// Works on one lane at a time (R a scalar; Isa keeps the code of one instruction set apart from another's), for the
// lanes whose geoms lie flat: which faces and edges meet differs from lane to lane. MuJoCo's rules: faces count as
// lying on each other within 5.1 degrees, an edge on a face likewise; of more than four points those of a large
// quadrilateral stay.
#pragma once

#include "kernels/closest_points.h"
#include "kernels/math.h"

namespace lockstep::kernels {

namespace detail {

constexpr int kPatchVertices = 64;  // of a face; a mesh's face with more is thinned out
constexpr int kPatchContacts = 4;

// Of the angle between two faces, the cosine from which on they lie on each other; of an edge's with a face, the sine.
template <class R>
inline constexpr R kFacesMeet = R(0.996);
template <class R>
inline constexpr R kEdgeLiesOnFace = R(0.0888);

template <class R, class Isa = NativeIsa>
struct Face {
  Vector3<R> normal;
  Vector3<R> corner[kPatchVertices];
  int count = 0;  // 0: no such face
};

template <class R, class Isa = NativeIsa>
struct Patch {
  R distance[kPatchContacts];
  Vector3<R> position[kPatchContacts], normal;  // normal from geom 1 to geom 2
  int count = 0;
};

template <class R, int kType, class Isa = NativeIsa>
LS_FN int support_vertex(const ConvexShape<R, kType>& shape, Vector3<R> own) {
  int best = 0;
  R farthest = R(-1e30);
  for (int k = 0; k < shape.mesh->num_vertices; ++k) {
    const R* v = shape.mesh->vertices + 3 * k;
    const R along = v[0] * own.x + v[1] * own.y + v[2] * own.z;
    if (along > farthest) {
      farthest = along;
      best = k;
    }
  }
  return best;
}

template <class R, class Isa = NativeIsa>
LS_FN int face_towards(const MeshShape<R>& mesh, int vertex, Vector3<R> own) {
  int best = -1;
  R most = R(-2);
  if (mesh.num_faces == 0) return best;
  for (int i = mesh.vertex_face_start[vertex]; i < mesh.vertex_face_start[vertex + 1]; ++i) {
    const R* n = mesh.face_normals + 3 * mesh.vertex_faces[i];
    const R along = n[0] * own.x + n[1] * own.y + n[2] * own.z;
    if (along > most) {
      most = along;
      best = mesh.vertex_faces[i];
    }
  }
  return best;
}

// The face that looks most along `way`, anticlockwise seen from outside. A cylinder's is a cap, if `point` is on it.
template <class R, int kType, class Isa = NativeIsa>
LS_FN void find_face(const ConvexShape<R, kType>& shape, Vector3<R> way, Vector3<R> point, Face<R>& face) {
  const Vector3<R> own = into_axes(shape.at.r, way);
  const auto put = [&](R x, R y, R z) {
    face.corner[face.count++] = shape.at.p + rotate(shape.at.r, Vector3<R>{x, y, z});
  };
  face.count = 0;
  const R* s = shape.size;
  if constexpr (kType == kBox) {
    const R parts[3] = {absolute(own.x), absolute(own.y), absolute(own.z)};
    const int axis = parts[0] >= parts[1] && parts[0] >= parts[2] ? 0 : parts[1] >= parts[2] ? 1 : 2;
    const R value = axis == 0 ? own.x : axis == 1 ? own.y : own.z;
    const R side = value < 0 ? R(-1) : R(1);
    const int u = (axis + 1) % 3, v = (axis + 2) % 3;
    for (int k = 0; k < 4; ++k) {
      R p[3];
      p[axis] = side * s[axis];
      p[u] = (k == 0 || k == 3 ? s[u] : -s[u]);
      p[v] = side * (k < 2 ? s[v] : -s[v]);
      put(p[0], p[1], p[2]);
    }
    face.normal = side * (axis == 0 ? shape.at.r.x : axis == 1 ? shape.at.r.y : shape.at.r.z);
  } else if constexpr (kType == kCylinder) {
    const R height = into_axes(shape.at.r, point - shape.at.p).z;
    if (absolute(height) < s[1] * R(sizeof(R) == 4 ? 1 - 1e-5 : 1 - 1e-9)) return;
    const R up = height < 0 ? R(-1) : R(1);
    for (int k = 0; k < 16; ++k) {
      R sine_k, cosine_k;
      sine_cosine(R(0.39269908169872415481) * R(k), sine_k, cosine_k);
      put(s[0] * cosine_k, up * s[0] * sine_k, up * s[1]);
    }
    face.normal = up * shape.at.r.z;
  } else if constexpr (kType == kMesh) {
    const MeshShape<R>& mesh = *shape.mesh;
    const int which = face_towards(mesh, support_vertex(shape, own), own);
    if (which < 0) return;
    const int start = mesh.face_start[which], count = mesh.face_start[which + 1] - start;
    const int step = (count + kPatchVertices - 1) / kPatchVertices;
    for (int k = 0; k < count; k += step) {
      const R* v = mesh.vertices + 3 * mesh.face_vertices[start + k];
      put(v[0], v[1], v[2]);
    }
    const R* n = mesh.face_normals + 3 * which;
    face.normal = rotate(shape.at.r, Vector3<R>{n[0], n[1], n[2]});
  }
}

// Of the edges at the point farthest along `way`, the one most across the other geom's face; false if none lies on it.
// Where the other does not touch with its face but with an edge (not `flat`), the edge has to run across `way` too.
template <class R, int kType, class Isa = NativeIsa>
LS_FN bool find_edge(const ConvexShape<R, kType>& shape, Vector3<R> way, Vector3<R> face_normal, bool flat,
                     Face<R>& edge) {
  const Vector3<R> own = into_axes(shape.at.r, way), across = into_axes(shape.at.r, face_normal);
  constexpr R kRounding = sizeof(R) == 4 ? R(1e-4) : R(1e-7);
  const Vector3<R> from = own_support(shape, own);
  Vector3<R> to = from;
  R least = kEdgeLiesOnFace<R>;
  const auto propose = [&](Vector3<R> end) {
    const Vector3<R> along = end - from;
    const R size = length(along);
    if (!flat && kType != kCylinder && absolute(dot(along, own)) > kRounding * size) return;
    if (size > R(0) && absolute(dot(along, across)) < least * size) {
      least = absolute(dot(along, across)) / size;
      to = end;
    }
  };
  if constexpr (kType == kCapsule || kType == kCylinder) propose({from.x, from.y, -from.z});
  if constexpr (kType == kBox) {
    propose({-from.x, from.y, from.z});
    propose({from.x, -from.y, from.z});
    propose({from.x, from.y, -from.z});
  }
  if constexpr (kType == kMesh) {
    const MeshShape<R>& mesh = *shape.mesh;
    const int vertex = support_vertex(shape, own);
    for (int i = mesh.edge_start[vertex]; i < mesh.edge_start[vertex + 1]; ++i) {
      const R* v = mesh.vertices + 3 * mesh.neighbours[i];
      propose({v[0], v[1], v[2]});
    }
  }
  const Vector3<R> step = to - from;
  if (dot(step, step) == R(0)) return false;
  edge.corner[0] = shape.at.p + rotate(shape.at.r, from);
  edge.corner[1] = shape.at.p + rotate(shape.at.r, to);
  edge.count = 2;
  return true;
}

// `shape` clipped by the sides of `by`: a closed polygon, or an edge (two points).
template <class R, class Isa = NativeIsa>
struct Clipped {
  Vector3<R> p[2 * kPatchVertices];
  int count = 0;
  bool cut[2] = {false, false};  // of an edge: that end is where a side cuts it
};
// Shortens an edge to the half-space outward . (x - start) <= 0.
template <class R, class Isa = NativeIsa>
LS_FN void clip_edge(Vector3<R> outward, Vector3<R> start, Clipped<R>& edge) {
  if (edge.count < 2) return;
  const R first = dot(outward, edge.p[0] - start), second = dot(outward, edge.p[1] - start);
  if (first > 0 && second > 0) {
    edge.count = 0;
    return;
  }
  if (first <= 0 && second <= 0) return;
  const int out = first > 0 ? 0 : 1;
  edge.p[out] = edge.p[0] + (first / (first - second)) * (edge.p[1] - edge.p[0]);
  edge.cut[out] = true;
}
template <class R, class Isa = NativeIsa>
LS_FN void clip_by(const Face<R>& by, const Face<R>& shape, Clipped<R>& result) {
  Clipped<R> other;
  result.count = shape.count;
  for (int k = 0; k < shape.count; ++k) result.p[k] = shape.corner[k];
  for (int side = 0; side < by.count; ++side) {
    const Vector3<R> start = by.corner[side], edge = by.corner[(side + 1) % by.count] - start;
    const Vector3<R> outward = cross(edge, by.normal);
    if (shape.count == 2) {
      clip_edge(outward, start, result);
      continue;
    }
    other.count = 0;
    for (int k = 0; k < result.count; ++k) {
      const Vector3<R> p = result.p[k], q = result.p[(k + 1) % result.count];
      const R dp = dot(outward, p - start), dq = dot(outward, q - start);
      if (dp <= 0 && other.count < 2 * kPatchVertices) other.p[other.count++] = p;
      if ((dp < 0 && dq > 0) || (dp > 0 && dq < 0)) {
        if (other.count < 2 * kPatchVertices) other.p[other.count++] = p + (dp / (dp - dq)) * (q - p);
      }
    }
    result.count = other.count;
    for (int k = 0; k < other.count; ++k) result.p[k] = other.p[k];
  }
}

// Of a polygon's vertices the four that span the largest quadrilateral found by moving its corners on, one after
// another, as long as the area grows, from each vertex in turn.
template <class R, class Isa = NativeIsa>
struct QuadrilateralSearch {
  const Vector3<R>* p;
  int count, start;
  int place[4];
  R area;

  LS_FN Vector3<R> at(int k) const { return p[(start + place[k]) % count]; }
  LS_FN R measure() const { return length(cross(at(2) - at(0), at(3) - at(1))); }
  LS_FN bool advance(int k) {
    const int old = place[k];
    place[k] = (old + 1) % count;
    const R grown = measure();
    if (grown > area) {
      area = grown;
      return true;
    }
    place[k] = old;
    return false;
  }
  LS_FN void grow(int from) {
    start = from;
    for (int k = 0; k < 4; ++k) place[k] = k;
    area = measure();
    while (advance(3)) {
      while (advance(2)) {
      }
      while (advance(1)) {
      }
    }
  }
};

template <class R, class Isa = NativeIsa>
LS_FN void thin_out(Clipped<R>& polygon) {
  if (polygon.count <= kPatchContacts) return;
  QuadrilateralSearch<R> search;
  search.p = polygon.p;
  search.count = polygon.count;
  Vector3<R> kept[4];
  R largest = R(-1);
  for (int start = 0; start < polygon.count; ++start) {
    search.grow(start);
    if (!(search.area > largest * (R(1) + R(1e-9)))) continue;
    largest = search.area;
    for (int k = 0; k < 4; ++k) kept[k] = search.at(k);
  }
  for (int k = 0; k < 4; ++k) polygon.p[k] = kept[k];
  polygon.count = 4;
}

// The points of `shape` over the face `by` that are nearer to it than the margin; `towards_by` is the way from them to
// the other surface, `lift` what lies between them and their own.
template <class R, class Isa = NativeIsa>
LS_FN void touch_face(const Face<R>& by, const Face<R>& shape, Vector3<R> towards_by, R lift, R margin,
                      Patch<R>& patch) {
  Clipped<R> polygon;
  clip_by(by, shape, polygon);
  int count = 0, last_kept = 0;
  for (int k = 0; k < polygon.count; ++k) {
    const R over = dot(polygon.p[k] - by.corner[by.count - 1], by.normal) + lift;
    if (over > margin) continue;
    last_kept = k;
    polygon.p[count++] = polygon.p[k];
  }
  // Of an edge with one end beyond the margin MuJoCo reports the other twice, if it is not the edge's own end.
  if (shape.count == 2 && count == 1 && polygon.count == 2 && polygon.cut[last_kept]) {
    polygon.p[count++] = polygon.p[0];
  }
  polygon.count = count;
  thin_out(polygon);
  patch.count = polygon.count;
  for (int k = 0; k < polygon.count; ++k) {
    const R over = dot(polygon.p[k] - by.corner[by.count - 1], by.normal) + lift;
    patch.distance[k] = over;
    patch.position[k] = polygon.p[k] + (R(0.5) * over - lift) * towards_by;
  }
}

// The patch in which a and b touch, whose nearest points are on1 and on2; none (count 0) where they touch in a point.
template <class R, int kTypeA, int kTypeB, class Isa = NativeIsa>
LS_FN void find_patch(const ConvexShape<R, kTypeA>& a, const ConvexShape<R, kTypeB>& b, const Vector3<R> (&on)[2],
                      Vector3<R> normal, R margin, Patch<R>& patch) {
  patch.count = 0;
  Face<R> face_a, face_b, edge;
  find_face(a, normal, on[0], face_a);
  find_face(b, -normal, on[1], face_b);
  constexpr R kExact = sizeof(R) == 4 ? R(1 - 1e-5) : R(1 - 1e-9);
  const bool a_is_flat = face_a.count > 0 && dot(face_a.normal, normal) > kExact;
  const bool b_is_flat = face_b.count > 0 && -dot(face_b.normal, normal) > kExact;
  if (face_a.count > 0 && face_b.count > 0 && dot(face_a.normal, face_b.normal) < -kFacesMeet<R>) {
    touch_face<R>(face_b, face_a, -face_b.normal, R(0), margin, patch);
    patch.normal = -face_b.normal;
    return;
  }
  // What rounds the first geom (a capsule's radius) is between its edge and its surface.
  const R lift = R(0.5) * margin, shift = a.radius() + lift;
  if (!a_is_flat && face_b.count > 0 && find_edge(a, normal, face_b.normal, b_is_flat, edge)) {
    const bool round = kTypeA == kCapsule;
    for (int k = 0; k < 2 && round; ++k) edge.corner[k] = edge.corner[k] + shift * normal;
    touch_face<R>(face_b, edge, -face_b.normal, round ? lift : R(0), margin, patch);
    patch.normal = -face_b.normal;
  } else if (face_a.count > 0 && find_edge(b, -normal, face_a.normal, a_is_flat, edge)) {
    touch_face<R>(face_a, edge, -face_a.normal, R(0), margin, patch);
    patch.normal = face_a.normal;
  }
}

}  // namespace detail

}  // namespace lockstep::kernels
