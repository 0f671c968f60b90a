// Points, rotations and spatial vectors, in space and in a plane.
// Kernels of multibody dynamics are written once over a Geometry: Spatial, or Planar for models whose bodies all move
// in one plane (a planar number is a third of the work). Spatial vectors are Plücker coordinates at one fixed point:
//   Motion {w (rad/s), v (m/s) of the body's point that is there}, Force {n (N m) about it, f (N)}
// R. Featherstone, Rigid Body Dynamics Algorithms (2008), chapter 2.
#pragma once

#include "kernels/world_constants.h"

namespace lockstep::kernels {

// ---- Points and vectors ----

template <class T>
struct Vector3 {
  T x, y, z;
};
template <class T>
struct Vector2 {
  T x, y;
};

template <class T>
[[gnu::always_inline]] LS_FN Vector3<T> operator+(Vector3<T> a, Vector3<T> b) {
  return {a.x + b.x, a.y + b.y, a.z + b.z};
}
template <class T>
[[gnu::always_inline]] LS_FN Vector3<T> operator-(Vector3<T> a, Vector3<T> b) {
  return {a.x - b.x, a.y - b.y, a.z - b.z};
}
template <class T>
[[gnu::always_inline]] LS_FN Vector3<T> operator-(Vector3<T> a) {
  return {-a.x, -a.y, -a.z};
}
template <class T>
[[gnu::always_inline]] LS_FN Vector3<T> operator*(std::type_identity_t<T> s, Vector3<T> a) {
  return {s * a.x, s * a.y, s * a.z};
}
template <class T>
[[gnu::always_inline]] LS_FN Vector2<T> operator+(Vector2<T> a, Vector2<T> b) {
  return {a.x + b.x, a.y + b.y};
}
template <class T>
[[gnu::always_inline]] LS_FN Vector2<T> operator-(Vector2<T> a, Vector2<T> b) {
  return {a.x - b.x, a.y - b.y};
}
template <class T>
[[gnu::always_inline]] LS_FN Vector2<T> operator-(Vector2<T> a) {
  return {-a.x, -a.y};
}
template <class T>
[[gnu::always_inline]] LS_FN Vector2<T> operator*(std::type_identity_t<T> s, Vector2<T> a) {
  return {s * a.x, s * a.y};
}

template <class T>
[[gnu::always_inline]] LS_FN T dot(Vector3<T> a, Vector3<T> b) {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}
template <class T>
[[gnu::always_inline]] LS_FN T dot(Vector2<T> a, Vector2<T> b) {
  return a.x * b.x + a.y * b.y;
}
template <LaneNumber T>
[[gnu::always_inline]] LS_FN T dot(T a, T b) {
  return a * b;
}
template <class T>
[[gnu::always_inline]] LS_FN Vector3<T> cross(Vector3<T> a, Vector3<T> b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
// In the plane: the component along the normal.
template <class T>
[[gnu::always_inline]] LS_FN T cross(Vector2<T> a, Vector2<T> b) {
  return a.x * b.y - a.y * b.x;
}
// In the plane: spin about the normal times a vector.
template <class T>
[[gnu::always_inline]] LS_FN Vector2<T> cross(T w, Vector2<T> a) {
  return {-(w * a.y), w * a.x};
}

// ---- Rotations ----

// Columns are the rotated axes, in world coordinates.
template <class T>
struct Matrix3 {
  Vector3<T> x, y, z;
};
// The rotation by an angle in the plane.
template <class T>
struct Rotation2 {
  T cosine, sine;
};

template <class T>
[[gnu::always_inline]] LS_FN Vector3<T> rotate(const Matrix3<T>& r, Vector3<T> p) {
  return {r.x.x * p.x + r.y.x * p.y + r.z.x * p.z, r.x.y * p.x + r.y.y * p.y + r.z.y * p.z,
          r.x.z * p.x + r.y.z * p.y + r.z.z * p.z};
}
template <class T>
[[gnu::always_inline]] LS_FN Vector2<T> rotate(Rotation2<T> r, Vector2<T> p) {
  return {r.cosine * p.x - r.sine * p.y, r.sine * p.x + r.cosine * p.y};
}

// ---- Symmetric tensors ----

template <class T>
struct Symmetric3 {
  T xx, xy, xz, yy, yz, zz;
};
template <class T>
[[gnu::always_inline]] LS_FN Symmetric3<T> operator+(Symmetric3<T> a, Symmetric3<T> b) {
  return {a.xx + b.xx, a.xy + b.xy, a.xz + b.xz, a.yy + b.yy, a.yz + b.yz, a.zz + b.zz};
}
template <class T>
[[gnu::always_inline]] LS_FN Vector3<T> product(const Symmetric3<T>& a, Vector3<T> w) {
  return {a.xx * w.x + a.xy * w.y + a.xz * w.z, a.xy * w.x + a.yy * w.y + a.yz * w.z,
          a.xz * w.x + a.yz * w.y + a.zz * w.z};
}
template <LaneNumber T>
[[gnu::always_inline]] LS_FN T product(T a, T w) {
  return a * w;
}

// ---- The two geometries ----

struct Spatial {
  static constexpr bool kPlanar = false;
  static constexpr int kPoint = 3;  // numbers in a point
  template <class T>
  using Point = Vector3<T>;
  template <class T>
  using Spin = Vector3<T>;
  template <class T>
  using Rotation = Matrix3<T>;
  template <class T>
  using Tensor = Symmetric3<T>;
};

// Coordinates are those along two axes e1, e2 of the plane, with e1 x e2 the normal that spins turn about.
struct Planar {
  static constexpr bool kPlanar = true;
  static constexpr int kPoint = 2;
  template <class T>
  using Point = Vector2<T>;
  template <class T>
  using Spin = T;
  template <class T>
  using Rotation = Rotation2<T>;
  template <class T>
  using Tensor = T;
};

template <class G, class T>
struct Motion {
  typename G::template Spin<T> w;
  typename G::template Point<T> v;
};
template <class G, class T>
struct Force {
  typename G::template Spin<T> n;
  typename G::template Point<T> f;
};
// Rotational inertia J about the fixed point (kg m^2) and first moment h = mass * centre of mass (kg m). The mass
// itself is a constant of the model.
template <class G, class T>
struct Inertia {
  typename G::template Tensor<T> J;
  typename G::template Point<T> h;
};

template <class G, class T>
[[gnu::always_inline]] LS_FN Motion<G, T> operator+(Motion<G, T> a, Motion<G, T> b) {
  return {a.w + b.w, a.v + b.v};
}
template <class G, class T>
[[gnu::always_inline]] LS_FN Motion<G, T> operator*(std::type_identity_t<T> s, Motion<G, T> a) {
  return {s * a.w, s * a.v};
}
template <class G, class T>
[[gnu::always_inline]] LS_FN Force<G, T> operator+(Force<G, T> a, Force<G, T> b) {
  return {a.n + b.n, a.f + b.f};
}
template <class G, class T>
[[gnu::always_inline]] LS_FN Inertia<G, T> operator+(Inertia<G, T> a, Inertia<G, T> b) {
  return {a.J + b.J, a.h + b.h};
}
// Power of a force on a motion.
template <class G, class T>
[[gnu::always_inline]] LS_FN T dot(Motion<G, T> s, Force<G, T> f) {
  return dot(s.w, f.n) + dot(s.v, f.f);
}
// Momentum of a body under a motion (or force under an acceleration).
template <class G, class T>
[[gnu::always_inline]] LS_FN Force<G, T> product(const Inertia<G, T>& inertia, WorldConstant<T> mass, Motion<G, T> s) {
  return {product(inertia.J, s.w) + cross(inertia.h, s.v), T(mass) * s.v + cross(s.w, inertia.h)};
}
// Rate of change of a motion vector that moves with velocity v: v x s (Featherstone eq. 2.31).
template <class G, class T>
[[gnu::always_inline]] LS_FN Motion<G, T> cross_motion(Motion<G, T> v, Motion<G, T> s) {
  if constexpr (G::kPlanar)
    return {T(0), cross(v.w, s.v) - cross(s.w, v.v)};
  else
    return {cross(v.w, s.w), cross(v.w, s.v) + cross(v.v, s.w)};
}
// Rate of change of a force vector that moves with velocity v: v x* f (Featherstone eq. 2.32).
template <class G, class T>
[[gnu::always_inline]] LS_FN Force<G, T> cross_force(Motion<G, T> v, Force<G, T> f) {
  if constexpr (G::kPlanar)
    return {cross(v.v, f.f), cross(v.w, f.f)};
  else
    return {cross(v.w, f.n) + cross(v.v, f.f), cross(v.w, f.f)};
}

}  // namespace lockstep::kernels
