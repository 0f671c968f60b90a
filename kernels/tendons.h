// Tendons: length, Jacobian and velocity of fixed and spatial ones, their springs, dampers and armature.
// MuJoCo computation chapter, "Tendons"; XML reference, tendon.
#pragma once

#include "kernels/passive.h"
#include "kernels/sparse_rows.h"
#include "kernels/wrapping.h"

namespace lockstep::kernels {

template <class G, class T>
LS_FN void place_fixed_tendon(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int tendon) {
  T length = T(0);
  for (int term = m.fixed_adr[tendon]; term < m.fixed_adr[tendon + 1]; ++term) {
    const T coef = T(m.fixed_coef[term]);
    w.ten_J[m.fixed_entry[term]] = coef;
    length += coef * w.qpos[m.fixed_qposadr[term]];
  }
  w.ten_length[tendon] = length;
}

// Adds what the end of a straight piece (a unit force f on its link) gives to the tendon's row; bit: of segment_moves.
template <class G, class T>
LS_FN void add_end_to_row(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int tendon, int segment, int bit,
                          Force<G, T> f) {
  const std::int32_t* moves = m.segment_moves + m.segment_moves_adr[segment];
  const int adr = m.ten_J_rowadr[tendon];
  for (int k = 0; k < m.ten_J_rownnz[tendon]; ++k) {
    if ((moves[k] & bit) != 0) w.ten_J[adr + k] += dot(w.cdof[m.ten_J_colind[adr + k]], f);
  }
}

// Rate of change of the rate of change of a straight piece's length at qacc = 0: what Jdot qvel is for it.
template <class G, class T>
LS_FN T length_bias(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int from, Vector3<T> a, int to,
                    Vector3<T> b) {
  T length;
  const Vector3<T> along = unit_vector(marker_difference(m, w, from, a, to, b), length);
  const Motion<Spatial, T> u = marker_motion(m, w, from), v = marker_motion(m, w, to);
  const Vector3<T> speed = (v.v + cross(v.w, b)) - (u.v + cross(u.w, a));
  const T stretch = dot(along, speed);
  const T turning = (dot(speed, speed) - stretch * stretch) / maximum(length, T(kSmallestLength<Real<T>>));
  return turning + dot(along, marker_bias(m, w, to, b) - marker_bias(m, w, from, a));
}

// A piece that may touch a sphere or cylinder on its way from a to b (from the origins of their trees). Adds to the
// tendon's row and returns the length.
template <class G, class T>
LS_FN T place_wrapped_piece(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int tendon, int segment,
                            Vector3<T> a, Vector3<T> b) {
  const int index = m.segment_wrap[segment], marker = m.wrap_marker[index], side = m.wrap_side[index];
  const Matrix3<T> axes = marker_axes(m, w, marker);
  const Vector3<T> centre = marker_from_origin(m, w, marker);
  const Vector3<T> to_a = marker_difference(m, w, marker, centre, m.segment_from[segment], a);
  const Vector3<T> to_b = marker_difference(m, w, marker, centre, m.segment_to[segment], b);
  Vector3<T> local_side{T(0), T(0), T(0)};
  if (side >= 0) {
    local_side = components(axes, marker_difference(m, w, marker, centre, side, marker_from_origin(m, w, side)));
  }
  const Vector3<T>* chosen = side >= 0 ? &local_side : nullptr;
  const Vector3<T> local_a = components(axes, to_a), local_b = components(axes, to_b);
  const T radius = T(m.wrap_radius[index]);
  const Wrap<T> wrap = m.wrap_is_cylinder[index] ? wrap_cylinder(local_a, local_b, radius, chosen)
                                                 : wrap_sphere(local_a, local_b, radius, chosen);
  const Vector3<T> first = rotate(axes, wrap.first), second = rotate(axes, wrap.second);
  T straight, before, after;
  const Vector3<T> along = unit_vector(to_b - to_a, straight);
  const Vector3<T> leaving = unit_vector(first - to_a, before), arriving = unit_vector(to_b - second, after);
  const auto choose = [&](Vector3<T> touching, Vector3<T> clear) {
    return Vector3<T>{select(wrap.touches, touching.x, clear.x), select(wrap.touches, touching.y, clear.y),
                      select(wrap.touches, touching.z, clear.z)};
  };
  const T scale = T(m.segment_scale[segment]);
  const Vector3<T> zero{T(0), T(0), T(0)};
  const auto pull = [&](Vector3<T> p, Vector3<T> f) { return force_at<G>(m, p, scale * f, zero); };
  add_end_to_row(m, w, tendon, segment, 1, pull(a, -choose(leaving, along)));
  add_end_to_row(m, w, tendon, segment, 2, pull(b, choose(arriving, along)));
  add_end_to_row(m, w, tendon, segment, 4,
                 pull(centre + first, choose(leaving, zero)) + pull(centre + second, -choose(arriving, zero)));
  return scale * select(wrap.touches, before + wrap.arc + after, straight);
}

template <class G, class T>
LS_FN void place_spatial_tendon(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int tendon) {
  const int adr = m.ten_J_rowadr[tendon];
  for (int k = adr; k < adr + m.ten_J_rownnz[tendon]; ++k) w.ten_J[k] = T(0);
  T length = T(0), bias = T(0);
  for (int segment = m.segment_adr[tendon]; segment < m.segment_adr[tendon + 1]; ++segment) {
    const int from = m.segment_from[segment], to = m.segment_to[segment];
    const Vector3<T> a = marker_from_origin(m, w, from), b = marker_from_origin(m, w, to);
    if (m.segment_wrap[segment] >= 0) {
      length += place_wrapped_piece(m, w, tendon, segment, a, b);
      continue;
    }
    const T scale = T(m.segment_scale[segment]);
    T distance;
    const Vector3<T> along = unit_vector(marker_difference(m, w, from, a, to, b), distance);
    length += scale * distance;
    const bool is_rigid = m.marker_link[from] == m.marker_link[to];
    if (is_rigid) continue;
    const Vector3<T> zero{T(0), T(0), T(0)};
    add_end_to_row(m, w, tendon, segment, 1, force_at<G>(m, a, -(scale * along), zero));
    add_end_to_row(m, w, tendon, segment, 2, force_at<G>(m, b, scale * along, zero));
    if (m.has_moving_armature) bias += scale * length_bias(m, w, from, a, to, b);
  }
  w.ten_length[tendon] = length;
  if (m.has_moving_armature) w.ten_bias[tendon] = bias;
}

// ten_length, ten_J and ten_velocity; links must be placed and moved. Armature goes into mass_rows, and into qfrc what
// it adds to the bias force.
template <class G, class T, class Team>
[[gnu::noinline]] LS_FN void place_tendons(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                           const Team& team) {
  team.each(m.ntendon, [&](int tendon) {
    if (m.fixed_adr[tendon] != m.fixed_adr[tendon + 1]) {
      place_fixed_tendon(m, w, tendon);
      if (m.has_moving_armature) w.ten_bias[tendon] = T(0);
    } else {
      place_spatial_tendon(m, w, tendon);
    }
    w.ten_velocity[tendon] = sparse_row_product(tendon_rows(m, w), tendon, w.qvel);
  });
  if (!m.has_tendon_armature) return;
  const auto armature = [&](int tendon) { return T(m.tendon_armature[tendon]); };
  add_weighted_squares(m, tendon_rows(m, w), armature, w.mass_rows, team);
  if (!m.has_moving_armature) return;
  team.each(m.ntendon, [&](int tendon) { w.ten_force[tendon] = -(armature(tendon) * w.ten_bias[tendon]); });
  add_transposed_product(m, tendon_rows(m, w), w.ten_force, w.qfrc, team);
}

// How far a tendon is longer (or, below zero, shorter) than its spring at rest.
template <class G, class T>
LS_FN T tendon_stretch(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int tendon) {
  const Real<T>* rest = m.tendon_lengthspring + 2 * tendon;
  const T length = w.ten_length[tendon];
  return minimum(length - T(rest[0]), T(0)) + maximum(length - T(rest[1]), T(0));
}

// Springs and dampers of all tendons, added to qfrc.
template <class G, class T, class Team>
[[gnu::noinline]] LS_FN void add_tendon_passive(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                                const Team& team) {
  team.each(m.ntendon, [&](int tendon) {
    const T x = tendon_stretch(m, w, tendon), velocity = w.ten_velocity[tendon];
    w.ten_force[tendon] = -(x * polynomial_factor(of_world<T>(m.tendon_stiffness) + 3 * tendon, x)) -
                          velocity * polynomial_factor(of_world<T>(m.tendon_damping) + 3 * tendon, absolute(velocity));
  });
  add_transposed_product(m, tendon_rows(m, w), w.ten_force, w.qfrc, team);
}

// Minus the derivative of a tendon's damping force by its velocity.
template <class G, class T>
LS_FN T tendon_damping_slope(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int tendon) {
  const WorldConstants<T> d = of_world<T>(m.tendon_damping) + 3 * tendon;
  const T speed = absolute(w.ten_velocity[tendon]);
  return T(d[0]) + speed * (T(2 * d[1]) + speed * T(3 * d[2]));
}

}  // namespace lockstep::kernels
