// Convex geoms as what their support points say: the farthest point in a direction, of a core that a radius goes
// around. A sphere is a point and a capsule a segment with its radius; the others have no radius.
#pragma once

#include "kernels/collision_shapes.h"
#include "kernels/contact_point.h"

namespace lockstep::kernels {

// A geom of the pair in the frame of the first: kType is its GeomType. T may be a scalar in code that is compiled for
// one instruction set; Isa then keeps it apart from another's.
template <class T, int kType, class Isa = NativeIsa>
struct ConvexShape {
  const Real<T>* size;
  const MeshShape<Real<T>>* mesh;
  Placement<T> at;

  static constexpr bool kIsRound = kType == kSphere || kType == kCapsule;
  static constexpr bool kIsSymmetric = kType != kMesh;  // about its centre
  static constexpr int kNumSizes = kType == kSphere ? 1 : kType == kCapsule || kType == kCylinder ? 2 : 3;
  LS_FN T radius() const { return kType == kSphere || kType == kCapsule ? T(size[0]) : T(0); }

  // Its largest half size (m).
  LS_FN Real<T> extent() const {
    if constexpr (kType == kMesh) return mesh->extent;
    Real<T> largest = size[0];
    for (int k = 1; k < kNumSizes; ++k) {
      largest = size[k] > largest ? size[k] : largest;
    }
    return largest;
  }
  // Its smallest half size (m), of a capsule the radius; of a mesh, about that.
  LS_FN Real<T> thickness() const {
    if constexpr (kType == kMesh) return Real<T>(0.5) * mesh->extent;
    Real<T> smallest = size[0];
    for (int k = 1; k < (kIsRound ? 1 : kNumSizes); ++k) {
      smallest = size[k] < smallest ? size[k] : smallest;
    }
    return smallest;
  }
};

namespace detail {

template <class T, class Isa = NativeIsa>
LS_FN Vector3<T> mesh_support(const MeshShape<Real<T>>& mesh, Vector3<T> way) {
  Vector3<T> best = {T(0), T(0), T(0)};
  T farthest = T(Real<T>(-1e30));
  for (int k = 0; k < mesh.num_vertices; ++k) {
    const Real<T>* v = mesh.vertices + 3 * k;
    const T along = T(v[0]) * way.x + T(v[1]) * way.y + T(v[2]) * way.z;
    const MaskOf<T> farther = along > farthest;
    farthest = select(farther, along, farthest);
    best = choose<T>(farther, {T(v[0]), T(v[1]), T(v[2])}, best);
  }
  return best;
}

// The farthest point of the core along `way` (of any length), in the geom's own axes.
template <class T, int kType, class Isa = NativeIsa>
LS_FN Vector3<T> own_support(const ConvexShape<T, kType>& shape, Vector3<T> way) {
  const Real<T>* size = shape.size;
  const auto signed_size = [](T part, Real<T> s) { return select(part < T(0), T(-s), T(s)); };
  if constexpr (kType == kSphere) {
    return {T(0), T(0), T(0)};
  } else if constexpr (kType == kCapsule) {
    return {T(0), T(0), signed_size(way.z, size[1])};
  } else if constexpr (kType == kEllipsoid) {
    const Vector3<T> scaled = {T(size[0]) * way.x, T(size[1]) * way.y, T(size[2]) * way.z};
    const Vector3<T> unit = direction(scaled);
    return {T(size[0]) * unit.x, T(size[1]) * unit.y, T(size[2]) * unit.z};
  } else if constexpr (kType == kCylinder) {
    const T across = square_root(way.x * way.x + way.y * way.y);
    const MaskOf<T> upright = across < T(kShortest<T>);
    const T scale = select(upright, T(0), T(size[0]) / select(upright, T(1), across));
    return {scale * way.x, scale * way.y, signed_size(way.z, size[1])};
  } else if constexpr (kType == kBox) {
    return {signed_size(way.x, size[0]), signed_size(way.y, size[1]), signed_size(way.z, size[2])};
  } else {
    return mesh_support<T>(*shape.mesh, way);
  }
}

// The same in the frame of the pair. Whatever has a support_point, a centre, axes_of, an extent, a thickness,
// propose_normals and visit_edges (collide_convex.h) can
// be one of a pair.
template <class T, int kType, class Isa = NativeIsa>
[[gnu::always_inline]] LS_FN Vector3<T> support_point(const ConvexShape<T, kType>& shape, Vector3<T> way) {
  return shape.at.p + rotate(shape.at.r, own_support(shape, into_axes(shape.at.r, way)));
}

template <class T, int kType, class Isa = NativeIsa>
[[gnu::always_inline]] LS_FN Vector3<T> centre(const ConvexShape<T, kType>& shape) {
  return shape.at.p;
}
template <class T, int kType, class Isa = NativeIsa>
[[gnu::always_inline]] LS_FN Matrix3<T> axes_of(const ConvexShape<T, kType>& shape) {
  return shape.at.r;
}

}  // namespace detail

}  // namespace lockstep::kernels
