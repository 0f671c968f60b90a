// The scratch arena of one team: every intermediate of a physics step, reused by all lane groups so that it stays in
// cache (CPU) or in shared memory (GPU). Sizes are in numbers of type T.
#pragma once

#include "kernels/constraint_space.h"
#include "kernels/model_constants.h"
#include "kernels/spatial.h"

namespace lockstep::kernels {

// One contact and the force in it, in three dimensions and world axes; nothing in worlds that do not touch.
template <class T>
struct SensedContact {
  Vector3<T> arm_first, arm_second;  // its point seen from the origins of the two links' trees (m)
  Vector3<T> normal;                 // from the first geom to the second
  T pressure;                        // along the normal, >= 0 (N)
  Vector3<T> force, torque;          // on the second link, at the point (N, N m)
};

template <class G, class T>
struct Workspace {
  // state of the worlds in this group
  T *qpos, *qvel, *act, *ctrl, *warmstart;  // [nq], [nv], [na], [nu], [nv]
  T *mocap_pos, *mocap_quat;                // [nmocap][3], [nmocap][4]
  T *qfrc_applied, *xfrc_applied;           // [nv], [applied_bodies][6]
  // links; vectors refer to the origin of their tree: the root link's reference point, in world axes
  typename G::template Rotation<T>* rotation;  // [num_links]
  typename G::template Point<T>* point;        // [num_links] position of the link's frame from the origin
  Motion<G, T>* velocity;                      // [num_links]
  typename G::template Point<T>* bias_linear;  // [num_links] acceleration at qacc = 0, gravity included: linear part
  typename G::template Spin<T>* bias_angular;  // [num_links] and angular part (zero in the plane)
  Inertia<G, T>* inertia;                      // [num_links] of the link, then of its subtree
  Force<G, T>* force;                          // [num_links] of the link, then of its subtree
  Motion<G, T>* cdof;                          // [nv] motion per unit velocity of a dof
  // dynamics
  T *mass_rows, *factor_rows;  // [row_numbers] augmented rows (see ModelConstants::dof_row)
  T* inverse_diagonal;         // [nv] of D in L'DL
  T* qfrc;                     // [nv] passive + actuator - bias (+ constraint), N or N m
  T* implicit_diagonal;        // [nv] what the implicit integrators add to the diagonal of M
  T *qacc, *act_dot;           // [nv], [na]
  // tendons, rows as ModelConstants::ten_J_rowadr says
  T *ten_length, *ten_velocity, *ten_J;  // [ntendon], [ntendon], [num_tendon_entries]
  T *ten_force, *ten_bias;               // [ntendon] each; Jdot qvel
  // general actuators
  T *actuator_length, *actuator_velocity, *actuator_force, *actuator_slope;  // [num_general]
  T* actuator_moment;                                                        // [num_moments]
  T *qfrc_actuator, *qfrc_gravcomp;                                          // [nv], in models that need them apart
  Force<G, T>* link_force;  // [num_links] of fluid and gravity compensation, then of the subtree
  T* implicit_rows;         // [row_numbers] M less the time step times the derivative of the forces
  // constraints
  ConstraintSpace<G, T> rows{};
  // Runge-Kutta
  T *start_qpos = nullptr, *start_qvel = nullptr, *start_act = nullptr;  // [nq], [nv], [na]
  T *sum_qvel = nullptr, *sum_qacc = nullptr, *sum_act = nullptr;        // [nv], [nv], [na]
  T* displacement = nullptr;  // [nv] velocity that moved the start to the present stage
  // sensors, behind all that a step needs
  Motion<G, T>* link_acceleration = nullptr;   // [num_links] what qacc adds
  SensedContact<T>* sensed_contact = nullptr;  // [num_contact_slots]
  T* moving_qacc = nullptr;                    // [nv] what an implicit integrator moves by, while sensors are read
  long step_size = 0;                          // numbers that a step needs
  long size = 0;                               // numbers in all

  // NOLINTNEXTLINE(clang-analyzer-optin.cplusplus.UninitializedObject): arrays of what the model lacks are never read.
  LS_FN Workspace(const ModelConstants<Real<T>>& m, T* arena) {
    carve_state(m, arena);
    carve_links(m, arena);
    carve_dynamics(m, arena);
    carve_forces(m, arena);
    step_size = size;
    carve_sensors(m, arena);
  }

 private:
  template <class Item>
  LS_FN void take(Item*& target, T* arena, int count) {
    target = arena == nullptr ? nullptr : reinterpret_cast<Item*>(arena + size);
    const long bytes = static_cast<long>(sizeof(Item)) * count;
    size += (bytes + static_cast<long>(sizeof(T)) - 1) / static_cast<long>(sizeof(T));
  }
  LS_FN void carve_state(const ModelConstants<Real<T>>& m, T* arena) {
    take(qpos, arena, m.nq);
    take(qvel, arena, m.nv);
    take(act, arena, m.na);
    take(ctrl, arena, m.nu);
    take(warmstart, arena, m.nv);
    take(mocap_pos, arena, 3 * m.nmocap);
    take(mocap_quat, arena, 4 * m.nmocap);
    if (m.applied_bodies != 0) {
      take(qfrc_applied, arena, m.nv);
      take(xfrc_applied, arena, 6 * m.applied_bodies);
    }
  }
  LS_FN void carve_links(const ModelConstants<Real<T>>& m, T* arena) {
    take(rotation, arena, m.num_links);
    take(point, arena, m.num_links);
    take(velocity, arena, m.num_links);
    take(bias_linear, arena, m.num_links);
    take(bias_angular, arena, m.num_links);
    take(inertia, arena, m.num_links);
    take(force, arena, m.num_links);
    take(cdof, arena, m.nv);
  }
  LS_FN void carve_forces(const ModelConstants<Real<T>>& m, T* arena) {
    take(ten_length, arena, m.ntendon);
    take(ten_velocity, arena, m.ntendon);
    take(ten_force, arena, m.ntendon);
    take(ten_bias, arena, m.ntendon);
    take(ten_J, arena, m.num_tendon_entries);
    take(actuator_length, arena, m.num_general);
    take(actuator_velocity, arena, m.num_general);
    take(actuator_force, arena, m.num_general);
    take(actuator_slope, arena, m.num_general);
    take(actuator_moment, arena, m.num_moments);
    if (m.num_clamped_dofs != 0 || m.has_lifted_dofs) take(qfrc_actuator, arena, m.nv);
    if (m.has_lifted_dofs) take(qfrc_gravcomp, arena, m.nv);
    if (m.has_link_forces || m.applied_bodies != 0) take(link_force, arena, m.num_links);
    if (m.has_implicit_rows) take(implicit_rows, arena, m.row_numbers);
  }
  LS_FN void carve_sensors(const ModelConstants<Real<T>>& m, T* arena) {
    if (m.has_acceleration_sensors) take(link_acceleration, arena, m.num_links);
    if (m.has_contact_sensors) take(sensed_contact, arena, m.num_contact_slots);
    if (m.num_sensors != 0) take(moving_qacc, arena, m.nv);
  }
  LS_FN void carve_dynamics(const ModelConstants<Real<T>>& m, T* arena) {
    take(mass_rows, arena, m.row_numbers);
    take(factor_rows, arena, m.row_numbers);
    take(inverse_diagonal, arena, m.nv);
    take(qfrc, arena, m.nv);
    take(implicit_diagonal, arena, m.nv);
    take(qacc, arena, m.nv);
    take(act_dot, arena, m.na);
    if (m.has_constraints != 0) {
      rows.carve(m, [&](auto*& target, int count) { take(target, arena, count); });
    }
    if (m.integrator == Integrator::kRk4) {
      take(start_qpos, arena, m.nq);
      take(start_qvel, arena, m.nv);
      take(sum_qvel, arena, m.nv);
      take(sum_qacc, arena, m.nv);
      take(displacement, arena, m.nv);
      take(start_act, arena, m.na);
      take(sum_act, arena, m.na);
    }
  }
};

// Sweeps over the tree. A team that is alone goes through the items in order; others take the items of one depth at a
// time. Items read what deeper (up) or shallower (down) items wrote.
template <class R, class Team, class Function>
[[gnu::always_inline]] LS_FN void links_down(const ModelConstants<R>& m, const Team& team, Function&& f) {
  if constexpr (Team::kAlone) {
    for (int link = 0; link < m.num_links; ++link) f(link);
  } else {
    for (int level = 0; level < m.num_link_levels; ++level) {
      const int first = m.link_level_adr[level];
      team.each(m.link_level_adr[level + 1] - first, [&](int i) { f(m.link_levels[first + i]); });
    }
  }
}
template <class R, class Team, class Function>
[[gnu::always_inline]] LS_FN void links_up(const ModelConstants<R>& m, const Team& team, Function&& f) {
  if constexpr (Team::kAlone) {
    for (int link = m.num_links - 1; link >= 0; --link) f(link);
  } else {
    for (int level = m.num_link_levels - 1; level >= 0; --level) {
      const int first = m.link_level_adr[level];
      team.each(m.link_level_adr[level + 1] - first, [&](int i) { f(m.link_levels[first + i]); });
    }
  }
}
template <class R, class Team, class Function>
[[gnu::always_inline]] LS_FN void dofs_down(const ModelConstants<R>& m, const Team& team, Function&& f) {
  if constexpr (Team::kAlone) {
    for (int dof = 0; dof < m.nv; ++dof) f(dof);
  } else {
    for (int level = 0; level < m.num_dof_levels; ++level) {
      const int first = m.dof_level_adr[level];
      team.each(m.dof_level_adr[level + 1] - first, [&](int i) { f(m.dof_levels[first + i]); });
    }
  }
}
template <class R, class Team, class Function>
[[gnu::always_inline]] LS_FN void dofs_up(const ModelConstants<R>& m, const Team& team, Function&& f) {
  if constexpr (Team::kAlone) {
    for (int dof = m.nv - 1; dof >= 0; --dof) f(dof);
  } else {
    for (int level = m.num_dof_levels - 1; level >= 0; --level) {
      const int first = m.dof_level_adr[level];
      team.each(m.dof_level_adr[level + 1] - first, [&](int i) { f(m.dof_levels[first + i]); });
    }
  }
}

}  // namespace lockstep::kernels
