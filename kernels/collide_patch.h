// Contacts of convex geoms that may lie flat on each other: cylinders, boxes, meshes and capsules on them.
#pragma once

#include "kernels/collide_convex.h"
#include "kernels/contact_patch.h"

namespace lockstep::kernels {

namespace detail {

template <class T>
LS_FN Vector3<Real<T>> lane_of(Vector3<T> v, int i) {
  return {lane(v.x, i), lane(v.y, i), lane(v.z, i)};
}
template <class T>
LS_FN Placement<Real<T>> lane_of(const Placement<T>& at, int i) {
  return {lane_of(at.p, i), {lane_of(at.r.x, i), lane_of(at.r.y, i), lane_of(at.r.z, i)}};
}
template <class T>
LS_FN void set_lane_of(Vector3<T>& v, int i, Vector3<Real<T>> value) {
  set_lane(v.x, i, value.x);
  set_lane(v.y, i, value.y);
  set_lane(v.z, i, value.z);
}

}  // namespace detail

// Slots 0 to 3: the points of the patch in which the geoms touch, or slot 0 the nearest points.
template <int kTypeA, int kTypeB, class T, class Emit>
LS_FN void collide_flat(const GeomShape<Real<T>>& shape_a, const Placement<T>& a, const GeomShape<Real<T>>& shape_b,
                        const Placement<T>& b, T margin, Emit&& emit) {
  using R = Real<T>;
  const ConvexShape<T, kTypeA> first = {shape_a.size, shape_a.mesh, detail::at_origin<T>()};
  const ConvexShape<T, kTypeB> second = {shape_b.size, shape_b.mesh, detail::relative(a, b)};
  const T radius = first.radius();  // geom 2 has none
  const detail::Witness<T> found = detail::climb<T>(first, second, margin + radius);
  const T distance = found.separation - radius;
  const MaskOf<T> touches = distance <= margin;
  if (!any(touches)) return;

  ContactPoint<T> contact[detail::kPatchContacts];
  MaskOf<T> there[detail::kPatchContacts];
  for (int k = 0; k < detail::kPatchContacts; ++k) {
    contact[k].distance = distance;
    contact[k].position = T(R(0.5)) * (found.on1 + radius * found.normal + found.on2);
    contact[k].normal = found.normal;
    there[k] = k == 0 ? touches : MaskOf<T>(false);
  }
  for_each_lane(touches, [&](int i) {
    const ConvexShape<R, kTypeA> own_a = {shape_a.size, shape_a.mesh, detail::lane_of(first.at, i)};
    const ConvexShape<R, kTypeB> own_b = {shape_b.size, shape_b.mesh, detail::lane_of(second.at, i)};
    const Vector3<R> on[2] = {detail::lane_of(found.on1, i), detail::lane_of(found.on2, i)};
    detail::Patch<R> patch;
    detail::find_patch<R>(own_a, own_b, on, detail::lane_of(found.normal, i), lane(margin, i), patch);
    for (int k = 0; k < patch.count; ++k) {
      set_lane(there[k], i, true);
      set_lane(contact[k].distance, i, patch.distance[k]);
      detail::set_lane_of(contact[k].position, i, patch.position[k]);
      detail::set_lane_of(contact[k].normal, i, patch.normal);
    }
  });
  for (int k = 0; k < detail::kPatchContacts; ++k) {
    if (!any(there[k])) continue;
    contact[k].position = a.p + rotate(a.r, contact[k].position);
    contact[k].normal = rotate(a.r, contact[k].normal);
    contact[k].tangent = contact_tangent(contact[k].normal);
    emit(k, there[k], contact[k]);
  }
}

}  // namespace lockstep::kernels
