// Actuators with general transmissions: their length, moment row and velocity, their force, what they give to the dofs.
// Those on hinges and slides alone take the short way of kernels/actuation.h. MuJoCo computation chapter,
// "Transmission" and "Actuation model".
#pragma once

#include "kernels/actuation.h"
#include "kernels/tendons.h"

namespace lockstep::kernels {

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
    default:  // kTendon
      for (int k = 0; k < m.moment_rownnz[general]; ++k) row[k] = gear * w.ten_J[m.ten_J_rowadr[target] + k];
      w.actuator_length[general] = gear * w.ten_length[target];
  }
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
  const int num_simple = m.num_actuators - m.num_general;
  team.each(m.num_general, [&](int i) {
    place_transmission(m, w, i);
    w.actuator_velocity[i] = sparse_row_product(moment_rows(m, w), i, w.qvel);
    w.actuator_force[i] =
        actuator_force(m, w, num_simple + i, w.actuator_length[i], w.actuator_velocity[i], w.actuator_slope[i]);
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
