// The shortest path of a tendon around a sphere or cylinder. MuJoCo computation chapter, "Tendons"; XML reference,
// spatial/geom: sidesite. In the plane of the wrap the path from one end to the other, by way of the side site if there
// is one, turns about the centre by an angle theta; the tendon touches the circle where
//   arc = |theta| - acos(r / |end|) - acos(r / |other end|) > 0, both ends outside,
// and is a straight line else.
#pragma once

#include "kernels/markers.h"

namespace lockstep::kernels {

template <class T>
struct Wrap {
  MaskOf<T> touches;
  Vector3<T> first, second;  // where the tendon meets the geom and leaves it
  T arc;                     // length between them on the surface
};

// The angle that turns a into b, in (-pi, pi].
template <class T>
LS_FN T angle_between(Vector2<T> a, Vector2<T> b) {
  return arctangent2(cross(a, b), dot(a, b));
}

// The point where a tangent from `end` touches the circle: `reach` (cosine and sine of the angle between them) turned
// from the end's direction, by +1 or -1 about the centre.
template <class T>
LS_FN Vector2<T> tangent_point(Vector2<T> end, T length, T radius, T tangent, T sense) {
  const T square = T(1) / (length * length);
  const T cosine = radius * radius * square, sine = sense * radius * tangent * square;
  return {cosine * end.x - sine * end.y, sine * end.x + cosine * end.y};
}

// In the plane: touching points and the arc between them. With side, theta goes by way of it.
template <class T>
LS_FN MaskOf<T> wrap_circle(Vector2<T> a, Vector2<T> b, T radius, const Vector2<T>* side, Vector2<T> (&points)[2],
                            T& arc) {
  const T length_a = square_root(dot(a, a)), length_b = square_root(dot(b, b));
  const MaskOf<T> outside = (length_a > radius) & (length_b > radius);
  const T safe_a = select(outside, length_a, radius + radius), safe_b = select(outside, length_b, radius + radius);
  const T tangent_a = square_root(safe_a * safe_a - radius * radius);
  const T tangent_b = square_root(safe_b * safe_b - radius * radius);
  const T theta = side == nullptr ? angle_between(a, b) : angle_between(a, *side) + angle_between(*side, b);
  const T angle = absolute(theta) - arctangent2(tangent_a, radius) - arctangent2(tangent_b, radius);
  const T sense = select(theta < T(0), T(-1), T(1));
  points[0] = tangent_point(a, safe_a, radius, tangent_a, sense);
  points[1] = tangent_point(b, safe_b, radius, tangent_b, -sense);
  arc = radius * angle;
  return outside & (angle > T(0));
}

// a, b, side: from the centre of the geom in its axes; side null where there is none. The points likewise.
template <class T>
LS_FN Wrap<T> wrap_sphere(Vector3<T> a, Vector3<T> b, T radius, const Vector3<T>* side) {
  T unused;
  const Vector3<T> e1 = unit_vector(a, unused);
  Vector3<T> normal = cross(a, b);
  // Ends in line with the centre: any plane through them will do.
  const MaskOf<T> in_line = dot(normal, normal) < T(Real<T>(1e-30));
  const MaskOf<T> is_along_x = absolute(e1.x) > T(Real<T>(0.9));
  const Vector3<T> across = cross(e1, Vector3<T>{select(is_along_x, T(0), T(1)), select(is_along_x, T(1), T(0)), T(0)});
  normal = {select(in_line, across.x, normal.x), select(in_line, across.y, normal.y),
            select(in_line, across.z, normal.z)};
  const Vector3<T> e2 = cross(unit_vector(normal, unused), e1);
  const auto in_plane = [&](Vector3<T> v) { return Vector2<T>{dot(v, e1), dot(v, e2)}; };
  Vector2<T> points[2], side_in_plane{};
  if (side != nullptr) side_in_plane = in_plane(*side);
  Wrap<T> wrap;
  wrap.touches =
      wrap_circle(in_plane(a), in_plane(b), radius, side == nullptr ? nullptr : &side_in_plane, points, wrap.arc);
  wrap.first = points[0].x * e1 + points[0].y * e2;
  wrap.second = points[1].x * e1 + points[1].y * e2;
  return wrap;
}

// About the z axis. The path climbs evenly along its length in the plane.
template <class T>
LS_FN Wrap<T> wrap_cylinder(Vector3<T> a, Vector3<T> b, T radius, const Vector3<T>* side) {
  const auto in_plane = [](Vector3<T> v) { return Vector2<T>{v.x, v.y}; };
  Vector2<T> points[2], side_in_plane{};
  if (side != nullptr) side_in_plane = in_plane(*side);
  Wrap<T> wrap;
  wrap.touches =
      wrap_circle(in_plane(a), in_plane(b), radius, side == nullptr ? nullptr : &side_in_plane, points, wrap.arc);
  const Vector2<T> before = points[0] - in_plane(a), after = in_plane(b) - points[1];
  const T length_before = square_root(dot(before, before)), length_after = square_root(dot(after, after));
  const T total = length_before + wrap.arc + length_after;
  const T slope = (b.z - a.z) / select(wrap.touches, total, T(1));
  wrap.first = {points[0].x, points[0].y, a.z + slope * length_before};
  wrap.second = {points[1].x, points[1].y, b.z - slope * length_after};
  const T rise = slope * wrap.arc;
  wrap.arc = square_root(wrap.arc * wrap.arc + rise * rise);
  return wrap;
}

}  // namespace lockstep::kernels
