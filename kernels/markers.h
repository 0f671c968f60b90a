// Points and frames that are fixed in links, in three dimensions whatever the geometry of the model: where they are,
// how they move, and the force on a link that a force at such a point is.
#pragma once

#include "kernels/poses.h"

namespace lockstep::kernels {

template <class T>
[[gnu::always_inline]] LS_FN Vector3<T> vector_of(const Real<T>* p) {
  return {T(p[0]), T(p[1]), T(p[2])};
}

// Components of a world vector along the columns of r.
template <class T>
[[gnu::always_inline]] LS_FN Vector3<T> components(const Matrix3<T>& r, Vector3<T> v) {
  return {dot(r.x, v), dot(r.y, v), dot(r.z, v)};
}

// Lengths below this have no direction: MuJoCo's mjMINVAL.
template <class R>
inline constexpr R kSmallestLength = R(1e-15);

// The unit vector along d and its length; the x axis where d is zero.
template <class T>
LS_FN Vector3<T> unit_vector(Vector3<T> d, T& length) {
  length = square_root(dot(d, d));
  const MaskOf<T> degenerate = length < T(kSmallestLength<Real<T>>);
  const T scale = T(1) / select(degenerate, T(1), length);
  length = select(degenerate, T(0), length);
  return {select(degenerate, T(1), scale * d.x), select(degenerate, T(0), scale * d.y),
          select(degenerate, T(0), scale * d.z)};
}

// From the origin of the link's tree (or in the world for markers of the world), in world axes.
template <class G, class T>
[[gnu::always_inline]] LS_FN Placement<T> place_marker(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                                       int marker) {
  return place_frame(m, w, m.marker_link[marker], of_world<T>(m.marker_offset) + 3 * marker,
                     m.marker_turn + 9 * marker);
}
template <class G, class T>
LS_FN Vector3<T> marker_from_origin(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int marker) {
  return place_marker(m, w, marker).p;
}
// Columns are the marker's axes in the world.
template <class G, class T>
LS_FN Matrix3<T> marker_axes(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int marker) {
  return place_marker(m, w, marker).r;
}

// World position of the origin that marker_from_origin refers to.
template <class G, class T>
LS_FN Vector3<T> marker_origin(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int marker) {
  const int link = m.marker_link[marker];
  if (link < 0) return {T(0), T(0), T(0)};
  return tree_origin(m, w, m.link_root[link]);
}

// b - a in world axes, for markers at a and b from the origins of their trees.
template <class G, class T>
LS_FN Vector3<T> marker_difference(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int marker_a,
                                   Vector3<T> a, int marker_b, Vector3<T> b) {
  const int link_a = m.marker_link[marker_a], link_b = m.marker_link[marker_b];
  const int root_a = link_a < 0 ? -1 : m.link_root[link_a], root_b = link_b < 0 ? -1 : m.link_root[link_b];
  if (root_a == root_b) return b - a;
  return (b - a) + (marker_origin(m, w, marker_b) - marker_origin(m, w, marker_a));
}

// Spatial velocity of a link (or another motion of the geometry) in three dimensions.
template <class G, class T>
LS_FN Motion<Spatial, T> spatial_motion(const ModelConstants<Real<T>>& m, Motion<G, T> s) {
  if constexpr (G::kPlanar) {
    return {s.w * vector_of<T>(m.plane + 6), in_space(m, s.v)};
  } else {
    return s;
  }
}
template <class G, class T>
LS_FN Motion<Spatial, T> marker_motion(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int marker) {
  const int link = m.marker_link[marker];
  if (link < 0) return {{T(0), T(0), T(0)}, {T(0), T(0), T(0)}};
  return spatial_motion<G, T>(m, w.velocity[link]);
}

// The acceleration of the marker's point at qacc = 0 without gravity; p as marker_from_origin.
template <class G, class T>
LS_FN Vector3<T> marker_bias(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int marker, Vector3<T> p) {
  const int link = m.marker_link[marker];
  if (link < 0) return {T(0), T(0), T(0)};
  const Motion<Spatial, T> v = marker_motion(m, w, marker);
  const auto gravity = constant_point<G, T>(of_world<T>(m.gravity));
  const Vector3<T> linear = spatial_vector(m, w.bias_linear[link] + gravity);
  const Vector3<T> swing = cross(v.w, v.v + cross(v.w, p));
  if constexpr (G::kPlanar) {
    return linear + swing;
  } else {
    return linear + cross(w.bias_angular[link], p) + swing;
  }
}

// The angular acceleration of the marker's link at qacc = 0.
template <class G, class T>
LS_FN Vector3<T> marker_spin_bias(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int marker) {
  const int link = m.marker_link[marker];
  if constexpr (!G::kPlanar) {
    if (link >= 0) return w.bias_angular[link];
  }
  return {T(0), T(0), T(0)};
}

// A force f at p from the origin, with a torque, as a force of the geometry.
template <class G, class T>
LS_FN Force<G, T> force_at(const ModelConstants<Real<T>>& m, Vector3<T> p, Vector3<T> f, Vector3<T> torque) {
  const Vector3<T> n = torque + cross(p, f);
  if constexpr (G::kPlanar) {
    const Real<T>* e = m.plane;
    return {dot(vector_of<T>(e + 6), n), {dot(vector_of<T>(e), f), dot(vector_of<T>(e + 3), f)}};
  } else {
    return {n, f};
  }
}

}  // namespace lockstep::kernels
