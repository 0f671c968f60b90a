// Unit quaternions (w, x, y, z) as MuJoCo has them: rotations from body to parent coordinates.
#pragma once

#include "kernels/math.h"
#include "kernels/spatial.h"

namespace lockstep::kernels {

template <class T>
struct Quaternion {
  T w, x, y, z;
};

template <class T>
[[gnu::always_inline]] LS_FN Quaternion<T> product(Quaternion<T> a, Quaternion<T> b) {
  return {a.w * b.w - a.x * b.x - a.y * b.y - a.z * b.z, a.w * b.x + a.x * b.w + a.y * b.z - a.z * b.y,
          a.w * b.y - a.x * b.z + a.y * b.w + a.z * b.x, a.w * b.z + a.x * b.y - a.y * b.x + a.z * b.w};
}

template <class T>
[[gnu::always_inline]] LS_FN Quaternion<T> conjugate(Quaternion<T> q) {
  return {q.w, -q.x, -q.y, -q.z};
}

// Of length 1; the identity where q is zero.
template <class T>
[[gnu::always_inline]] LS_FN Quaternion<T> normalised(Quaternion<T> q) {
  const T square = q.w * q.w + q.x * q.x + q.y * q.y + q.z * q.z;
  const MaskOf<T> degenerate = square < T(sizeof(Real<T>) == 4 ? Real<T>(1e-30) : Real<T>(1e-30));
  const T scale = T(1) / square_root(select(degenerate, T(1), square));
  return {select(degenerate, T(1), scale * q.w), select(degenerate, T(0), scale * q.x),
          select(degenerate, T(0), scale * q.y), select(degenerate, T(0), scale * q.z)};
}

// The rotation matrix of a unit quaternion.
template <class T>
[[gnu::always_inline]] LS_FN Matrix3<T> matrix(Quaternion<T> q) {
  const T x2 = q.x + q.x, y2 = q.y + q.y, z2 = q.z + q.z;
  const T wx = q.w * x2, wy = q.w * y2, wz = q.w * z2;
  const T xx = q.x * x2, xy = q.x * y2, xz = q.x * z2;
  const T yy = q.y * y2, yz = q.y * z2, zz = q.z * z2;
  return {
      {T(1) - (yy + zz), xy + wz, xz - wy}, {xy - wz, T(1) - (xx + zz), yz + wx}, {xz + wy, yz - wx, T(1) - (xx + yy)}};
}

// The unit quaternion of a rotation matrix, from the largest of its four numbers (S. W. Shepperd, "Quaternion from
// rotation matrix", 1978). Its sign is arbitrary.
template <class T>
LS_FN Quaternion<T> quaternion(const Matrix3<T>& r) {
  const T xx = r.x.x, yy = r.y.y, zz = r.z.z;
  const T square_w = T(1) + xx + yy + zz, square_x = T(1) + xx - yy - zz;
  const T square_y = T(1) - xx + yy - zz, square_z = T(1) - xx - yy + zz;
  // Row k of 4 q q' for each k: the row with the largest diagonal, divided by twice its root.
  const T wx = r.y.z - r.z.y, wy = r.z.x - r.x.z, wz = r.x.y - r.y.x;
  const T xy = r.x.y + r.y.x, xz = r.x.z + r.z.x, yz = r.y.z + r.z.y;
  const MaskOf<T> use_x = square_x > maximum(square_y, square_z);
  const MaskOf<T> use_y = square_y > square_z;
  Quaternion<T> row{select(use_y, wy, wz), select(use_y, xy, xz), select(use_y, square_y, yz),
                    select(use_y, yz, square_z)};
  row = {select(use_x, wx, row.w), select(use_x, square_x, row.x), select(use_x, xy, row.y), select(use_x, xz, row.z)};
  const MaskOf<T> use_w = square_w > maximum(square_x, maximum(square_y, square_z));
  return normalised(Quaternion<T>{select(use_w, square_w, row.w), select(use_w, wx, row.x), select(use_w, wy, row.y),
                                  select(use_w, wz, row.z)});
}

// Rotation about the vector `rotation` (rad times unit axis).
template <class T>
LS_FN Quaternion<T> from_rotation_vector(Vector3<T> rotation) {
  const T square = dot(rotation, rotation);
  const MaskOf<T> small = square < T(Real<T>(1e-20));
  const T angle = square_root(select(small, T(1), square));
  T s, c;
  sine_cosine(T(Real<T>(0.5)) * angle, s, c);
  // sin(a/2)/a -> 1/2 at zero
  const T scale = select(small, T(Real<T>(0.5)), s / angle);
  return {select(small, T(1), c), scale * rotation.x, scale * rotation.y, scale * rotation.z};
}

// The rotation vector of a unit quaternion, of length in [0, pi] (MuJoCo's mju_quat2Vel over unit time).
template <class T>
LS_FN Vector3<T> rotation_vector(Quaternion<T> q) {
  const T square = q.x * q.x + q.y * q.y + q.z * q.z;
  const MaskOf<T> small = square < T(Real<T>(1e-30));
  const T half_sine = square_root(select(small, T(1), square));
  const T pi = T(Real<T>(3.14159265358979323846));
  T angle = T(2) * arctangent2(half_sine, q.w);
  angle = select(angle > pi, angle - (pi + pi), angle);
  const T scale = select(small, T(0), angle / half_sine);
  return {scale * q.x, scale * q.y, scale * q.z};
}

// q turned by the body-frame angular velocity (rad/s) for `time` (s), of length 1.
template <class T>
[[gnu::always_inline]] LS_FN Quaternion<T> integrated(Quaternion<T> q, Vector3<T> velocity, T time) {
  return normalised(product(q, from_rotation_vector(time * velocity)));
}

}  // namespace lockstep::kernels
