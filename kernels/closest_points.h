// The nearest points of two convex geoms that are apart, on lanes.
// E. Gilbert, D. Johnson, S. Keerthi, A fast procedure for computing the distance between complex objects in
// three-dimensional space (1988), with the sub-distance found by trying every feature of the simplex that has the
// newest point: no branches on data, and it never gets worse.
#pragma once

#include "kernels/convex_shape.h"

namespace lockstep::kernels::detail {

// Up to three points w = a - b of the difference of two geoms and the point of their hull nearest to the origin.
template <class T>
struct Simplex {
  Vector3<T> w[3], a[3];
  T weight[3];   // of each in the nearest point; 0 where unused
  Vector3<T> v;  // the nearest point
  T square;      // its squared length
};

// What is nearest among the features tried so far: weights of the newest point and of two others.
template <class T>
struct Feature {
  Vector3<T> v;
  T square, newest, second, third;
  T at_second, at_third;  // which of the old points those are
};

template <class T>
LS_FN void try_edge_to(const Simplex<T>& s, Vector3<T> p, int k, Feature<T>& best) {
  const Vector3<T> e = s.w[k] - p;
  const T square = dot(e, e);
  const MaskOf<T> defined = (s.weight[k] > T(0)) & (square > T(0));
  const T t = clamp(-dot(p, e) / select(defined, square, T(1)), T(0), T(1));
  Vector3<T> nearest = p + t * e;
  // What rounding left along the edge of a long one would stop the search early.
  const MaskOf<T> within = (t > T(0)) & (t < T(1));
  nearest = choose<T>(within, nearest - (dot(nearest, e) / select(defined, square, T(1))) * e, nearest);
  const T found = dot(nearest, nearest);
  const MaskOf<T> nearer = defined & (found < best.square);
  best.v = choose<T>(nearer, nearest, best.v);
  best.square = select(nearer, found, best.square);
  best.newest = select(nearer, T(1) - t, best.newest);
  best.second = select(nearer, t, best.second);
  best.at_second = select(nearer, T(k), best.at_second);
}

template <class T>
LS_FN void try_face_to(const Simplex<T>& s, Vector3<T> p, int j, int k, Feature<T>& best) {
  const Vector3<T> e = s.w[j] - p, f = s.w[k] - p;
  const Vector3<T> normal = cross(e, f);
  const T square = dot(normal, normal);
  const MaskOf<T> both = (s.weight[j] > T(0)) & (s.weight[k] > T(0));
  const T inverse = T(1) / select(square > T(0), square, T(1));
  const T t = dot(cross(f, p), normal) * inverse, u = dot(cross(p, e), normal) * inverse;
  const Vector3<T> nearest = (dot(p, normal) * inverse) * normal;
  const T found = dot(nearest, nearest);
  const MaskOf<T> inside = (t >= T(0)) & (u >= T(0)) & (t + u <= T(1));
  const MaskOf<T> nearer = both & (square > T(0)) & inside & (found < best.square);
  best.v = choose<T>(nearer, nearest, best.v);
  best.square = select(nearer, found, best.square);
  best.newest = select(nearer, T(1) - t - u, best.newest);
  best.second = select(nearer, t, best.second);
  best.third = select(nearer, u, best.third);
  best.at_second = select(nearer, T(j), best.at_second);
  best.at_third = select(nearer, T(k), best.at_third);
}

// The simplex of the newest point p = (its point of geom 1) - ... and whatever old points the nearest feature needs.
template <class T>
LS_FN Simplex<T> with_point(const Simplex<T>& s, Vector3<T> p, Vector3<T> on_a) {
  Feature<T> best = {p, dot(p, p), T(1), T(0), T(0), T(0), T(0)};
  for (int k = 0; k < 3; ++k) try_edge_to(s, p, k, best);
  try_face_to(s, p, 0, 1, best);
  try_face_to(s, p, 0, 2, best);
  try_face_to(s, p, 1, 2, best);
  const auto old = [&](T at, const Vector3<T>(&points)[3]) {
    return choose<T>(at == T(0), points[0], choose<T>(at == T(1), points[1], points[2]));
  };
  Simplex<T> next;
  next.w[0] = p;
  next.a[0] = on_a;
  next.w[1] = old(best.at_second, s.w);
  next.a[1] = old(best.at_second, s.a);
  next.w[2] = old(best.at_third, s.w);
  next.a[2] = old(best.at_third, s.a);
  next.weight[0] = best.newest;
  next.weight[1] = best.second;
  next.weight[2] = best.third;
  next.v = best.v;
  next.square = best.square;
  return next;
}

template <class T>
LS_FN void keep(MaskOf<T> mask, const Simplex<T>& from, Simplex<T>& to) {
  for (int k = 0; k < 3; ++k) {
    to.w[k] = choose<T>(mask, from.w[k], to.w[k]);
    to.a[k] = choose<T>(mask, from.a[k], to.a[k]);
    to.weight[k] = select(mask, from.weight[k], to.weight[k]);
  }
  to.v = choose<T>(mask, from.v, to.v);
  to.square = select(mask, from.square, to.square);
}

// Nearest points of a, and of b moved by `shift`, where they are apart; `way` is where to look first, from a to b.
template <class T, int kTypeA, int kTypeB>
LS_FN Simplex<T> closest_points(const ConvexShape<T, kTypeA>& a, const ConvexShape<T, kTypeB>& b, Vector3<T> shift,
                                Vector3<T> way, MaskOf<T> wanted) {
  constexpr int kIterations = 48;
  // Of the squared distance: the bound on what is still to be gained, a few roundings wide.
  constexpr Real<T> kGap = sizeof(Real<T>) == 4 ? Real<T>(4e-7) : Real<T>(1e-14);
  Simplex<T> s;
  s.a[0] = support_point(a, way);
  s.w[0] = s.a[0] - support_point(b, -way) - shift;
  s.v = s.w[0];
  s.square = dot(s.v, s.v);
  s.weight[0] = T(1);
  s.weight[1] = s.weight[2] = T(0);
  s.w[1] = s.w[2] = s.w[0];
  s.a[1] = s.a[2] = s.a[0];
  MaskOf<T> active = wanted;
  for (int iteration = 0; iteration < kIterations; ++iteration) {
    const Vector3<T> on_a = support_point(a, -s.v);
    const Vector3<T> p = on_a - support_point(b, s.v) - shift;
    active = active & (s.square - dot(s.v, p) > T(kGap) * s.square);
    if (!any(active)) break;
    const Simplex<T> next = with_point(s, p, on_a);
    active = active & (next.square < s.square);
    keep(active, next, s);
  }
  return s;
}

}  // namespace lockstep::kernels::detail
