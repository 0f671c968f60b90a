// Contacts of a cylinder with capsule, cylinder and box: one through support points, several where an edge or a face
// lies on a cap. MuJoCo takes a cap for a polygon of 16 vertices there, the normal for the face's, and a side line or
// capsule for an edge if it is within 5.1 degrees of the face; points beyond the margin are dropped.
#pragma once

#include "kernels/collide_convex.h"
#include "kernels/contact_patch.h"

namespace lockstep::kernels {

namespace detail {

// The outward normals of a cap's sides are (+-kCapCosine[k], +-kCapCosine[3 - k]), at multiples of 22.5 degrees from
// 11.25; their distance from the centre is kCapCosine[0] times the radius.
template <class T>
LS_FN T cap_cosine(int k) {
  constexpr Real<T> kCosines[4] = {Real<T>(0.98078528040323044913), Real<T>(0.83146961230254523708),
                                   Real<T>(0.55557023301960222474), Real<T>(0.19509032201612826785)};
  return T(kCosines[k]);
}

// The stretch [from, to] of the points p + t step, t within [-1, 1], over the cap; empty where from > to. `from_end`
// and `to_end`: that end is the segment's own.
template <class T>
struct Stretch {
  T from, to;
  MaskOf<T> from_end, to_end;
};
template <class T>
LS_FN Stretch<T> stretch_over_cap(Vector3<T> p, Vector3<T> step, T radius) {
  Stretch<T> s = {T(-1), T(1), MaskOf<T>(true), MaskOf<T>(true)};
  const T limit = radius * cap_cosine<T>(0);
  for (int side = 0; side < 16; ++side) {
    const T nx = T(side & 4 ? -1 : 1) * cap_cosine<T>(side & 3);
    const T ny = T(side & 8 ? -1 : 1) * cap_cosine<T>(3 - (side & 3));
    const T rate = nx * step.x + ny * step.y, room = limit - (nx * p.x + ny * p.y);
    const T at = room / nonzero(rate);
    const MaskOf<T> cuts_end = (rate > T(0)) & (at < s.to), cuts_start = (rate < T(0)) & (at > s.from);
    const MaskOf<T> misses = (rate == T(0)) & (room < T(0));
    s.to = select(misses, T(-2), select(cuts_end, at, s.to));
    s.from = select(cuts_start, at, s.from);
    s.to_end = s.to_end & !cuts_end;
    s.from_end = s.from_end & !cuts_start;
  }
  return s;
}

// An edge against the cap of a cylinder on the side `up` (1 or -1) of its z axis, all in the cylinder's axes: the
// contacts of the edge's ends over the cap.
template <class T>
struct EdgeOnCap {
  MaskOf<T> lies;  // on the cap: these contacts stand for the single one
  MaskOf<T> touches[2];
  T distance[2];
  Vector3<T> position[2];
};
template <class T>
LS_FN EdgeOnCap<T> edge_on_cap(Vector3<T> p, Vector3<T> step, T up, const Real<T>* cylinder, T margin) {
  EdgeOnCap<T> found;
  const Stretch<T> s = stretch_over_cap<T>(p, step, T(cylinder[0]));
  const T half = T(Real<T>(0.5)), height = T(cylinder[1]);
  const T at[2] = {s.from, s.to};
  for (int k = 0; k < 2; ++k) {
    const Vector3<T> on_edge = p + at[k] * step;
    found.distance[k] = up * on_edge.z - height + half * margin;
    found.position[k] = {on_edge.x, on_edge.y, up * (height + half * found.distance[k])};
    found.touches[k] = found.distance[k] <= margin;
  }
  found.lies = (s.from <= s.to) & (found.touches[0] | found.touches[1]);
  // A point beyond the margin is dropped. If the other is where the cap's border cuts the edge MuJoCo reports it twice.
  const MaskOf<T> first_only = found.touches[0] & !found.touches[1], second_only = found.touches[1] & !found.touches[0];
  found.distance[1] = select(first_only, found.distance[0], found.distance[1]);
  found.position[1] = choose<T>(first_only, found.position[0], found.position[1]);
  found.distance[0] = select(second_only, found.distance[1], found.distance[0]);
  found.position[0] = choose<T>(second_only, found.position[1], found.position[0]);
  const MaskOf<T> again_first = first_only & !s.from_end, again_second = second_only & !s.to_end;
  found.touches[1] = found.lies & (found.touches[1] | again_first);
  found.touches[0] = found.lies & (found.touches[0] | again_second);
  return found;
}

}  // namespace detail

// Sizes [radius, half length], [radius, half length]. Slot 0: the nearest points, or one end of the stretch over which
// the capsule lies on a cap; 1: the other end.
template <class T, class Emit>
LS_FN void collide_capsule_cylinder(const Placement<T>& a, const Real<T>* size_a, const Placement<T>& b,
                                    const Real<T>* size_b, T margin, Emit&& emit) {
  const ConvexShape<T, kCapsule> capsule = {size_a, nullptr, detail::relative(b, a)};
  const ConvexShape<T, kCylinder> cylinder = {size_b, nullptr, detail::at_origin<T>()};
  const T radius = T(size_a[0]), half = T(Real<T>(0.5));
  const detail::Witness<T> found = detail::climb<T>(capsule, cylinder, margin + radius);
  ContactPoint<T> single;
  single.distance = found.separation - radius;
  const MaskOf<T> touches = single.distance <= margin;
  if (!any(touches)) return;
  const Vector3<T> normal = rotate(b.r, found.normal);
  single.position = b.p + rotate(b.r, half * (found.on1 + radius * found.normal + found.on2));
  single.normal = normal;
  single.tangent = contact_tangent(normal);

  // It lies on a cap where it meets one flat, or meets its rim with its side; an end on the rim stays one contact.
  constexpr Real<T> kExact = sizeof(Real<T>) == 4 ? Real<T>(1 - 1e-5) : Real<T>(1 - 1e-9);
  const T up = select(found.on2.z < T(0), T(-1), T(1));
  const T along = dot(found.on1 - capsule.at.p, capsule.at.r.z);
  const MaskOf<T> meets_flat = (absolute(found.normal.z) > T(kExact)) | (absolute(along) < T(size_a[1] * kExact));
  const MaskOf<T> on_cap = touches & meets_flat & (absolute(found.on2.z) >= T(size_b[1] * kExact)) &
                           (absolute(capsule.at.r.z.z) < T(detail::kEdgeLiesOnFace<Real<T>>));
  if (!any(on_cap)) return emit(0, touches, single);
  const Vector3<T> p = capsule.at.p + (radius + half * margin) * found.normal;
  const detail::EdgeOnCap<T> edge = detail::edge_on_cap<T>(p, T(size_a[1]) * capsule.at.r.z, up, size_b, margin);
  const MaskOf<T> lies = on_cap & edge.lies;
  for (int k = 0; k < 2; ++k) {
    ContactPoint<T> contact = single;
    contact.distance = select(lies, edge.distance[k], single.distance);
    contact.position = detail::choose<T>(lies, b.p + rotate(b.r, edge.position[k]), single.position);
    contact.normal = detail::choose<T>(lies, -up * b.r.z, single.normal);
    contact.tangent = contact_tangent(contact.normal);
    const MaskOf<T> here = select(lies, edge.touches[k], k == 0 ? touches : MaskOf<T>(false));
    if (any(here)) emit(k, here, contact);
  }
}

}  // namespace lockstep::kernels
