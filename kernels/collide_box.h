// Contacts of a box with sphere and capsule. Size of a box [three half sides].
// Both bring the round geom into the box's axes; a capsule touches as two spheres on its segment: where it is nearest
// to the box, and where it leaves the face or edge that it lies along.
#pragma once

#include "kernels/contact_point.h"

namespace lockstep::kernels {

namespace detail {

// A ball against a box whose placement is `b`: the contact but for its tangent.
template <class T>
struct BallOnBox {
  MaskOf<T> touches;
  ContactPoint<T> contact;
};

// The unit vector, in the box's axes, from a point inside it against the nearest face's outward normal, and the
// distance to that face. Of equal distances the first counts: -x, +x, -y, +y, -z, +z.
template <class T>
LS_FN Vector3<T> into_nearest_face(Vector3<T> p, const Real<T>* size, T& distance) {
  const T at[3] = {p.x, p.y, p.z};
  T inward[3] = {T(0), T(0), T(0)};
  distance = T((size[0] + size[1] + size[2]) * Real<T>(2));
  for (int face = 0; face < 6; ++face) {
    const int axis = face / 2;
    const T sign = T(face % 2 == 0 ? -1 : 1);
    const T depth = absolute(sign * T(size[axis]) - at[axis]);
    const MaskOf<T> nearer = depth < distance;
    distance = select(nearer, depth, distance);
    for (int other = 0; other < 3; ++other) inward[other] = select(nearer, other == axis ? -sign : T(0), inward[other]);
  }
  return {inward[0], inward[1], inward[2]};
}

// `centre` is the ball's, in the box's axes from its centre.
template <class T>
LS_FN BallOnBox<T> collide_ball_box(Vector3<T> centre, T radius, const Placement<T>& b, const Real<T>* size, T margin) {
  const Vector3<T> nearest = {clamp(centre.x, T(-size[0]), T(size[0])), clamp(centre.y, T(-size[1]), T(size[1])),
                              clamp(centre.z, T(-size[2]), T(size[2]))};
  const Vector3<T> apart = nearest - centre;
  T distance = length(apart);
  BallOnBox<T> found;
  found.touches = distance - radius <= margin;
  if (!any(found.touches)) return found;
  const T half = T(Real<T>(0.5));
  Vector3<T> normal = direction(apart, distance);
  Vector3<T> position = half * (nearest + centre + radius * normal);
  const MaskOf<T> inside = distance <= T(kShortest<T>);
  if (any(inside)) {
    T depth;
    const Vector3<T> inward = into_nearest_face(centre, size, depth);
    normal = choose<T>(inside, inward, normal);
    position = choose<T>(inside, centre + (half * (radius - depth)) * inward, position);
    distance = select(inside, -depth, distance);
  }
  found.contact.distance = distance - radius;
  found.contact.position = b.p + rotate(b.r, position);
  found.contact.normal = rotate(b.r, normal);
  return found;
}

template <class T, class Emit>
LS_FN void emit_ball_box(int slot, BallOnBox<T>& found, Emit&& emit) {
  if (!any(found.touches)) return;
  found.contact.tangent = contact_tangent(found.contact.normal);
  emit(slot, found.touches, found.contact);
}

// A capsule's segment in the box's axes: points pos + s half, |s| <= 1.
template <class T>
struct Segment {
  T pos[3], half[3];
  T square;  // of half's length
};

// Where a segment is nearest to a box, and on which of its features.
template <class T>
struct NearestToBox {
  T distance;           // squared
  T along;              // s of the segment's nearest point
  MaskOf<T> on_end;     // the nearest is an end of the segment over a face, or inside the box
  MaskOf<T> face[3];    // of which axis; none: inside
  MaskOf<T> on_edge;    // strictly within an edge (else, unless on_end, a corner)
  MaskOf<T> edge[3];    // the edge's axis
  T along_edge;         // the box's nearest point on that edge, -1..1
  MaskOf<T> corner[3];  // on the positive side
};

template <class T>
LS_FN void try_ends(const Segment<T>& s, const Real<T>* size, NearestToBox<T>& best) {
  for (int end = -1; end <= 1; end += 2) {
    T outside = T(0), square = T(0);
    MaskOf<T> beyond[3];
    for (int axis = 0; axis < 3; ++axis) {
      const T at = s.pos[axis] + T(end) * s.half[axis];
      const T out = at - clamp(at, T(-size[axis]), T(size[axis]));
      beyond[axis] = absolute(at) > T(size[axis]);
      outside += select(beyond[axis], T(1), T(0));
      square += out * out;
    }
    const MaskOf<T> nearer = (outside <= T(1)) & (square < best.distance);
    best.distance = select(nearer, square, best.distance);
    best.along = select(nearer, T(end), best.along);
    best.on_end = best.on_end | nearer;
    for (int axis = 0; axis < 3; ++axis) best.face[axis] = select(nearer, beyond[axis], best.face[axis]);
  }
}

// The nearest points of the segment and the box's edge along `axis` through the corner `bits` (with bit `axis` clear).
template <class T>
LS_FN void try_edge(const Segment<T>& s, const Real<T>* size, int axis, int bits, NearestToBox<T>& best) {
  T apart[3];
  for (int k = 0; k < 3; ++k) apart[k] = (k == axis ? T(0) : T(bits & (1 << k) ? size[k] : -size[k])) - s.pos[k];
  const T half = T(size[axis]);
  const T ma = half * half, mb = -(half * s.half[axis]), mc = s.square;
  const T u = -(half * apart[axis]);
  const T v = s.half[0] * apart[0] + s.half[1] * apart[1] + s.half[2] * apart[2];
  // Across the edge: the determinant ma mc - mb mb without its cancellation, which float cannot afford.
  const int k1 = (axis + 1) % 3, k2 = (axis + 2) % 3;
  const T across = s.half[k1] * s.half[k1] + s.half[k2] * s.half[k2];
  const T determinant = ma * across;
  const MaskOf<T> crossing = absolute(determinant) >= T(kShortest<T>);
  const T lines = (s.half[k1] * apart[k1] + s.half[k2] * apart[k2]) / select(crossing, across, T(1));

  const T free_edge = (lines * s.half[axis] - apart[axis]) / half;
  T edge = clamp(free_edge, T(-1), T(1));
  const T free_along = select(edge == free_edge, lines, (v - mb * edge) / mc);
  const T along = clamp(free_along, T(-1), T(1));
  // A corner that was met first counts as the nearest feature even where the edge's inside is nearer in the end: so
  // does MuJoCo's, which decides where the second point goes.
  MaskOf<T> low = free_edge < T(-1);
  MaskOf<T> high = free_edge > T(1);
  const T again = (u - mb * along) / ma;
  const MaskOf<T> moved = along != free_along;
  low = select(moved & (again > T(1)), MaskOf<T>(false), low | (moved & (again < T(-1))));
  high = select(moved & (again < T(-1)), MaskOf<T>(false), high | (moved & (again > T(1))));
  edge = select(moved, clamp(again, T(-1), T(1)), edge);

  T square = T(0);
  for (int k = 0; k < 3; ++k) {
    T d = apart[k] - along * s.half[k];
    if (k == axis) d += half * edge;
    square += d * d;
  }
  const MaskOf<T> nearer = crossing & (square < best.distance - T(kShortest<T>));
  if (!any(nearer)) return;
  best.distance = select(nearer, square, best.distance);
  best.along = select(nearer, along, best.along);
  best.along_edge = select(nearer, edge, best.along_edge);
  best.on_end = best.on_end & !nearer;
  best.on_edge = select(nearer, !(low | high), best.on_edge);
  for (int k = 0; k < 3; ++k) {
    best.edge[k] = select(nearer, MaskOf<T>(k == axis), best.edge[k]);
    const MaskOf<T> side = k == axis ? high : MaskOf<T>((bits & (1 << k)) != 0);
    best.corner[k] = select(nearer, side, best.corner[k]);
  }
}

template <class T>
LS_FN NearestToBox<T> nearest_to_box(const Segment<T>& s, const Real<T>* size) {
  NearestToBox<T> best;
  best.distance = T(Real<T>(1e10));
  best.along = best.along_edge = T(0);
  best.on_end = best.on_edge = MaskOf<T>(false);
  for (int k = 0; k < 3; ++k) best.face[k] = best.edge[k] = best.corner[k] = MaskOf<T>(false);
  try_ends(s, size, best);
  for (int axis = 0; axis < 3; ++axis) {
    for (int bits = 0; bits < 8; ++bits) {
      if ((bits & (1 << axis)) == 0) try_edge(s, size, axis, bits, best);
    }
  }
  return best;
}

// How far along the segment (in s, signed) the second sphere sits from the first; `found` where there is one.
// Nearest is a corner: along the edge that the capsule runs at less than 45 degrees to, else across the face.
template <class T>
LS_FN T second_from_corner(const Segment<T>& s, const Real<T>* size, const NearestToBox<T>& best, MaskOf<T>& found) {
  T shift = T(0);
  found = MaskOf<T>(false);
  T reach[3];
  MaskOf<T> turned[3];
  for (int k = 0; k < 3; ++k) {
    reach[k] = T(2 * size[k]) / absolute(nonzero(s.half[k]));
    turned[k] = (s.half[k] > T(0)) ^ best.corner[k];
  }
  for (int k = 0; k < 3; ++k) {
    const MaskOf<T> a = turned[(k + 1) % 3], b = turned[(k + 2) % 3];
    // Axis k is the odd one out of the three.
    const MaskOf<T> alike = !(a ^ b);
    const MaskOf<T> odd = alike & (turned[k] ^ a);
    const T sign = select(turned[k], T(1), T(-1));
    const T to_end = T(1) - sign * best.along, to_start = T(1) + sign * best.along;
    const MaskOf<T> along_edge = s.half[k] * s.half[k] > T(Real<T>(0.5)) * s.square;
    const T on_edge = sign * minimum(reach[k], to_end);
    const T on_face = -(sign * minimum(reach[(k + 2) % 3], minimum(reach[(k + 1) % 3], to_start)));
    shift = select(odd, select(along_edge, on_edge, on_face), shift);
    found = found | odd;
  }
  return shift;
}

// Nearest is within an edge: across the face that the capsule is less inclined to, unless it stands off both faces.
template <class T>
LS_FN T second_from_edge(const Segment<T>& s, const Real<T>* size, const NearestToBox<T>& best, MaskOf<T>& found) {
  T shift = T(0);
  found = MaskOf<T>(false);
  for (int k = 0; k < 3; ++k) {
    const int k1 = (k + 1) % 3, k2 = (k + 2) % 3;
    const MaskOf<T> turned1 = (s.half[k1] > T(0)) ^ best.corner[k1], turned2 = (s.half[k2] > T(0)) ^ best.corner[k2];
    const MaskOf<T> mine = best.edge[k] & (turned1 ^ turned2);
    if (!any(mine)) continue;
    const MaskOf<T> first = absolute(s.half[k1]) > absolute(s.half[k2]);  // the longer way across goes along k1
    const MaskOf<T> ahead = select(first, turned1, turned2);
    const T sign = select(ahead, T(1), T(-1));
    const T across = select(first, s.half[k1], s.half[k2]);
    const T width = select(first, T(2 * size[k1]), T(2 * size[k2]));
    T step = T(1) - sign * best.along;
    step = minimum(width / absolute(nonzero(across)), step);
    const T edge_sign = select((s.half[k] > T(0)) ^ ahead, T(-1), T(1));
    step = minimum(T(size[k]) * (T(1) - edge_sign * best.along_edge) / absolute(nonzero(s.half[k])), step);
    shift = select(mine, sign * step, shift);
    found = found | mine;
  }
  return shift;
}

// Nearest is an end over a face: to the other end, or to where the segment passes the face's border.
template <class T>
LS_FN T second_from_face(const Segment<T>& s, const Real<T>* size, const NearestToBox<T>& best, MaskOf<T>& found) {
  const T sign = -best.along;
  T step = T(2);
  found = best.face[0] | best.face[1] | best.face[2];
  for (int k = 0; k < 3; ++k) {
    const T start = s.pos[k] - sign * s.half[k];
    const T inverse = sign / nonzero(s.half[k]);
    const MaskOf<T> counts = (!best.face[k]) & (s.half[k] != T(0));
    const T upper = (T(size[k]) - start) * inverse, lower = (T(-size[k]) - start) * inverse;
    step = select(counts & (upper > T(0)) & (upper < step), upper, step);
    step = select(counts & (lower > T(0)) & (lower < step), lower, step);
  }
  return sign * step;
}

}  // namespace detail

// Sizes [radius], [half sides]. One slot.
template <class T, class Emit>
LS_FN void collide_sphere_box(const Placement<T>& a, const Real<T>* size_a, const Placement<T>& b,
                              const Real<T>* size_b, T margin, Emit&& emit) {
  detail::BallOnBox<T> found =
      detail::collide_ball_box<T>(detail::into_axes(b.r, a.p - b.p), T(size_a[0]), b, size_b, margin);
  detail::emit_ball_box<T>(0, found, emit);
}

// Sizes [radius, half length], [half sides]. Slot 0: the point of the capsule's segment nearest to the box; 1: the
// second.
template <class T, class Emit>
LS_FN void collide_capsule_box(const Placement<T>& a, const Real<T>* size_a, const Placement<T>& b,
                               const Real<T>* size_b, T margin, Emit&& emit) {
  const T radius = T(size_a[0]), half_length = T(size_a[1]);
  const Vector3<T> pos = detail::into_axes(b.r, a.p - b.p);
  const Vector3<T> half = half_length * detail::into_axes(b.r, a.r.z);
  const T reach = radius + margin;
  const auto apart = [&](T at, T extent, int axis) { return absolute(at) - absolute(extent) - T(size_b[axis]); };
  const T gap = maximum(apart(pos.x, half.x, 0), maximum(apart(pos.y, half.y, 1), apart(pos.z, half.z, 2)));
  if (!any(gap <= reach)) return;

  const detail::Segment<T> segment = {{pos.x, pos.y, pos.z}, {half.x, half.y, half.z}, half_length * half_length};
  const detail::NearestToBox<T> best = detail::nearest_to_box(segment, size_b);
  MaskOf<T> by_corner, by_edge, by_face;
  const T from_corner = detail::second_from_corner(segment, size_b, best, by_corner);
  const T from_edge = detail::second_from_edge(segment, size_b, best, by_edge);
  const T from_face = detail::second_from_face(segment, size_b, best, by_face);
  const T shift = select(best.on_end, from_face, select(best.on_edge, from_edge, from_corner));
  const MaskOf<T> second = select(best.on_end, by_face, select(best.on_edge, by_edge, by_corner));

  detail::BallOnBox<T> found = detail::collide_ball_box<T>(pos + best.along * half, radius, b, size_b, margin);
  detail::emit_ball_box<T>(0, found, emit);
  if (!any(second)) return;
  found = detail::collide_ball_box<T>(pos + (best.along + shift) * half, radius, b, size_b, margin);
  found.touches = found.touches & second;
  detail::emit_ball_box<T>(1, found, emit);
}

}  // namespace lockstep::kernels
