// Where a ray first meets the surface of a geom: planes from their front only, all other surfaces from either side.
// Distances are in lengths of the ray's direction. MuJoCo API reference, mj_ray; the conventions at edges and for rays
// that begin inside a geom are MuJoCo's.
#pragma once

#include "kernels/contact_point.h"

namespace lockstep::kernels {

// A ray in the axes of a geom: all points start + t way with t >= 0. `way` is not zero.
template <class T>
struct Ray {
  Vector3<T> start, way;
  [[nodiscard]] LS_FN Vector3<T> at(T t) const { return start + t * way; }
};
template <class T>
LS_FN Ray<T> into_axes(const Placement<T>& geom, const Ray<T>& ray) {
  return {detail::into_axes(geom.r, ray.start - geom.p), detail::into_axes(geom.r, ray.way)};
}

// Farther than any surface: the distance of what is not hit.
template <class T>
LS_FN T never_hit() {
  return T(Real<T>(__builtin_huge_val()));
}

namespace detail {

// The nearer of `nearest` and of t, where t is a hit.
template <class T>
[[gnu::always_inline]] LS_FN T nearer_hit(T nearest, T t, MaskOf<T> hits) {
  return select(hits & (t >= T(0)) & (t < nearest), t, nearest);
}

// Both t with a t^2 + 2 b t + c = 0.
template <class T>
struct Crossings {
  T t[2];
  MaskOf<T> exist;
};
template <class T>
LS_FN Crossings<T> crossings(T a, T b, T c) {
  const T square = b * b - a * c;
  const MaskOf<T> exist = !((square < T(0)) | (a < T(kShortest<T>)));
  const T root = square_root(select(exist, square, T(0))), inverse = T(1) / select(exist, a, T(1));
  return {{(-b - root) * inverse, (root - b) * inverse}, exist};
}

// With a sphere around p.
template <class T>
LS_FN Crossings<T> cross_sphere(const Ray<T>& ray, Vector3<T> p, T square_radius) {
  const Vector3<T> start = ray.start - p;
  return crossings(dot(ray.way, ray.way), dot(ray.way, start), dot(start, start) - square_radius);
}
// With an endless cylinder about the z axis.
template <class T>
LS_FN Crossings<T> cross_cylinder(const Ray<T>& ray, T square_radius) {
  const Vector3<T>&s = ray.start, &v = ray.way;
  return crossings(v.x * v.x + v.y * v.y, v.x * s.x + v.y * s.y, s.x * s.x + s.y * s.y - square_radius);
}

template <class T>
LS_FN T hit_plane(const Ray<T>& ray, const Real<T>* size) {
  const MaskOf<T> falls = ray.way.z < T(-kShortest<T>);
  const T t = -ray.start.z / select(falls, ray.way.z, T(1));
  const Vector3<T> p = ray.at(t);
  MaskOf<T> inside = falls;
  if (size[0] > 0) inside = inside & (absolute(p.x) <= T(size[0]));
  if (size[1] > 0) inside = inside & (absolute(p.y) <= T(size[1]));
  return nearer_hit(never_hit<T>(), t, inside);
}

template <class T>
LS_FN T hit_sphere(const Ray<T>& ray, T radius) {
  const Crossings<T> c = cross_sphere<T>(ray, {T(0), T(0), T(0)}, radius * radius);
  return nearer_hit(nearer_hit(never_hit<T>(), c.t[0], c.exist), c.t[1], c.exist);
}

template <class T>
[[gnu::noinline]] LS_FN T hit_ellipsoid(const Ray<T>& ray, const Real<T>* size) {
  const T scale[3] = {T(1 / size[0]), T(1 / size[1]), T(1 / size[2])};
  const Ray<T> scaled{{scale[0] * ray.start.x, scale[1] * ray.start.y, scale[2] * ray.start.z},
                      {scale[0] * ray.way.x, scale[1] * ray.way.y, scale[2] * ray.way.z}};
  return hit_sphere(scaled, T(1));
}

template <class T>
[[gnu::noinline]] LS_FN T hit_capsule(const Ray<T>& ray, T radius, T half_length) {
  const Crossings<T> side = cross_cylinder(ray, radius * radius);
  const Crossings<T> top = cross_sphere<T>(ray, {T(0), T(0), half_length}, radius * radius);
  const Crossings<T> bottom = cross_sphere<T>(ray, {T(0), T(0), -half_length}, radius * radius);
  T nearest = never_hit<T>();
  for (int i = 0; i < 2; ++i) {
    nearest = nearer_hit(nearest, side.t[i], side.exist & (absolute(ray.at(side.t[i]).z) <= half_length));
    nearest = nearer_hit(nearest, top.t[i], top.exist & (ray.at(top.t[i]).z >= half_length));
    nearest = nearer_hit(nearest, bottom.t[i], bottom.exist & (ray.at(bottom.t[i]).z <= -half_length));
  }
  return nearest;
}

template <class T>
[[gnu::noinline]] LS_FN T hit_cylinder(const Ray<T>& ray, T radius, T half_length) {
  const Crossings<T> side = cross_cylinder(ray, radius * radius);
  const MaskOf<T> tilted = absolute(ray.way.z) > T(kShortest<T>);
  const T inverse = T(1) / select(tilted, ray.way.z, T(1));
  T nearest = never_hit<T>();
  for (int i = 0; i < 2; ++i) {
    nearest = nearer_hit(nearest, side.t[i], side.exist & (absolute(ray.at(side.t[i]).z) <= half_length));
    const T t = ((i == 0 ? -half_length : half_length) - ray.start.z) * inverse;
    const Vector3<T> p = ray.at(t);
    nearest = nearer_hit(nearest, t, tilted & (p.x * p.x + p.y * p.y <= radius * radius));
  }
  return nearest;
}

// f(t, hits, axis, side) for the six faces of a box; side 0 is the lower one.
template <class T, class Visit>
LS_FN void cross_faces(const Ray<T>& ray, const T (&half)[3], Visit&& visit) {
  const T start[3] = {ray.start.x, ray.start.y, ray.start.z}, way[3] = {ray.way.x, ray.way.y, ray.way.z};
  for (int axis = 0; axis < 3; ++axis) {
    const int other = (axis + 1) % 3, third = (axis + 2) % 3;
    const MaskOf<T> tilted = absolute(way[axis]) > T(kShortest<T>);
    const T inverse = T(1) / select(tilted, way[axis], T(1));
    for (int side = 0; side < 2; ++side) {
      const T t = ((side == 0 ? -half[axis] : half[axis]) - start[axis]) * inverse;
      const MaskOf<T> inside = (absolute(start[other] + t * way[other]) <= half[other]) &
                               (absolute(start[third] + t * way[third]) <= half[third]);
      visit(t, tilted & inside & (t >= T(0)), axis, side);
    }
  }
}
template <class T>
[[gnu::noinline]] LS_FN T hit_box(const Ray<T>& ray, const T (&half)[3]) {
  T nearest = never_hit<T>();
  cross_faces(ray, half, [&](T t, MaskOf<T> hits, int, int) { nearest = nearer_hit(nearest, t, hits); });
  return nearest;
}

// T. Moeller, B. Trumbore, "Fast, minimum storage ray/triangle intersection", 1997.
template <class T>
LS_FN T hit_triangle(const Ray<T>& ray, Vector3<T> a, Vector3<T> b, Vector3<T> c) {
  const Vector3<T> ab = b - a, ac = c - a, from_a = ray.start - a;
  const Vector3<T> normal = cross(ray.way, ac);
  const T determinant = dot(ab, normal);
  const MaskOf<T> flat = absolute(determinant) < T(kShortest<T>);
  const T inverse = T(1) / select(flat, T(1), determinant);
  const Vector3<T> turned = cross(from_a, ab);
  const T along_b = inverse * dot(from_a, normal), along_c = inverse * dot(ray.way, turned);
  const MaskOf<T> inside = (along_b >= T(0)) & (along_c >= T(0)) & (along_b + along_c <= T(1));
  return nearer_hit(never_hit<T>(), inverse * dot(ac, turned), inside & !flat);
}

}  // namespace detail

// The distance to one of the geoms with a closed form: not meshes, not height fields. size as geom_size.
template <class T>
[[gnu::noinline]] LS_FN T hit_geom(int type, const Real<T>* size, const Ray<T>& ray) {
  switch (type) {
    case kPlane:
      return detail::hit_plane(ray, size);
    case kSphere:
      return detail::hit_sphere(ray, T(size[0]));
    case kCapsule:
      return detail::hit_capsule(ray, T(size[0]), T(size[1]));
    case kEllipsoid:
      return detail::hit_ellipsoid(ray, size);
    case kCylinder:
      return detail::hit_cylinder(ray, T(size[0]), T(size[1]));
    default: {  // kBox
      const T half[3] = {T(size[0]), T(size[1]), T(size[2])};
      return detail::hit_box(ray, half);
    }
  }
}

// The distance to the nearest of `count` triangles [count][3][3].
template <class T>
[[gnu::noinline]] LS_FN T hit_triangles(const Real<T>* corners, int count, const Ray<T>& ray) {
  T nearest = never_hit<T>();
  for (int i = 0; i < count; ++i) {
    const Real<T>* p = corners + 9 * i;
    const T t = detail::hit_triangle<T>(ray, {T(p[0]), T(p[1]), T(p[2])}, {T(p[3]), T(p[4]), T(p[5])},
                                        {T(p[6]), T(p[7]), T(p[8])});
    nearest = minimum(t, nearest);
  }
  return nearest;
}

}  // namespace lockstep::kernels
