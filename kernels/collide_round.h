// Contacts among spheres and capsules, and of spheres with cylinders: nearest points of two cores, in closed form.
#pragma once

#include "kernels/collide_plane.h"

namespace lockstep::kernels {

namespace detail {

// Two balls, at p1 and p2. Where the centres coincide (axes of capsules that cross in one plane) the normal is
// `fallback` (MuJoCo: across both geoms' z axes).
template <class T>
struct Balls {
  MaskOf<T> touches;
  ContactPoint<T> contact;  // all but the tangent
};
template <class T>
LS_FN Balls<T> collide_balls(Vector3<T> p1, T radius1, Vector3<T> p2, T radius2, T margin, Vector3<T> fallback) {
  const Vector3<T> apart = p2 - p1;
  const T square = dot(apart, apart);
  const T reach = margin + radius1 + radius2;
  const T centres = square_root(square);
  const T distance = centres - radius1 - radius2;
  const Vector3<T> normal = choose<T>(centres < T(kNoise<T>), fallback, direction(apart, centres));
  const T half = T(Real<T>(0.5));
  return {square <= reach * reach, {distance, p1 + (radius1 + half * distance) * normal, normal, {T(0), T(0), T(0)}}};
}

template <class T>
[[gnu::always_inline]] LS_FN Vector3<T> across_axes(const Placement<T>& a, const Placement<T>& b) {
  return direction(cross(a.r.z, b.r.z));
}

template <class T, class Emit>
LS_FN void emit_balls(int slot, Balls<T> balls, Emit&& emit) {
  if (!any(balls.touches)) return;
  balls.contact.tangent = contact_tangent(balls.contact.normal);
  emit(slot, balls.touches, balls.contact);
}

}  // namespace detail

// Sizes [radius]. One slot.
template <class T, class Emit>
LS_FN void collide_sphere_sphere(const Placement<T>& a, const Real<T>* size_a, const Placement<T>& b,
                                 const Real<T>* size_b, T margin, Emit&& emit) {
  detail::emit_balls<T>(
      0, detail::collide_balls<T>(a.p, T(size_a[0]), b.p, T(size_b[0]), margin, detail::across_axes(a, b)), emit);
}

// Sizes [radius], [radius, half length]. One slot.
template <class T, class Emit>
LS_FN void collide_sphere_capsule(const Placement<T>& a, const Real<T>* size_a, const Placement<T>& b,
                                  const Real<T>* size_b, T margin, Emit&& emit) {
  const T along = clamp(dot(b.r.z, a.p - b.p), T(-size_b[1]), T(size_b[1]));
  detail::emit_balls<T>(
      0,
      detail::collide_balls<T>(a.p, T(size_a[0]), b.p + along * b.r.z, T(size_b[0]), margin, detail::across_axes(a, b)),
      emit);
}

// Sizes [radius, half length]. Axes within 1e-4 rad of parallel touch in two places (slots 0 and 1, along the first's z
// axis): the ends of the stretch over which they run side by side; where they do not, twice in the nearest ends. Other
// axes touch in one (slot 0).
template <class T, class Emit>
LS_FN void collide_capsule_capsule(const Placement<T>& a, const Real<T>* size_a, const Placement<T>& b,
                                   const Real<T>* size_b, T margin, Emit&& emit) {
  const T radius1 = T(size_a[0]), radius2 = T(size_b[0]), half1 = T(size_a[1]), half2 = T(size_b[1]);
  const Vector3<T> u = a.r.z, v = b.r.z, apart = b.p - a.p;
  const T cosine = dot(u, v);
  const T apart_u = dot(apart, u), apart_v = dot(apart, v);
  const Vector3<T> normal = cross(u, v);
  const T square = dot(normal, normal);  // of the sine of the angle between the axes
  const MaskOf<T> parallel = square < T(Real<T>(1e-8));

  // The nearest points of the two lines, then of the segments, by one round of alternating projections.
  const T line = dot(cross(apart, v), normal) / select(square == T(0), T(1), square);
  const T t1 = clamp(line, -half1, half1);
  const T t2 = clamp(cosine * t1 - apart_v, -half2, half2);
  T along1 = clamp(cosine * t2 + apart_u, -half1, half1);
  T along2 = t2;
  const Vector3<T> fallback = detail::across_axes(a, b);
  // Of parallel axes, the end of the second that comes first along the first axis, then the other.
  const T first_end = select(cosine < T(0), half2, -half2);
  const auto meet = [&](T end, T& on1, T& on2) {
    const T beside = apart_u + cosine * end;
    const MaskOf<T> inside = (beside >= -half1) & (beside <= half1);
    const T clamped = clamp(beside, -half1, half1);
    on1 = select(parallel, clamped, on1);
    on2 = select(parallel, select(inside, end, clamp(cosine * clamped - apart_v, -half2, half2)), on2);
  };
  if (any(parallel)) meet(first_end, along1, along2);
  detail::emit_balls<T>(
      0, detail::collide_balls<T>(a.p + along1 * u, radius1, b.p + along2 * v, radius2, margin, fallback), emit);
  if (!any(parallel)) return;
  meet(-first_end, along1, along2);
  detail::Balls<T> second =
      detail::collide_balls<T>(a.p + along1 * u, radius1, b.p + along2 * v, radius2, margin, fallback);
  second.touches = second.touches & parallel;
  detail::emit_balls<T>(1, second, emit);
}

// Sizes [radius], [radius, half length]. One slot: the side, a cap or a rim of the cylinder; for a centre inside it,
// the nearer of side and cap.
template <class T, class Emit>
LS_FN void collide_sphere_cylinder(const Placement<T>& a, const Real<T>* size_a, const Placement<T>& b,
                                   const Real<T>* size_b, T margin, Emit&& emit) {
  const T ball = T(size_a[0]), radius = T(size_b[0]), height = T(size_b[1]);
  const Vector3<T> apart = a.p - b.p;
  const T x = dot(b.r.z, apart);
  const Vector3<T> outward = apart - x * b.r.z;  // from the axis
  const T square = dot(outward, outward);
  const T off_axis = square_root(square);
  const MaskOf<T> beside = absolute(x) < height, above = square < radius * radius;
  const MaskOf<T> nearer_cap = height - absolute(x) < radius - off_axis;
  const MaskOf<T> cap = above & !(beside & !nearer_cap);
  const MaskOf<T> side = beside & !cap;

  // Side and rim: two balls, the second on the axis with the cylinder's radius or a point of the rim.
  const T end = select(x > T(0), height, -height);
  const T to_rim = radius / select(off_axis < T(detail::kShortest<T>), T(1), off_axis);
  const Vector3<T> core = detail::choose<T>(side, x * b.r.z, end * b.r.z + to_rim * outward);
  detail::Balls<T> found =
      detail::collide_balls<T>(a.p, ball, b.p + core, select(side, radius, T(0)), margin, detail::across_axes(a, b));
  // Cap: the sphere on the plane of the cap, its normal turned round, from the sphere to the cylinder.
  const Vector3<T> up = select(x > T(0), T(1), T(-1)) * b.r.z;
  const T distance = dot(a.p - (b.p + end * b.r.z), up) - ball;
  found.contact.distance = select(cap, distance, found.contact.distance);
  found.contact.normal = detail::choose<T>(cap, -up, found.contact.normal);
  found.contact.position =
      detail::choose<T>(cap, a.p - (T(Real<T>(0.5)) * distance + ball) * up, found.contact.position);
  found.touches = select(cap, distance <= margin, found.touches);
  detail::emit_balls<T>(0, found, emit);
}

}  // namespace lockstep::kernels
