// Stiffness of contacts: the symmetric map from the motion of a link to the force that resists it, in Plücker
// coordinates at one fixed point. Contacts of a link with what stands still add up, and go up the tree, as inertias do:
// the Hessian of the constraint cost keeps the sparsity of the mass matrix.
#pragma once

#include "kernels/spatial.h"

namespace lockstep::kernels {

template <class T>
struct Symmetric2 {
  T xx, xy, yy;
};

// n = rr w + rf v,  f = rf' w + ff v. In space the columns of rf belong to the components of v; in the plane rf is a
// row.
template <class G, class T>
struct Stiffness;
template <class T>
struct Stiffness<Spatial, T> {
  Symmetric3<T> rr;
  Matrix3<T> rf;
  Symmetric3<T> ff;
};
template <class T>
struct Stiffness<Planar, T> {
  T rr;
  Vector2<T> rf;
  Symmetric2<T> ff;
};

template <class T>
[[gnu::always_inline]] LS_FN Stiffness<Spatial, T> operator+(const Stiffness<Spatial, T>& a,
                                                             const Stiffness<Spatial, T>& b) {
  return {a.rr + b.rr, {a.rf.x + b.rf.x, a.rf.y + b.rf.y, a.rf.z + b.rf.z}, a.ff + b.ff};
}
template <class T>
[[gnu::always_inline]] LS_FN Stiffness<Planar, T> operator+(const Stiffness<Planar, T>& a,
                                                            const Stiffness<Planar, T>& b) {
  return {a.rr + b.rr, a.rf + b.rf, {a.ff.xx + b.ff.xx, a.ff.xy + b.ff.xy, a.ff.yy + b.ff.yy}};
}

template <class T>
[[gnu::always_inline]] LS_FN Vector2<T> product(const Symmetric2<T>& a, Vector2<T> v) {
  return {a.xx * v.x + a.xy * v.y, a.xy * v.x + a.yy * v.y};
}
template <class T>
[[gnu::always_inline]] LS_FN Force<Spatial, T> product(const Stiffness<Spatial, T>& k, Motion<Spatial, T> s) {
  return {product(k.rr, s.w) + rotate(k.rf, s.v),
          Vector3<T>{dot(k.rf.x, s.w), dot(k.rf.y, s.w), dot(k.rf.z, s.w)} + product(k.ff, s.v)};
}
template <class T>
[[gnu::always_inline]] LS_FN Force<Planar, T> product(const Stiffness<Planar, T>& k, Motion<Planar, T> s) {
  return {k.rr * s.w + dot(k.rf, s.v), s.w * k.rf + product(k.ff, s.v)};
}

// Adds c a a' + b (a n' + n a') to the stiffness against translations.
template <class T>
[[gnu::always_inline]] LS_FN void add_dyads(Symmetric3<T>& k, T c, T b, Vector3<T> a, Vector3<T> n) {
  const Vector3<T> q = c * a + b * n, p = b * a;
  k.xx += a.x * q.x + n.x * p.x;
  k.xy += a.x * q.y + n.x * p.y;
  k.xz += a.x * q.z + n.x * p.z;
  k.yy += a.y * q.y + n.y * p.y;
  k.yz += a.y * q.z + n.y * p.z;
  k.zz += a.z * q.z + n.z * p.z;
}
template <class T>
[[gnu::always_inline]] LS_FN void add_dyads(Symmetric2<T>& k, T c, T b, Vector2<T> a, Vector2<T> n) {
  const Vector2<T> q = c * a + b * n, p = b * a;
  k.xx += a.x * q.x + n.x * p.x;
  k.xy += a.x * q.y + n.x * p.y;
  k.yy += a.y * q.y + n.y * p.y;
}
// Adds c a a' + b (a n' + n a') to the stiffness against rotations in the plane, where axes are numbers.
template <LaneNumber T>
[[gnu::always_inline]] LS_FN void add_dyads(T& k, T c, T b, T a, T n) {
  k += a * (c * a + (b + b) * n);
}
// Adds a b': rotation about `a` is resisted by a force along `b`.
template <class T>
[[gnu::always_inline]] LS_FN void add_coupling(Matrix3<T>& rf, Vector3<T> a, Vector3<T> b) {
  rf.x = rf.x + b.x * a;
  rf.y = rf.y + b.y * a;
  rf.z = rf.z + b.z * a;
}
template <class T>
[[gnu::always_inline]] LS_FN void add_coupling(Vector2<T>& rf, T a, Vector2<T> b) {
  rf = rf + a * b;
}

namespace detail {

// rf (e_j x arm), column by column: how a rotation about the origin meets a coupling at the point.
template <class T>
[[gnu::always_inline]] LS_FN Matrix3<T> turned_coupling(const Matrix3<T>& rf, Vector3<T> arm) {
  return {arm.y * rf.z - arm.z * rf.y, arm.z * rf.x - arm.x * rf.z, arm.x * rf.y - arm.y * rf.x};
}

}  // namespace detail

// The stiffness at the origin of one that acts at the point `arm` against translations alone.
template <class T>
[[gnu::always_inline]] LS_FN Stiffness<Spatial, T> moved_to_origin(const Symmetric3<T>& ff, Vector3<T> arm) {
  const Matrix3<T> rf{cross(arm, Vector3<T>{ff.xx, ff.xy, ff.xz}), cross(arm, Vector3<T>{ff.xy, ff.yy, ff.yz}),
                      cross(arm, Vector3<T>{ff.xz, ff.yz, ff.zz})};
  const Matrix3<T> rr = detail::turned_coupling(rf, arm);
  return {{rr.x.x, rr.y.x, rr.z.x, rr.y.y, rr.z.y, rr.z.z}, rf, ff};
}
template <class T>
[[gnu::always_inline]] LS_FN Stiffness<Planar, T> moved_to_origin(const Symmetric2<T>& ff, Vector2<T> arm) {
  const Vector2<T> rf{arm.x * ff.xy - arm.y * ff.xx, arm.x * ff.yy - arm.y * ff.xy};
  return {arm.x * rf.y - arm.y * rf.x, rf, ff};
}
// The same for one that acts against rotations too.
template <class T>
[[gnu::always_inline]] LS_FN Stiffness<Spatial, T> moved_to_origin(const Stiffness<Spatial, T>& k, Vector3<T> arm) {
  Stiffness<Spatial, T> moved = moved_to_origin(k.ff, arm);
  const Matrix3<T> y = detail::turned_coupling(k.rf, arm);
  moved.rr = moved.rr + k.rr +
             Symmetric3<T>{y.x.x + y.x.x, y.x.y + y.y.x, y.x.z + y.z.x, y.y.y + y.y.y, y.y.z + y.z.y, y.z.z + y.z.z};
  moved.rf = {moved.rf.x + k.rf.x, moved.rf.y + k.rf.y, moved.rf.z + k.rf.z};
  return moved;
}
template <class T>
[[gnu::always_inline]] LS_FN Stiffness<Planar, T> moved_to_origin(const Stiffness<Planar, T>& k, Vector2<T> arm) {
  Stiffness<Planar, T> moved = moved_to_origin(k.ff, arm);
  const T y = arm.x * k.rf.y - arm.y * k.rf.x;
  moved.rr = moved.rr + k.rr + y + y;
  moved.rf = moved.rf + k.rf;
  return moved;
}

}  // namespace lockstep::kernels
