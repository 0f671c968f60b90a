// Contacts of a plane (its z axis is the normal; infinite) with sphere, capsule, ellipsoid, cylinder and box.
// All in closed form, with MuJoCo's choice of points: the ends of a capsule, four points of a cylinder, the first four
// corners of a box below its centre that are within the margin.
#pragma once

#include "kernels/contact_point.h"

namespace lockstep::kernels {

namespace detail {

// The contact of a plane with the point `p` of a body at signed height `height` over it.
template <class T>
[[gnu::always_inline]] LS_FN ContactPoint<T> on_plane(Vector3<T> p, T height, Vector3<T> normal, Vector3<T> tangent) {
  return {height, p - (T(Real<T>(0.5)) * height) * normal, normal, tangent};
}

template <class T, class Emit>
[[gnu::always_inline]] LS_FN void emit_if_any(int slot, MaskOf<T> touches, const ContactPoint<T>& contact,
                                              Emit&& emit) {
  if (any(touches)) emit(slot, touches, contact);
}

}  // namespace detail

// Slot 0: the lowest point of the sphere, size [radius].
template <class T, class Emit>
LS_FN void collide_plane_sphere(const Placement<T>& a, const Real<T>*, const Placement<T>& b, const Real<T>* size_b,
                                T margin, Emit&& emit) {
  const Vector3<T> normal = a.r.z;
  const T radius = T(size_b[0]);
  const T height = dot(b.p - a.p, normal) - radius;
  const MaskOf<T> touches = height <= margin;
  if (!any(touches)) return;
  emit(0, touches, detail::on_plane(b.p - radius * normal, height, normal, contact_tangent(normal)));
}

// Slots 0 and 1: the upper and the lower end along the capsule's z axis, size [radius, half length]. The frame is
// turned towards the axis.
template <class T, class Emit>
LS_FN void collide_plane_capsule(const Placement<T>& a, const Real<T>*, const Placement<T>& b, const Real<T>* size_b,
                                 T margin, Emit&& emit) {
  const Vector3<T> normal = a.r.z;
  const T radius = T(size_b[0]);
  const T centre = dot(b.p - a.p, normal);
  const T rise = T(size_b[1]) * dot(b.r.z, normal);
  if (!any(centre - absolute(rise) - radius <= margin)) return;
  const Vector3<T> tangent = contact_tangent(normal, b.r.z);
  const Vector3<T> half = T(size_b[1]) * b.r.z;
  for (int end = 0; end < 2; ++end) {
    const T sign = T(1 - 2 * end);
    const T height = centre + sign * rise - radius;
    const Vector3<T> lowest = b.p + sign * half - radius * normal;
    detail::emit_if_any<T>(end, height <= margin, detail::on_plane(lowest, height, normal, tangent), emit);
  }
}

// Slot 0: the lowest point of the ellipsoid, size [three semi-axes].
template <class T, class Emit>
LS_FN void collide_plane_ellipsoid(const Placement<T>& a, const Real<T>*, const Placement<T>& b, const Real<T>* size_b,
                                   T margin, Emit&& emit) {
  const Vector3<T> normal = a.r.z;
  const Vector3<T> scaled = {T(size_b[0]) * dot(b.r.x, normal), T(size_b[1]) * dot(b.r.y, normal),
                             T(size_b[2]) * dot(b.r.z, normal)};
  const T reach = detail::length(scaled);  // of the ellipsoid along the normal
  const T height = dot(b.p - a.p, normal) - reach;
  const MaskOf<T> touches = height <= margin;
  if (!any(touches)) return;
  const T shrink = T(1) / reach;
  const Vector3<T> lowest = {-(shrink * T(size_b[0]) * scaled.x), -(shrink * T(size_b[1]) * scaled.y),
                             -(shrink * T(size_b[2]) * scaled.z)};
  emit(0, touches, detail::on_plane(b.p + rotate(b.r, lowest), height, normal, contact_tangent(normal)));
}

// Size [radius, half length]. Slot 0: lowest point of the lower rim; 1: the point above it on the upper rim; 2 and 3:
// two more of the lower rim, at 120 degrees from the lowest. Which point of a rim parallel to the plane is the lowest
// is MuJoCo's choice (the x axis), and undefined for rounding where the rim is nearly so.
template <class T, class Emit>
LS_FN void collide_plane_cylinder(const Placement<T>& a, const Real<T>*, const Placement<T>& b, const Real<T>* size_b,
                                  T margin, Emit&& emit) {
  const Vector3<T> normal = a.r.z;
  const T radius = T(size_b[0]);
  const T cosine = dot(normal, b.r.z);
  const T down = select(cosine > T(0), T(-1), T(1));  // turns the axis towards the plane
  const Vector3<T> axis = (down * T(size_b[1])) * b.r.z;
  const T rise = down * T(size_b[1]) * cosine;
  const T centre = dot(b.p - a.p, normal);
  // The way down within the rim's plane, from the rim's own axes: across the cylinder's axis whatever its rounding.
  const Vector3<T> across = -dot(normal, b.r.x) * b.r.x - dot(normal, b.r.y) * b.r.y;
  const T slope = detail::length(across);
  const MaskOf<T> flat = slope < T(detail::kNoise<T>);
  const Vector3<T> spoke = radius * detail::choose<T>(flat, b.r.x, detail::direction(across, slope));
  const T drop = dot(spoke, normal);
  const T lowest = centre + rise + drop;
  const MaskOf<T> touches = lowest <= margin;
  if (!any(touches)) return;

  const Vector3<T> tangent = contact_tangent(normal);
  emit(0, touches, detail::on_plane(b.p + spoke + axis, lowest, normal, tangent));
  const T upper = centre - rise + drop;
  detail::emit_if_any<T>(1, touches & (upper <= margin), detail::on_plane(b.p + spoke - axis, upper, normal, tangent),
                         emit);
  const T half = T(Real<T>(0.5));
  const T side = centre + rise - half * drop;
  const MaskOf<T> side_touches = touches & (side <= margin);
  if (!any(side_touches)) return;
  const Vector3<T> sideways = (radius * T(Real<T>(0.86602540378443864676))) * detail::direction(cross(spoke, axis));
  const Vector3<T> middle = b.p + axis - half * spoke;
  emit(2, side_touches, detail::on_plane(middle + sideways, side, normal, tangent));
  emit(3, side_touches, detail::on_plane(middle - sideways, side, normal, tangent));
}

// Size [three half sides]. Slot = corner, bits 0, 1, 2 set where x, y, z are positive; of those below the box's centre
// and within the margin, the first four touch.
template <class T, class Emit>
LS_FN void collide_plane_box(const Placement<T>& a, const Real<T>*, const Placement<T>& b, const Real<T>* size_b,
                             T margin, Emit&& emit) {
  const Vector3<T> normal = a.r.z;
  const T centre = dot(b.p - a.p, normal);
  const Vector3<T> rise = {T(size_b[0]) * dot(b.r.x, normal), T(size_b[1]) * dot(b.r.y, normal),
                           T(size_b[2]) * dot(b.r.z, normal)};
  if (!any(centre - (absolute(rise.x) + absolute(rise.y) + absolute(rise.z)) <= margin)) return;
  const Vector3<T> tangent = contact_tangent(normal);
  T found = T(0);
  for (int corner = 0; corner < 8; ++corner) {
    const T x = T(corner & 1 ? 1 : -1), y = T(corner & 2 ? 1 : -1), z = T(corner & 4 ? 1 : -1);
    const T up = x * rise.x + y * rise.y + z * rise.z;
    const T height = centre + up;
    const MaskOf<T> touches = (height <= margin) & (up <= T(0)) & (found < T(4));
    if (!any(touches)) continue;
    found += select(touches, T(1), T(0));
    const Vector3<T> p = b.p + rotate(b.r, Vector3<T>{x * T(size_b[0]), y * T(size_b[1]), z * T(size_b[2])});
    emit(corner, touches, detail::on_plane(p, height, normal, tangent));
  }
}

}  // namespace lockstep::kernels
