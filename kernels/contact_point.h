// What two geoms report of their touch: contact points with MuJoCo's distance, position and frame.
// Geoms have MuJoCo's type numbers and sizes (GeomType; `size` is its geom_size, 3 numbers) and a placement in any
// frame that both share. A collider emits its contacts in rising order of slot, emit(int slot, MaskOf<T> touches, const
// ContactPoint<T>& contact): a slot stands for the same features of the geoms (this corner, that end) in every lane,
// whatever the other lanes do; it is left out where no lane touches.
#pragma once

#include "kernels/spatial.h"

namespace lockstep::kernels {

// MuJoCo's mjtGeom, as far as geoms collide here. The first of a pair always has the lower number.
enum GeomType : int {
  kPlane = 0,
  kHeightField = 1,
  kSphere = 2,
  kCapsule = 3,
  kEllipsoid = 4,
  kCylinder = 5,
  kBox = 6,
  kMesh = 7,
  kNumGeomTypes = 8
};

// Where a geom is: its centre (m) and its axes, in one frame that both geoms of a pair share.
template <class T>
struct Placement {
  Vector3<T> p;
  Matrix3<T> r;
};

template <class R>
struct MeshShape;
template <class R>
struct HeightFieldShape;

// What a geom is, the same in all lanes. R is the lanes' scalar type.
template <class R>
struct GeomShape {
  int type = kSphere;                                 // GeomType
  const R* size = nullptr;                            // [3] geom_size (m)
  const MeshShape<R>* mesh = nullptr;                 // of kMesh
  const HeightFieldShape<R>* height_field = nullptr;  // of kHeightField
};

// One contact: rows 1 and 2 of MuJoCo's contact frame, the third is cross(normal, tangent).
template <class T>
struct ContactPoint {
  T distance;                  // between the surfaces (m), negative where they penetrate
  Vector3<T> position;         // midway between the surfaces (m)
  Vector3<T> normal, tangent;  // unit vectors; the normal points from geom 1 to geom 2
};

namespace detail {

// Below this length (m, or of a unit vector's part) a direction is undefined for MuJoCo (mjMINVAL).
template <class T>
inline constexpr Real<T> kShortest = Real<T>(1e-15);

// Below this length (m, or of a unit vector's part) what is left of a vector is rounding. MuJoCo's bound does for
// double; in float a difference of places about a metre away is noise long before, and a direction made of it would
// wander.
template <class T>
inline constexpr Real<T> kNoise = sizeof(Real<T>) == 4 ? Real<T>(1e-6) : kShortest<T>;

template <class T>
[[gnu::always_inline]] LS_FN Vector3<T> choose(MaskOf<T> mask, Vector3<T> yes, Vector3<T> no) {
  return {select(mask, yes.x, no.x), select(mask, yes.y, no.y), select(mask, yes.z, no.z)};
}

template <class T>
[[gnu::always_inline]] LS_FN T length(Vector3<T> v) {
  return square_root(dot(v, v));
}

// v of length 1; the x axis where v is too short to have a direction (so does mju_normalize3).
template <class T>
[[gnu::always_inline]] LS_FN Vector3<T> direction(Vector3<T> v, T length) {
  const MaskOf<T> defined = !(length < T(kShortest<T>));
  const T scale = T(1) / select(defined, length, T(1));
  return choose<T>(defined, {scale * v.x, scale * v.y, scale * v.z}, {T(1), T(0), T(0)});
}
template <class T>
[[gnu::always_inline]] LS_FN Vector3<T> direction(Vector3<T> v) {
  return direction(v, length(v));
}

// x, or the shortest length where it is zero: safe to divide by.
template <class T>
[[gnu::always_inline]] LS_FN T nonzero(T x) {
  return select(x == T(0), T(kShortest<T>), x);
}

// p in the axes of r.
template <class T>
[[gnu::always_inline]] LS_FN Vector3<T> into_axes(const Matrix3<T>& r, Vector3<T> p) {
  return {dot(r.x, p), dot(r.y, p), dot(r.z, p)};
}

}  // namespace detail

// The contact frame's second axis (mju_makeFrame): the part of `hint` across the normal, made a unit vector. Without a
// hint (zero) it is that of the y axis, or of the z axis where the normal leans half or more towards y.
// A hint along the normal gives the x axis (MuJoCo), here made orthogonal to the normal; so does, in float, what
// rounding leaves of such a hint.
template <class T>
LS_FN Vector3<T> contact_tangent(Vector3<T> normal, Vector3<T> hint) {
  const Vector3<T> across = hint - dot(normal, hint) * normal;
  const T size = detail::length(across);
  const MaskOf<T> along = size < T(detail::kNoise<T>);
  Vector3<T> tangent = detail::direction(across, size);
  if (any(along)) {
    const MaskOf<T> is_x = absolute(normal.x) > T(Real<T>(0.9));
    const Vector3<T> other = {select(is_x, T(0), T(1)), select(is_x, T(1), T(0)), T(0)};
    tangent = detail::choose<T>(along, detail::direction(other - dot(normal, other) * normal), tangent);
  }
  return tangent;
}
template <class T>
[[gnu::always_inline]] LS_FN Vector3<T> contact_tangent(Vector3<T> normal) {
  const MaskOf<T> upright = absolute(normal.y) < T(Real<T>(0.5));
  return contact_tangent<T>(normal, {T(0), select(upright, T(1), T(0)), select(upright, T(0), T(1))});
}

}  // namespace lockstep::kernels
