// Actuators with general transmissions: their length, moment row and velocity, their force, what they give to the dofs.
// Those on hinges and slides alone take the short way of kernels/actuation.h. MuJoCo computation chapter,
// "Transmission" and "Actuation model".
#pragma once

#include "kernels/muscle.h"
#include "kernels/tendons.h"

namespace lockstep::kernels {

// The row of a transmission between sites: what a unit of force puts on the links of target and second.
template <class G, class T>
LS_FN void write_site_moment(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int general,
                             Force<G, T> on_target, Force<G, T> on_second) {
  const int adr = m.moment_rowadr[general];
  for (int k = adr; k < adr + m.moment_rownnz[general]; ++k) {
    const Motion<G, T> s = w.cdof[m.moment_colind[k]];
    T moment = T(0);
    if ((m.moment_moves[k] & 1) != 0) moment += dot(s, on_target);
    if ((m.moment_moves[k] & 2) != 0) moment += dot(s, on_second);
    w.actuator_moment[k] = moment;
  }
}

// A wrench at a site: in its own axes, or at its pose from a reference site. MuJoCo XML reference, general: site.
template <class G, class T>
LS_FN void place_site(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int general) {
  const bool has_reference = m.general_kind[general] == kSiteInSite;
  const int site = m.general_target[general], second = has_reference ? m.general_second[general] : site;
  const Vector3<T> along = vector_of<T>(m.general_gear + 6 * general);
  const Vector3<T> about = vector_of<T>(m.general_gear + 6 * general + 3);
  const Matrix3<T> axes = marker_axes(m, w, second);
  const Vector3<T> p = marker_from_origin(m, w, site), q = marker_from_origin(m, w, second);
  const Vector3<T> force = rotate(axes, along), torque = rotate(axes, about);
  T length = T(0);
  if (has_reference) {
    const Matrix3<T> turned = marker_axes(m, w, site);
    const Matrix3<T> between{components(axes, turned.x), components(axes, turned.y), components(axes, turned.z)};
    length = dot(components(axes, marker_difference(m, w, second, q, site, p)), along) +
             dot(rotation_vector(quaternion(between)), about);
  }
  w.actuator_length[general] = length;
  write_site_moment(m, w, general, force_at<G>(m, p, force, torque), force_at<G>(m, q, -force, -torque));
}

// A crank whose pin a rod ties to a slider that moves along the z axis of its site. MuJoCo computation chapter,
// "Transmission". With v from slider site to crank and a the axis: length = v.a - sqrt((v.a)^2 + rod^2 - v.v).
template <class G, class T>
LS_FN void place_slider_crank(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int general) {
  const int crank = m.general_target[general], slider = m.general_second[general];
  const T gear = T(m.general_gear[6 * general]), rod = T(m.general_rod[general]);
  const Vector3<T> axis = marker_axes(m, w, slider).z;
  const Vector3<T> p = marker_from_origin(m, w, crank), q = marker_from_origin(m, w, slider);
  const Vector3<T> v = marker_difference(m, w, slider, q, crank, p);
  const T height = dot(v, axis);
  const T square = height * height + rod * rod - dot(v, v);
  const MaskOf<T> reaches = square > T(0);
  const T root = square_root(select(reaches, square, T(1)));
  w.actuator_length[general] = gear * select(reaches, height - root, height);
  const T inverse = select(reaches, T(1) / root, T(0));
  const T by_height = T(1) - height * inverse;
  const Vector3<T> force = gear * (by_height * axis + inverse * v);
  const Vector3<T> torque = cross(axis, (gear * by_height) * v);
  const Vector3<T> zero{T(0), T(0), T(0)};
  write_site_moment(m, w, general, force_at<G>(m, p, force, zero), force_at<G>(m, q, -force, torque));
}

// Balls and free joints: the row stands in the joint's own dofs.
template <class G, class T>
LS_FN void place_rotation(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int general) {
  const int kind = m.general_kind[general];
  const Real<T>* gear = m.general_gear + 6 * general;
  const T* qpos = w.qpos + m.general_target[general];
  T* row = w.actuator_moment + m.moment_rowadr[general];
  const bool is_free = kind == kFreeJoint || kind == kFreeInParent;
  if (is_free) {
    for (int k = 0; k < 3; ++k) row[k] = T(gear[k]);
    row += 3;
    gear += 3;
    qpos += 3;
  }
  const Quaternion<T> turn = joint_quaternion(qpos);
  Vector3<T> about = vector_of<T>(gear);
  w.actuator_length[general] = is_free ? T(0) : dot(rotation_vector(turn), about);
  if (kind == kBallInParent || kind == kFreeInParent) about = components(matrix(turn), about);
  row[0] = about.x;
  row[1] = about.y;
  row[2] = about.z;
}

// actuator_length and the row of actuator_moment of one general actuator.
template <class G, class T>
LS_FN void place_transmission(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int general) {
  const T gear = T(m.general_gear[6 * general]);
  const int target = m.general_target[general];
  T* row = w.actuator_moment + m.moment_rowadr[general];
  switch (m.general_kind[general]) {
    case kScalarJoint:
      row[0] = gear;
      w.actuator_length[general] = gear * w.qpos[target];
      break;
    case kTendon:
      for (int k = 0; k < m.moment_rownnz[general]; ++k) row[k] = gear * w.ten_J[m.ten_J_rowadr[target] + k];
      w.actuator_length[general] = gear * w.ten_length[target];
      break;
    case kSite:
    case kSiteInSite:
      place_site(m, w, general);
      break;
    case kSliderCrank:
      place_slider_crank(m, w, general);
      break;
    default:
      place_rotation(m, w, general);
  }
}

// Force of one general actuator and its derivative by the transmission's velocity.
template <class G, class T>
LS_FN T general_force(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int general, T& slope) {
  const int actuator = m.num_actuators - m.num_general + general;
  const T length = w.actuator_length[general], velocity = w.actuator_velocity[general];
  T input = m.actuator_activation[actuator] == kMuscleActivation ? muscle_input(m, w, general, actuator)
                                                                 : actuator_input(m, w, actuator);
  if (const Real<T> circle = m.general_circle[general]; circle != Real<T>(0)) {
    input = input - T(circle) * nearest((input - length) / T(circle));
  }
  T force = affine_force(m, actuator, input, length, velocity, slope);
  if (const int muscle = m.general_muscle_gain[general]; muscle >= 0) {
    force += input * muscle_gain(m.muscle + kMuscleNumbers * muscle, length, velocity, slope);
    slope = input * slope;
  }
  if (const int muscle = m.general_muscle_bias[general]; muscle >= 0) {
    force += muscle_bias(m.muscle + kMuscleNumbers * muscle, length);
  }
  return limited_force(m, actuator, force, slope);
}

// Holds the sum of the actuator forces on a tendon in its actuatorfrcrange: all are scaled alike.
template <class G, class T>
LS_FN void clamp_tendon_actuators(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int clamp_index) {
  const int tendon = m.clamped_tendon[clamp_index];
  const T low = T(m.clamped_tendon_range[2 * clamp_index]), high = T(m.clamped_tendon_range[2 * clamp_index + 1]);
  T sum = T(0);
  for (int i = 0; i < m.num_general; ++i) {
    if (m.general_kind[i] == kTendon && m.general_target[i] == tendon) sum += w.actuator_force[i];
  }
  const MaskOf<T> saturated = (sum <= low) | (sum >= high);
  const T scale = clamp(sum, low, high) / select(sum == T(0), T(1), sum);
  for (int i = 0; i < m.num_general; ++i) {
    if (m.general_kind[i] != kTendon || m.general_target[i] != tendon) continue;
    w.actuator_force[i] = select(saturated, scale * w.actuator_force[i], w.actuator_force[i]);
    w.actuator_slope[i] = select(saturated, T(0), w.actuator_slope[i]);
  }
}

// Holds a dof's actuator force in its joint's actuatorfrcrange. Actuators on that joint alone lose their derivative
// there, those that reach it through a tendon do not.
template <class G, class T>
LS_FN void clamp_dof_actuation(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int clamp_index) {
  const int dof = m.clamped_dof[clamp_index];
  const T low = T(m.clamped_dof_range[2 * clamp_index]), high = T(m.clamped_dof_range[2 * clamp_index + 1]);
  const T force = w.qfrc_actuator[dof];
  const MaskOf<T> saturated = (force <= low) | (force >= high);
  w.qfrc_actuator[dof] = clamp(force, low, high);
  for (int k = m.moment_dof_adr[dof]; k < m.moment_dof_adr[dof + 1]; ++k) {
    const int i = m.moment_dof_row[k];
    if (m.general_kind[i] != kScalarJoint) continue;
    w.actuator_slope[i] = select(saturated, T(0), w.actuator_slope[i]);
  }
}

// Adds all general actuators, and what actuators lift, to qfrc; writes act_dot. The derivatives by velocity stay in
// actuator_slope.
template <class G, class T, class Team>
[[gnu::noinline]] LS_FN void add_general_actuation(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                                   const Team& team) {
  team.each(m.num_general, [&](int i) {
    place_transmission(m, w, i);
    w.actuator_velocity[i] = sparse_row_product(moment_rows(m, w), i, w.qvel);
    w.actuator_force[i] = general_force(m, w, i, w.actuator_slope[i]);
  });
  team.each(m.num_clamped_tendons, [&](int i) { clamp_tendon_actuators(m, w, i); });
  if (m.num_clamped_dofs == 0 && !m.has_lifted_dofs) {
    add_transposed_product(m, moment_rows(m, w), w.actuator_force, w.qfrc, team);
    return;
  }
  team.each(m.nv, [&](int dof) { w.qfrc_actuator[dof] = m.has_lifted_dofs ? w.qfrc_gravcomp[dof] : T(0); });
  add_transposed_product(m, moment_rows(m, w), w.actuator_force, w.qfrc_actuator, team);
  team.each(m.num_clamped_dofs, [&](int i) { clamp_dof_actuation(m, w, i); });
  team.each(m.nv, [&](int dof) { w.qfrc[dof] += w.qfrc_actuator[dof]; });
}

// M less the time step times the derivative of all smooth forces by velocity, for implicitfast; what stands on the
// diagonal alone is in implicit_diagonal.
template <class G, class T, class Team>
[[gnu::noinline]] LS_FN void write_implicit_rows(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                                 const Team& team) {
  const T h = T(m.timestep);
  team.each(m.row_numbers, [&](int i) { w.implicit_rows[i] = w.mass_rows[i]; });
  if (m.has_tendon_passive) {
    const auto damping = [&](int tendon) { return h * tendon_damping_slope(m, w, tendon); };
    add_weighted_squares(m, tendon_rows(m, w), damping, w.implicit_rows, team);
  }
  if (m.num_general != 0) {
    const auto slope = [&](int i) { return -(h * w.actuator_slope[i]); };
    add_weighted_squares(m, moment_rows(m, w), slope, w.implicit_rows, team);
  }
}

}  // namespace lockstep::kernels
