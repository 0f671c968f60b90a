// Contacts of two convex geoms through their support points alone: ellipsoids, cylinders and meshes with each other and
// with the rest.
// The contact normal is the direction n (from geom 1 to geom 2) along which the geoms are farthest apart or least deep
// in each other, separation(n) = n . (x2(n) - x1(n)) with x1, x2 their support points. It is found by a climb that also
// works under penetration: geom 2 is moved along n until a small gap opens, the nearest points then give the next n,
// and the separation never falls.
#pragma once

#include "kernels/closest_points.h"

namespace lockstep::kernels {

namespace detail {

template <class T>
struct Witness {
  Vector3<T> normal;    // unit, from geom 1 to geom 2
  T separation;         // of the cores along it
  Vector3<T> on1, on2;  // nearest points of the cores
};

template <class T, class A, class B>
LS_FN T separation(const A& a, const B& b, Vector3<T> normal) {
  return dot(normal, support_point(b, -normal) - support_point(a, normal));
}

template <class T, class A, class B>
LS_FN void try_normal(const A& a, const B& b, Vector3<T> way, Witness<T>& best) {
  const T size = length(way);
  const Vector3<T> normal = direction(way, size);
  const T apart = separation<T>(a, b, normal);
  const MaskOf<T> better = (size > T(kShortest<T>)) & (apart > best.separation);
  best.separation = select(better, apart, best.separation);
  best.normal = choose<T>(better, normal, best.normal);
}

// Directions along which this geom could meet one that lies towards `way`, each tried both ways round: `sign` 1 where
// the geom is the first of the pair, else -1.
template <class T, int kType, class Try>
LS_FN void propose_normals(const ConvexShape<T, kType>& shape, Vector3<T> way, Try&& propose) {
  const Vector3<T> own = into_axes(shape.at.r, way);
  const auto along = [&](Vector3<T> v) { propose(rotate(shape.at.r, v)); };
  const auto signed_one = [](T x) { return select(x < T(0), T(-1), T(1)); };
  const T zero = T(0);
  if constexpr (kType == kBox) {
    along({signed_one(own.x), zero, zero});
    along({zero, signed_one(own.y), zero});
    along({zero, zero, signed_one(own.z)});
  } else if constexpr (kType == kCylinder) {
    along({zero, zero, signed_one(own.z)});
    along({own.x, own.y, zero});
  } else if constexpr (kType == kEllipsoid) {
    const Real<T>* s = shape.size;
    along({own.x / T(s[0] * s[0]), own.y / T(s[1] * s[1]), own.z / T(s[2] * s[2])});
  } else if constexpr (kType == kCapsule) {
    along({own.x, own.y, own.z - clamp(own.z, T(-shape.size[1]), T(shape.size[1]))});
    along({own.x, own.y, zero});
  } else if constexpr (kType == kMesh) {
    for (int face = 0; face < shape.mesh->num_faces; ++face) {
      const Real<T>* n = shape.mesh->face_normals + 3 * face;
      along({T(n[0]), T(n[1]), T(n[2])});
    }
  }
}

// Directions of the geom's straight edges, without those of a mesh (too many to try in pairs).
template <class T, int kType, class Visit>
LS_FN void visit_edges(const ConvexShape<T, kType>& shape, Visit&& visit) {
  if constexpr (kType == kBox) {
    visit(shape.at.r.x);
    visit(shape.at.r.y);
  }
  if constexpr (kType == kBox || kType == kCapsule || kType == kCylinder) visit(shape.at.r.z);
}

template <class T, class A, class B>
LS_FN Witness<T> first_normal(const A& a, const B& b) {
  const Vector3<T> way = centre(b) - centre(a);
  Witness<T> best;
  best.normal = {T(0), T(0), T(1)};
  best.separation = separation<T>(a, b, best.normal);
  best.on1 = best.on2 = centre(a);
  try_normal(a, b, way, best);
  propose_normals(a, way, [&](Vector3<T> v) { try_normal(a, b, v, best); });
  propose_normals(b, -way, [&](Vector3<T> v) { try_normal(a, b, -v, best); });
  visit_edges(a, [&](Vector3<T> of_a) {
    visit_edges(b, [&](Vector3<T> of_b) {
      const Vector3<T> across = cross(of_a, of_b);
      try_normal(a, b, across, best);
      try_normal(a, b, -across, best);
    });
  });
  return best;
}

template <class T>
LS_FN void keep(MaskOf<T> mask, const Witness<T>& from, Witness<T>& to) {
  to.normal = choose<T>(mask, from.normal, to.normal);
  to.separation = select(mask, from.separation, to.separation);
  to.on1 = choose<T>(mask, from.on1, to.on1);
  to.on2 = choose<T>(mask, from.on2, to.on2);
}

template <class T>
[[gnu::always_inline]] LS_FN Vector3<T> point_on_first(const Simplex<T>& s) {
  return s.weight[0] * s.a[0] + s.weight[1] * s.a[1] + s.weight[2] * s.a[2];
}

// What ascend opens between two geoms (m).
template <class R, class A, class B>
LS_FN R gap_of(const A& a, const B& b) {
  const R extent1 = a.extent(), extent2 = b.extent();
  return R(0.05) * (extent1 < extent2 ? extent1 : extent2);
}

// The nearest points of cores that are apart by more than `least`, or just a direction along which they are by more
// than `reach`; true where they are, proven by a plane between them.
template <class T, class A, class B>
LS_FN MaskOf<T> nearest_apart(const A& a, const B& b, T least, T reach, Witness<T>& found) {
  const Vector3<T> nowhere = {T(0), T(0), T(0)};
  const Vector3<T> way = direction(centre(b) - centre(a));
  const T along_way = separation<T>(a, b, way);
  const MaskOf<T> far = along_way > reach;
  const Simplex<T> s = closest_points<T>(a, b, nowhere, way, !far);
  found.normal = direction(-s.v);
  found.separation = separation<T>(a, b, found.normal);
  found.on1 = point_on_first(s);
  found.on2 = found.on1 - s.v;
  const T proven = found.separation * found.separation;
  constexpr Real<T> kProof = sizeof(Real<T>) == 4 ? Real<T>(1 - 1e-5) : Real<T>(1 - 1e-10);
  const MaskOf<T> apart = (found.separation > least) & (proven >= T(kProof) * s.square);
  found.separation = select(far, along_way, found.separation);
  return far | apart;
}

// Climbs from best.normal in the worlds `active`, as long as the cores are no farther apart than `reach`.
template <class T, class A, class B>
[[gnu::noinline]] LS_FN void ascend(const A& a, const B& b, T reach, MaskOf<T> active, Witness<T>& best) {
  // A smaller gap needs fewer steps, a larger one loses less of the direction to rounding.
  const Real<T> gap = gap_of<Real<T>>(a, b);
  constexpr int kSteps = 100;
  constexpr Real<T> kTurn = sizeof(Real<T>) == 4 ? Real<T>(1e-11) : Real<T>(1e-20);  // squared (rad)
  active = active & (best.separation <= reach);
  for (int step = 0; step < kSteps && any(active); ++step) {
    // Geoms that are apart stay where they are: the nearest points give the best direction at once.
    const Vector3<T> shift = maximum(T(gap) - best.separation, T(0)) * best.normal;
    const Simplex<T> s = closest_points<T>(a, b, shift, best.normal, active);
    const MaskOf<T> defined = active & (s.square > T(0));
    const Vector3<T> normal = direction(-s.v);
    const T apart = separation<T>(a, b, normal);
    const Vector3<T> on1 = point_on_first(s);
    const Vector3<T> turn = normal - best.normal;
    const MaskOf<T> settled = !(dot(turn, turn) > T(kTurn));
    const MaskOf<T> better = defined & ((apart > best.separation) | settled | MaskOf<T>(step == 0));
    best.on1 = choose<T>(better, on1, best.on1);
    best.on2 = choose<T>(better, on1 - s.v - shift, best.on2);
    const MaskOf<T> climbed = better & (apart > best.separation);
    best.normal = choose<T>(climbed, normal, best.normal);
    best.separation = select(climbed, apart, best.separation);
    active = climbed & !settled & (best.separation <= reach);
  }
}

// Moves best.normal up the slope of the separation, which is the part of x2(n) - x1(n) across n: a step that gains is
// kept and makes the next one longer, one that loses makes it shorter. Two support points a step, so that a summit is
// told from another cheaply, though not reached exactly.
template <class T, class A, class B>
LS_FN void climb_slope(const A& a, const B& b, Witness<T>& best) {
  constexpr int kSteps = 16;
  const auto apart_along = [&](Vector3<T> normal) { return support_point(b, -normal) - support_point(a, normal); };
  Vector3<T> apart = apart_along(best.normal);
  best.separation = dot(best.normal, apart);
  T stride = T(1) / maximum(length(apart), T(kShortest<T>));
  for (int step = 0; step < kSteps; ++step) {
    const Vector3<T> normal = direction(best.normal + stride * (apart - best.separation * best.normal));
    const Vector3<T> next = apart_along(normal);
    const T separation = dot(normal, next);
    const MaskOf<T> gains = separation > best.separation;
    best.normal = choose<T>(gains, normal, best.normal);
    best.separation = select(gains, separation, best.separation);
    apart = choose<T>(gains, next, apart);
    stride = select(gains, T(Real<T>(1.6)), T(Real<T>(0.4))) * stride;
  }
}

// Geoms deep in each other have several summits of the separation, and a climb ends on one that is near. In the worlds
// `deep` this looks for others from the axes of both geoms, and climbs the best that it finds, if `best` is not on it.
template <class T, class A, class B>
LS_FN void climb_from_axes(const A& a, const B& b, MaskOf<T> deep, Witness<T>& best) {
  const Matrix3<T> axes[2] = {axes_of(a), axes_of(b)};
  const Vector3<T> way = centre(b) - centre(a);
  // Of two ways along an axis, the one towards the other geom separates more, if both geoms look the same from behind.
  constexpr int kStarts = A::kIsSymmetric && B::kIsSymmetric ? 6 : 12;
  Witness<T> other = best;
  other.separation = T(Real<T>(-1e30));
  for (int start = 0; start < kStarts; ++start) {
    const Matrix3<T>& r = axes[start % 6 / 3];
    const Vector3<T> axis = start % 3 == 0 ? r.x : start % 3 == 1 ? r.y : r.z;
    Witness<T> found = best;
    found.normal = choose<T>((dot(axis, way) < T(0)) ^ MaskOf<T>(start >= 6), -axis, axis);
    climb_slope<T>(a, b, found);
    keep(found.separation > other.separation, found, other);
  }
  constexpr Real<T> kNear = Real<T>(0.01);   // what climb_slope may still lack, of the depth
  constexpr Real<T> kSame = Real<T>(0.999);  // cosine between normals of one summit
  const MaskOf<T> promising =
      deep & (other.separation > T(1 + kNear) * best.separation) & (dot(other.normal, best.normal) < T(kSame));
  ascend<T>(a, b, T(0), promising, other);
  keep(promising & (other.separation > best.separation), other, best);
}

// The direction of the largest separation, climbed to from the best of those that the shapes propose, as long as the
// cores are no farther apart than `reach`.
template <class T, class A, class B>
LS_FN Witness<T> climb(const A& a, const B& b, T reach) {
  Witness<T> best;
  MaskOf<T> apart_for_sure = MaskOf<T>(false);
  if constexpr (A::kIsRound || B::kIsRound)
    apart_for_sure = nearest_apart<T>(a, b, T(Real<T>(0.02) * gap_of<Real<T>>(a, b)), reach, best);
  if (!all(apart_for_sure)) keep(!apart_for_sure, first_normal<T>(a, b), best);
  ascend<T>(a, b, reach, !apart_for_sure, best);
  const Real<T> thickness1 = a.thickness(), thickness2 = b.thickness();
  const Real<T> shallow = Real<T>(0.1) * (thickness1 < thickness2 ? thickness1 : thickness2);
  const MaskOf<T> deep = (!apart_for_sure) & (best.separation < T(-shallow)) & (best.separation <= reach);
  if (any(deep)) climb_from_axes<T>(a, b, deep, best);
  return best;
}

// The pair in the frame of geom 1.
template <class T>
LS_FN Placement<T> relative(const Placement<T>& a, const Placement<T>& b) {
  return {into_axes(a.r, b.p - a.p), {into_axes(a.r, b.r.x), into_axes(a.r, b.r.y), into_axes(a.r, b.r.z)}};
}

template <class T>
[[gnu::always_inline]] LS_FN Placement<T> at_origin() {
  return {{T(0), T(0), T(0)}, {{T(1), T(0), T(0)}, {T(0), T(1), T(0)}, {T(0), T(0), T(1)}}};
}

}  // namespace detail

// One contact, slot 0, of any two convex geoms; one of them has no flat side nor straight edge.
template <int kTypeA, int kTypeB, class T, class Emit>
LS_FN void collide_convex(const GeomShape<Real<T>>& shape_a, const Placement<T>& a, const GeomShape<Real<T>>& shape_b,
                          const Placement<T>& b, T margin, Emit&& emit) {
  const ConvexShape<T, kTypeA> first = {shape_a.size, shape_a.mesh, detail::at_origin<T>()};
  const ConvexShape<T, kTypeB> second = {shape_b.size, shape_b.mesh, detail::relative(a, b)};
  const T radius1 = first.radius(), radius2 = second.radius();
  const detail::Witness<T> found = detail::climb<T>(first, second, margin + radius1 + radius2);
  ContactPoint<T> contact;
  contact.distance = found.separation - radius1 - radius2;
  const MaskOf<T> touches = contact.distance <= margin;
  if (!any(touches)) return;
  const Vector3<T> on1 = found.on1 + radius1 * found.normal, on2 = found.on2 - radius2 * found.normal;
  contact.position = a.p + rotate(a.r, T(Real<T>(0.5)) * (on1 + on2));
  contact.normal = rotate(a.r, found.normal);
  contact.tangent = contact_tangent(contact.normal);
  emit(0, touches, contact);
}

}  // namespace lockstep::kernels
