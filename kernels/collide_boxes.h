// Contacts of two boxes: separating axes, then the clipped face or the nearest points of two edges.
// Separating-axis test over 15 directions and clipping of the incident face (S. Gottschalk et al., OBBTree, 1996;
// I. Sutherland, G. Hodgman, Reentrant Polygon Clipping, 1974), with MuJoCo's choices between near ties: faces before
// edges, an edge nearly along the best face gives way to it.
#pragma once

#include "kernels/contact_point.h"

namespace lockstep::kernels {

namespace detail {

template <class R>
struct BoxTolerance {
  static constexpr R kSeparation = sizeof(R) == 4 ? R(1e-6) : R(1e-13);  // of the sum of half sides
  static constexpr R kParallel = sizeof(R) == 4 ? R(1e-7) : R(1e-16);    // squared sine of the angle of two edges
  static constexpr R kAmbiguous = sizeof(R) == 4 ? R(1e-5) : R(1e-9);    // part of an axis whose sign is noise
  static constexpr R kDuplicate = sizeof(R) == 4 ? R(1e-10) : R(1e-14);  // squared distance, of the face's size squared
};

constexpr int kBoxVertices = 12;  // of a face clipped by four half-planes, with what rounding adds

template <class T>
struct BoxPair {
  Real<T> size1[3], size2[3];
  T rot[3][3];  // rot[i][j] = axis i of box 1 . axis j of box 2
  T pos21[3];   // centre of box 2 in the axes of box 1
  T pos12[3];   // the reverse
  T slack;      // separation up to which boxes may touch
};

// Which axis separates most: 0..2 face of box 1, 3..5 face of box 2, 6 + 3 i + j edge i of box 1 with edge j of box 2.
template <class T>
struct BoxAxis {
  MaskOf<T> near;  // no axis separates by more than the slack
  T code, separation;
};

// The unit axis across edge i of box 1 and edge j of box 2 in the axes of box 1: its parts along i+1 and i+2. False
// where the edges are parallel.
template <class T>
LS_FN MaskOf<T> edge_axis(const BoxPair<T>& boxes, int i, int j, T& part1, T& part2) {
  part1 = -boxes.rot[(i + 2) % 3][j];
  part2 = boxes.rot[(i + 1) % 3][j];
  const T square = part1 * part1 + part2 * part2;
  const MaskOf<T> defined = square >= T(BoxTolerance<Real<T>>::kParallel);
  const T inverse = T(1) / square_root(select(defined, square, T(1)));
  part1 *= inverse;
  part2 *= inverse;
  return defined;
}

template <class T>
LS_FN T edge_separation(const BoxPair<T>& boxes, int i, int j, T part1, T part2) {
  const int i1 = (i + 1) % 3, i2 = (i + 2) % 3, j1 = (j + 1) % 3, j2 = (j + 2) % 3;
  const T radius1 = T(boxes.size1[i1]) * absolute(part1) + T(boxes.size1[i2]) * absolute(part2);
  const T on1 = part1 * boxes.rot[i1][j1] + part2 * boxes.rot[i2][j1];
  const T on2 = part1 * boxes.rot[i1][j2] + part2 * boxes.rot[i2][j2];
  const T radius2 = T(boxes.size2[j1]) * absolute(on1) + T(boxes.size2[j2]) * absolute(on2);
  return absolute(part1 * boxes.pos21[i1] + part2 * boxes.pos21[i2]) - radius1 - radius2;
}

template <class T>
LS_FN BoxAxis<T> best_face(const BoxPair<T>& boxes) {
  BoxAxis<T> best = {MaskOf<T>(true), T(-1), T(Real<T>(-1e10))};
  for (int code = 0; code < 6; ++code) {
    const bool first = code < 3;
    const int k = first ? code : code - 3;
    const Real<T>* mine = first ? boxes.size1 : boxes.size2;
    const Real<T>* other = first ? boxes.size2 : boxes.size1;
    T radius = T(0);
    for (int c = 0; c < 3; ++c) radius += absolute(first ? boxes.rot[k][c] : boxes.rot[c][k]) * T(other[c]);
    const T separation = absolute(first ? boxes.pos21[k] : boxes.pos12[k]) - T(mine[k]) - radius;
    best.near = best.near & (separation <= boxes.slack);
    const MaskOf<T> better = separation > best.separation;
    best.separation = select(better, separation, best.separation);
    best.code = select(better, T(code), best.code);
  }
  return best;
}

// The part of the edge axis (i, j) along the normal of the face `code`.
template <class T>
LS_FN T along_face(const BoxPair<T>& boxes, int i, T part1, T part2, T code) {
  const int i1 = (i + 1) % 3, i2 = (i + 2) % 3;
  T along = T(0);
  for (int f = 0; f < 3; ++f) {
    along = select(code == T(f), f == i1 ? part1 : f == i2 ? part2 : T(0), along);
    along = select(code == T(3 + f), part1 * boxes.rot[i1][f] + part2 * boxes.rot[i2][f], along);
  }
  return absolute(along);
}

// A winning edge axis is preferred to the best face only if better by more than rounding (a face gives several points),
// and if nearly along the face's normal only if better by five percent of its depth.
template <class T>
LS_FN BoxAxis<T> best_axis(const BoxPair<T>& boxes) {
  const BoxAxis<T> face = best_face(boxes);
  BoxAxis<T> best = face;
  T aliased = T(0);  // of the best edge axis, along the best face's normal
  for (int pair = 0; pair < 9; ++pair) {
    if (!any(best.near)) return best;
    const int i = pair / 3, j = pair % 3;
    T part1, part2;
    const MaskOf<T> defined = edge_axis(boxes, i, j, part1, part2);
    const T separation = edge_separation(boxes, i, j, part1, part2);
    best.near = best.near & ((!defined) | (separation <= boxes.slack));
    const T biased = separation - T(Real<T>(1e-6)) * absolute(separation);
    const MaskOf<T> better = defined & (biased > best.separation) & (separation > face.separation);
    if (!any(better)) continue;
    best.separation = select(better, separation, best.separation);
    best.code = select(better, T(6 + pair), best.code);
    aliased = select(better, along_face(boxes, i, part1, part2, face.code), aliased);
  }
  const T margin = T(Real<T>(0.05)) * absolute(face.separation) + T(kShortest<T>);
  const MaskOf<T> give_way = (aliased > T(Real<T>(0.99))) & (best.separation < face.separation + margin);
  best.code = select(give_way, face.code, best.code);
  best.separation = select(give_way, face.separation, best.separation);
  return best;
}

// The nearest points of the supporting edges, in the axes of box 1.
template <class T>
struct EdgeWitness {
  T square;  // of their distance
  T on1[3], on2[3];
};

// Edge i of box 1 through the corner c1 and edge j of box 2 through c2 (both relative to box 1, with the edge's own
// part 0).
template <class T>
LS_FN void try_edges(const BoxPair<T>& boxes, int i, int j, const T (&c1)[3], const T (&c2)[3], EdgeWitness<T>& best) {
  T apart[3], way[3];
  for (int k = 0; k < 3; ++k) {
    apart[k] = c2[k] - c1[k];
    way[k] = boxes.rot[k][j];
  }
  const T cosine = way[i];
  const T square = T(1) - cosine * cosine;
  const T along2 = way[0] * apart[0] + way[1] * apart[1] + way[2] * apart[2];
  const MaskOf<T> crossing = square >= T(kShortest<T>);
  T s = select(crossing, (apart[i] - cosine * along2) / select(crossing, square, T(1)), T(0));
  s = clamp(s, T(-boxes.size1[i]), T(boxes.size1[i]));
  const T t = clamp(cosine * s - along2, T(-boxes.size2[j]), T(boxes.size2[j]));
  s = clamp(apart[i] + cosine * t, T(-boxes.size1[i]), T(boxes.size1[i]));
  T distance = T(0), on1[3], on2[3];
  for (int k = 0; k < 3; ++k) {
    on1[k] = k == i ? c1[k] + s : c1[k];
    on2[k] = c2[k] + t * way[k];
    distance += (on2[k] - on1[k]) * (on2[k] - on1[k]);
  }
  const MaskOf<T> nearer = distance < best.square;
  best.square = select(nearer, distance, best.square);
  for (int k = 0; k < 3; ++k) {
    best.on1[k] = select(nearer, on1[k], best.on1[k]);
    best.on2[k] = select(nearer, on2[k], best.on2[k]);
  }
}

// Which corner of a box supports the direction with these parts; a part that is noise leaves two corners open.
template <class T>
struct Support {
  T corner1, corner2;      // signed half sides
  MaskOf<T> open1, open2;  // at most one
};
template <class T>
LS_FN Support<T> support(T part1, T part2, Real<T> size1, Real<T> size2) {
  constexpr Real<T> kNoise = BoxTolerance<Real<T>>::kAmbiguous;
  Support<T> found;
  found.corner1 = select(part1 >= T(0), T(size1), T(-size1));
  found.corner2 = select(part2 >= T(0), T(size2), T(-size2));
  found.open1 = absolute(part1) < T(kNoise);
  found.open2 = (!found.open1) & (absolute(part2) < T(kNoise));
  return found;
}

// The contact of edge i of box 1 with edge j of box 2 (but for its tangent), in world axes.
template <class T>
LS_FN ContactPoint<T> touch_edges(const BoxPair<T>& boxes, const Placement<T>& a, int i, int j) {
  const int i1 = (i + 1) % 3, i2 = (i + 2) % 3, j1 = (j + 1) % 3, j2 = (j + 2) % 3;
  T part1, part2;
  edge_axis(boxes, i, j, part1, part2);
  const T sign = select(part1 * boxes.pos21[i1] + part2 * boxes.pos21[i2] < T(0), T(-1), T(1));
  part1 *= sign;
  part2 *= sign;
  const T on1 = part1 * boxes.rot[i1][j1] + part2 * boxes.rot[i2][j1];
  const T on2 = part1 * boxes.rot[i1][j2] + part2 * boxes.rot[i2][j2];
  const Support<T> first = support<T>(part1, part2, boxes.size1[i1], boxes.size1[i2]);
  Support<T> second = support<T>(on1, on2, boxes.size2[j1], boxes.size2[j2]);
  EdgeWitness<T> best;
  best.square = T(Real<T>(1e10));
  for (int k = 0; k < 3; ++k) best.on1[k] = best.on2[k] = T(0);
  for (int flip1 = 0; flip1 < 2; ++flip1) {
    if (flip1 == 1 && !any(first.open1 | first.open2)) break;
    for (int flip2 = 0; flip2 < 2; ++flip2) {
      if (flip2 == 1 && !any(second.open1 | second.open2)) break;
      const auto corner = [](T value, MaskOf<T> open, int flip) {
        return flip == 1 ? select(open, -value, value) : value;
      };
      T c1[3], c2[3];
      c1[i] = T(0);
      c1[i1] = corner(first.corner1, first.open1, flip1);
      c1[i2] = corner(first.corner2, first.open2, flip1);
      const T back1 = -corner(second.corner1, second.open1, flip2),
              back2 = -corner(second.corner2, second.open2, flip2);
      for (int k = 0; k < 3; ++k) c2[k] = boxes.pos21[k] + boxes.rot[k][j1] * back1 + boxes.rot[k][j2] * back2;
      try_edges(boxes, i, j, c1, c2, best);
    }
  }
  T axis[3];
  axis[i] = T(0);
  axis[i1] = part1;
  axis[i2] = part2;
  const Vector3<T> p1 = {best.on1[0], best.on1[1], best.on1[2]}, p2 = {best.on2[0], best.on2[1], best.on2[2]};
  const Vector3<T> normal = {axis[0], axis[1], axis[2]};
  const T half = T(Real<T>(0.5));
  return {dot(p2 - p1, normal), a.p + rotate(a.r, half * (p1 + p2)), rotate(a.r, normal), {T(0), T(0), T(0)}};
}

// A convex polygon, a number of vertices in each lane: x, y in the reference face's plane, z over it.
template <class T>
struct Polygon {
  T x[kBoxVertices], y[kBoxVertices], z[kBoxVertices];
  T count;
  int most = 0;  // of any lane
};

template <class T>
LS_FN void append(Polygon<T>& polygon, MaskOf<T> mask, T x, T y, T z) {
  const MaskOf<T> fits = mask & (polygon.count < T(kBoxVertices));
  if (!any(fits)) return;
  for (int k = 0; k <= polygon.most && k < kBoxVertices; ++k) {
    const MaskOf<T> here = fits & (polygon.count == T(k));
    // The first vertex to come to a place fills all lanes, so that no lane ever reads what nobody wrote.
    const bool fresh = k == polygon.most;
    polygon.x[k] = fresh ? x : select(here, x, polygon.x[k]);
    polygon.y[k] = fresh ? y : select(here, y, polygon.y[k]);
    polygon.z[k] = fresh ? z : select(here, z, polygon.z[k]);
  }
  if (any(fits & (polygon.count == T(polygon.most)))) ++polygon.most;
  polygon.count += select(fits, T(1), T(0));
}

// What of the polygon lies in the half-plane sign * (x or y) <= limit.
template <class T>
LS_FN void clip(Polygon<T>& polygon, bool along_y, int sign, T limit) {
  T height[kBoxVertices];
  MaskOf<T> outside = MaskOf<T>(false);
  for (int k = 0; k < polygon.most; ++k) {
    height[k] = T(sign) * (along_y ? polygon.y[k] : polygon.x[k]) - limit;
    outside = outside | ((T(k) < polygon.count) & (height[k] > T(0)));
  }
  if (!any(outside)) return;
  Polygon<T> kept;
  kept.count = T(0);
  for (int k = 0; k < polygon.most; ++k) {
    const MaskOf<T> valid = T(k) < polygon.count;
    append<T>(kept, valid & (height[k] <= T(0)), polygon.x[k], polygon.y[k], polygon.z[k]);
    const int following = k + 1 < polygon.most ? k + 1 : 0;
    const MaskOf<T> last = polygon.count == T(k + 1);
    const T next = select(last, height[0], height[following]);
    const MaskOf<T> crosses = valid & (((height[k] < T(0)) & (next > T(0))) | ((height[k] > T(0)) & (next < T(0))));
    if (!any(crosses)) continue;
    const T share = height[k] / select(crosses, height[k] - next, T(1));
    const auto between = [&](const T* v) { return v[k] + share * (select(last, v[0], v[following]) - v[k]); };
    append<T>(kept, crosses, between(polygon.x), between(polygon.y), between(polygon.z));
  }
  polygon = kept;
}

// The reference face (of the box that owns the winning axis): its plane's axes and normal in world coordinates, and the
// other box's face that it meets, as a polygon over it.
template <class T>
struct FaceMeeting {
  Vector3<T> x, y, outward, centre;  // outward: towards the other box
  T size_x, size_y, size;
  T sign;  // of the contact normal (box 1 to box 2) along `outward`
  Polygon<T> polygon;
};

// values[(axis + shift) % 3] for an axis that differs by lane.
template <class T>
LS_FN T cyclic(const T (&values)[3], const MaskOf<T> (&is)[3], int shift) {
  return select(is[0], values[shift % 3], select(is[1], values[(1 + shift) % 3], values[(2 + shift) % 3]));
}

// The other box's face that is most opposed to the reference face, its corners in cyclic order: row[r][c] is part r (x,
// y, normal) of the other's axis c, `other` its half sides; the face lies on the side `sign` of the normal, `size` from
// the centre.
template <class T>
LS_FN Polygon<T> opposed_face(const T (&row)[3][3], const T (&centre)[3], const T (&other)[3], T sign, T size) {
  const T facing[3] = {absolute(row[2][0]), absolute(row[2][1]), absolute(row[2][2])};
  const MaskOf<T> second = facing[1] > facing[0];
  const MaskOf<T> third = facing[2] > maximum(facing[0], facing[1]);
  const MaskOf<T> neither = !(second | third), alone = second & (!third);
  const MaskOf<T> face[3] = {neither, alone, third};
  const T depth = cyclic(other, face, 0), width = cyclic(other, face, 1), height = cyclic(other, face, 2);
  const T side = select(sign * cyclic(row[2], face, 0) > T(0), T(-1), T(1));
  T middle[3], u[3], v[3];
  for (int r = 0; r < 3; ++r) {
    middle[r] = centre[r] + side * depth * cyclic(row[r], face, 0);
    u[r] = width * cyclic(row[r], face, 1);
    v[r] = height * cyclic(row[r], face, 2);
  }
  middle[2] = sign * middle[2] - size;
  u[2] *= sign;
  v[2] *= sign;
  Polygon<T> polygon;
  for (int k = 0; k < 4; ++k) {
    const T su = T(k == 0 || k == 3 ? 1 : -1), sv = T(k < 2 ? 1 : -1);
    polygon.x[k] = middle[0] + su * u[0] + sv * v[0];
    polygon.y[k] = middle[1] + su * u[1] + sv * v[1];
    polygon.z[k] = middle[2] + su * u[2] + sv * v[2];
  }
  polygon.count = T(4);
  polygon.most = 4;
  return polygon;
}

template <class T>
LS_FN FaceMeeting<T> meet_faces(const BoxPair<T>& boxes, const Placement<T>& a, const Placement<T>& b, T code) {
  FaceMeeting<T> meeting;
  const MaskOf<T> first = code < T(3);
  const T axis = select(first, code, code - T(3));
  const MaskOf<T> is[3] = {axis == T(0), axis == T(1), axis == T(2)};
  T mine[3], other[3], apart[3], turned[3][3];
  for (int k = 0; k < 3; ++k) {
    mine[k] = select(first, T(boxes.size1[k]), T(boxes.size2[k]));
    other[k] = select(first, T(boxes.size2[k]), T(boxes.size1[k]));
    apart[k] = select(first, boxes.pos21[k], boxes.pos12[k]);
    for (int c = 0; c < 3; ++c) turned[k][c] = select(first, boxes.rot[k][c], boxes.rot[c][k]);
  }
  // Rows in the order (x, y, normal) of the reference face.
  T row[3][3], centre[3];
  for (int r = 0; r < 3; ++r) {
    for (int c = 0; c < 3; ++c) {
      const T column[3] = {turned[0][c], turned[1][c], turned[2][c]};
      row[r][c] = cyclic(column, is, r + 1);
    }
    centre[r] = cyclic(apart, is, r + 1);
  }
  const T sign = select(centre[2] >= T(0), T(1), T(-1));
  meeting.size_x = cyclic(mine, is, 1);
  meeting.size_y = cyclic(mine, is, 2);
  meeting.size = cyclic(mine, is, 0);
  const auto world = [&](int shift) {
    const Vector3<T> of1 = choose<T>(is[(3 - shift) % 3], a.r.x, choose<T>(is[(4 - shift) % 3], a.r.y, a.r.z));
    const Vector3<T> of2 = choose<T>(is[(3 - shift) % 3], b.r.x, choose<T>(is[(4 - shift) % 3], b.r.y, b.r.z));
    return choose<T>(first, of1, of2);
  };
  meeting.x = world(1);
  meeting.y = world(2);
  meeting.outward = sign * world(0);
  meeting.centre = choose<T>(first, a.p, b.p);
  meeting.sign = select(first, T(1), T(-1));

  meeting.polygon = opposed_face(row, centre, other, sign, meeting.size);
  return meeting;
}

// Slots of the clipped face's vertices, and slot 0 of the edge contacts.
template <class T, class Emit>
LS_FN void emit_boxes(FaceMeeting<T>& meeting, MaskOf<T> on_face, MaskOf<T> on_edge, const ContactPoint<T>& edge,
                      T margin, Emit&& emit) {
  Polygon<T>& polygon = meeting.polygon;
  polygon.count = select(on_face, polygon.count, T(0));
  if (any(on_face)) {
    clip(polygon, false, 1, meeting.size_x);
    clip(polygon, false, -1, meeting.size_x);
    clip(polygon, true, 1, meeting.size_y);
    clip(polygon, true, -1, meeting.size_y);
  } else {
    polygon.most = 0;
  }
  const Vector3<T> normal = choose<T>(on_edge, edge.normal, meeting.sign * meeting.outward);
  const Vector3<T> tangent = contact_tangent(normal);
  const T radius =
      T(BoxTolerance<Real<T>>::kDuplicate) * (meeting.size_x * meeting.size_x + meeting.size_y * meeting.size_y);
  MaskOf<T> accepted[kBoxVertices];
  for (int k = 0; k < polygon.most || k == 0; ++k) {
    ContactPoint<T> contact = edge;
    accepted[k] = MaskOf<T>(false);
    if (k < polygon.most) {
      accepted[k] = (T(k) < polygon.count) & (polygon.z[k] <= margin);
      for (int q = 0; q < k; ++q) {
        const T dx = polygon.x[q] - polygon.x[k], dy = polygon.y[q] - polygon.y[k];
        accepted[k] = accepted[k] & !(accepted[q] & (dx * dx + dy * dy < radius));
      }
      const T z = polygon.z[k];
      const Vector3<T> p = meeting.centre + polygon.x[k] * meeting.x + polygon.y[k] * meeting.y +
                           (meeting.size + T(Real<T>(0.5)) * z) * meeting.outward;
      contact.distance = k == 0 ? select(on_edge, edge.distance, z) : z;
      contact.position = k == 0 ? choose<T>(on_edge, edge.position, p) : p;
    }
    contact.normal = normal;
    contact.tangent = tangent;
    const MaskOf<T> touches = k == 0 ? accepted[k] | on_edge : accepted[k];
    if (any(touches)) emit(k, touches, contact);
  }
}

}  // namespace detail

// Sizes [half sides]. Slots: the vertices of the clipped face in order; slot 0 where two edges touch.
template <class T, class Emit>
LS_FN void collide_box_box(const Placement<T>& a, const Real<T>* size_a, const Placement<T>& b, const Real<T>* size_b,
                           T margin, Emit&& emit) {
  detail::BoxPair<T> boxes;
  const Vector3<T> apart = b.p - a.p;
  const Vector3<T> axes_a[3] = {a.r.x, a.r.y, a.r.z}, axes_b[3] = {b.r.x, b.r.y, b.r.z};
  Real<T> scale = 0;
  for (int i = 0; i < 3; ++i) {
    boxes.size1[i] = size_a[i];
    boxes.size2[i] = size_b[i];
    scale += size_a[i] + size_b[i];
    boxes.pos21[i] = dot(axes_a[i], apart);
    boxes.pos12[i] = -dot(axes_b[i], apart);
    for (int j = 0; j < 3; ++j) boxes.rot[i][j] = dot(axes_a[i], axes_b[j]);
  }
  boxes.slack = margin + T(detail::BoxTolerance<Real<T>>::kSeparation * scale);
  const detail::BoxAxis<T> axis = detail::best_axis(boxes);
  if (!any(axis.near)) return;

  MaskOf<T> on_edge = axis.near & (axis.code >= T(6));
  const MaskOf<T> on_face = axis.near & (axis.code < T(6));
  ContactPoint<T> edge = {T(0), a.p, a.r.z, a.r.x};
  for (int pair = 0; pair < 9 && any(on_edge); ++pair) {
    const MaskOf<T> mine = on_edge & (axis.code == T(6 + pair));
    if (!any(mine)) continue;
    const ContactPoint<T> found = detail::touch_edges(boxes, a, pair / 3, pair % 3);
    edge.distance = select(mine, found.distance, edge.distance);
    edge.position = detail::choose<T>(mine, found.position, edge.position);
    edge.normal = detail::choose<T>(mine, found.normal, edge.normal);
  }
  on_edge = on_edge & (edge.distance <= boxes.slack);
  detail::FaceMeeting<T> meeting = detail::meet_faces(boxes, a, b, axis.code);
  detail::emit_boxes(meeting, on_face, on_edge, edge, margin, emit);
}

}  // namespace lockstep::kernels
