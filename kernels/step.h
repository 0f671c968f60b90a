// One physics step of a lane group: forward dynamics and an integrator, entirely in the scratch arena.
#pragma once

#include "kernels/body_forces.h"
#include "kernels/dynamics.h"
#include "kernels/factor.h"
#include "kernels/integrate.h"
#include "kernels/lone_body.h"
#include "kernels/noslip.h"
#include "kernels/pieces.h"
#include "kernels/state_layout.h"
#include "kernels/transmission.h"

namespace lockstep::kernels {

// Beyond this magnitude a state counts as diverged, as in MuJoCo (mjMAXVAL).
template <class R>
inline constexpr R kLargestValue = R(1e10);

// Worlds in which one of n numbers is not finite or beyond kLargestValue.
template <class T>
LS_FN MaskOf<T> any_diverged(const T* x, int n) {
  MaskOf<T> diverged = MaskOf<T>(false);
  for (int i = 0; i < n; ++i) diverged = diverged | !(absolute(x[i]) < T(kLargestValue<Real<T>>)) | !is_finite(x[i]);
  return diverged;
}

// Whether a step takes damping (Euler) or all derivatives by velocity (implicitfast) into the matrix.
LS_FN bool steps_implicitly(const ModelSizes& m) {
  return m.integrator != Integrator::kRk4 && m.has_implicit_diagonal != 0;
}

// Adds all passive forces to qfrc.
template <class G, class T, class Team>
LS_FN void add_passive(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, const Team& team) {
  add_joint_passive(m, w, team);
  if (m.has_tendon_passive) add_tendon_passive(m, w, team);
  if (m.has_link_forces) add_body_forces(m, w, team);
}

// Adds all actuators to qfrc and writes act_dot; minus the derivative by velocity of those on hinges and slides goes
// to `damping` [nv], where that is not null.
template <class G, class T, class Team>
LS_FN void add_actuation(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, T* damping, const Team& team) {
  add_simple_actuation(m, w, damping, team);
  if (m.num_general != 0 || m.has_lifted_dofs) add_general_actuation(m, w, team);
}

// The forces of the present state without constraints: M in mass_rows, passive + actuator - bias in qfrc, act_dot.
template <class G, class T, class Team>
LS_FN void smooth_forces(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, const Team& team) {
  if (m.applied_bodies == 0 && run_specialised(m, w, kSmoothForces, team)) return;
  mass_and_bias(m, w, team);
  const bool implicit = m.integrator == Integrator::kImplicitFast;
  if (implicit) team.each(m.nv, [&](int dof) { w.implicit_diagonal[dof] = T(0); });
  add_passive(m, w, team);
  add_actuation(m, w, implicit ? w.implicit_diagonal : nullptr, team);
  if (m.applied_bodies != 0) add_applied_forces(m, w, team);
}

// h times minus the derivative of the smooth forces by velocity, on the diagonal.
template <class G, class T, class Team>
LS_FN void write_implicit_diagonal(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, const Team& team) {
  const bool keep = m.integrator == Integrator::kImplicitFast;  // holds the actuators' part
  const T h = T(m.timestep);
  team.each(m.nv, [&](int dof) { w.implicit_diagonal[dof] = keep ? h * w.implicit_diagonal[dof] : T(0); });
  team.each(m.num_dampers, [&](int damper) {
    const int dof = m.damper_dof[damper];
    w.implicit_diagonal[dof] += h * damping_slope(m, damper, w.qvel[dof]);
  });
}

// qacc of the forces in qfrc, without constraints; with `implicit` as the implicit integrators have it.
template <class G, class T, class Team>
LS_FN void accelerate_smoothly(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, bool implicit,
                               const Team& team) {
  if (implicit == steps_implicitly(m) && run_specialised(m, w, kSmoothAcceleration, team)) return;
  set_right_side(m, w.mass_rows, w.qfrc, team);
  if (implicit) write_implicit_diagonal(m, w, team);
  const T* source = w.mass_rows;
  if (implicit && m.has_implicit_rows) {
    write_implicit_rows(m, w, team);
    source = w.implicit_rows;
  }
  factor_and_solve(m, w, source, implicit ? w.implicit_diagonal : static_cast<const T*>(nullptr), w.qacc, team);
  if (implicit && m.num_lone_bodies != 0) solve_lone_bodies(m, w, source, w.implicit_diagonal, team);
}

// qacc of the forces in qfrc, those of constraints included: the solver's solution where that is the acceleration,
// which is in the worlds `active` of a model without a noslip pass.
template <class G, class T, class Team>
LS_FN void accelerate_by_all_forces(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, MaskOf<T> active,
                                    const Team& team) {
  const bool has_solution = m.noslip_iterations == 0 && any(active);
  if (has_solution && all(active)) {
    team.each(m.nv, [&](int dof) { w.qacc[dof] = w.rows.solution[dof]; });
    return;
  }
  accelerate_smoothly(m, w, false, team);
  if (has_solution) {
    team.each(m.nv, [&](int dof) { w.qacc[dof] = select(active, w.rows.solution[dof], w.qacc[dof]); });
  }
}

// qacc of the state whose smooth forces are in qfrc and whose constraints, active in the worlds `active`, have been
// found; the rest as forward.
template <class G, class T, class Team>
LS_FN void accelerate(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, MaskOf<T> active, const T* guess,
                      bool implicit, const Team& team) {
  if (any(active)) {
    team.each(m.nv, [&](int dof) { w.rows.solution[dof] = guess[dof]; });
    solve_constraints(m, w, active, team);
    if constexpr (Team::kRemovesSlip) {
      if (m.noslip_iterations != 0) remove_slip(m, w, active, team);
    }
  }
  if (implicit) {
    accelerate_smoothly(m, w, true, team);
  } else {
    accelerate_by_all_forces(m, w, active, team);
  }
}

// qacc of the present state, constraints included; with `implicit` the acceleration that the implicit integrators use.
// `guess` [nv] starts the constraint solver; its solution is left in w.rows.solution for the worlds returned, which
// are those with an active constraint.
template <class G, class T, class Team>
[[gnu::noinline]] LS_FN MaskOf<T> forward(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, const T* guess,
                                          bool implicit, const Team& team) {
  smooth_forces(m, w, team);
  MaskOf<T> active = MaskOf<T>(false);
  if (m.has_constraints != 0) active = find_constraints(m, w, team);
  accelerate(m, w, active, guess, implicit, team);
  return active;
}

// The warm start of the next step: the solver's solution where it ran, else the acceleration itself.
template <class G, class T, class Team>
LS_FN void keep_warmstart(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, MaskOf<T> active,
                          const Team& team) {
  if (m.has_constraints == 0) return;
  const bool solved = any(active);
  team.each(m.nv, [&](int dof) {
    w.warmstart[dof] = solved ? select(active, w.rows.solution[dof], w.qacc[dof]) : w.qacc[dof];
  });
}

// Stops worlds whose acceleration went wrong: their time step becomes zero. Returns the time step of each world.
template <class G, class T, class Team>
LS_FN T guarded_timestep(const ModelConstants<Real<T>>& m, T* acceleration, T* rate, MaskOf<T>& fault,
                         const Team& team) {
  fault = fault | any_diverged(acceleration, m.nv) | any_diverged(rate, m.na);
  if (none(fault)) return T(m.timestep);
  team.sync();
  team.each(m.nv, [&](int dof) { acceleration[dof] = select(fault, T(0), acceleration[dof]); });
  team.each(m.na, [&](int i) { rate[i] = select(fault, T(0), rate[i]); });
  return select(fault, T(0), T(m.timestep));
}

// Looks at nothing: what step_group has for an observer where nobody asks for one.
struct NoObserver {
  static constexpr bool kLooks = false;
  [[nodiscard]] LS_FN bool looks() const { return false; }
};

// Shows the workspace to `observe` as the last evaluation of forces left it: poses, velocities, and in qacc the
// acceleration of all forces, which MuJoCo's sensors see. Where the integrator moves by one of its own, that is kept.
template <class G, class T, class Team, class Observer>
[[gnu::noinline]] LS_FN void show_evaluation(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                             MaskOf<T> active, bool implicit, const Observer& observe,
                                             const Team& team) {
  if (!implicit) return observe(w);
  team.each(m.nv, [&](int dof) { w.moving_qacc[dof] = w.qacc[dof]; });
  accelerate_by_all_forces(m, w, active, team);
  observe(w);
  team.each(m.nv, [&](int dof) { w.qacc[dof] = w.moving_qacc[dof]; });
}

// Moves the state by the time step h of each world: velocities by qacc, then positions by velocities.
template <class G, class T, class Team>
LS_FN void move_state(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, T h, const Team& team) {
  if (run_specialised(m, w, kMove, team, &h)) return;
  move_activations(m, w.act, w.act_dot, h, w.act, team);
  team.each(m.nv, [&](int dof) { w.qvel[dof] += h * w.qacc[dof]; });
  move_positions(m, w.qpos, w.qvel, h, w.qpos, team);
}

// Semi-implicit Euler, damping implicit (Euler) or all velocity derivatives on the diagonal (implicitfast).
template <class G, class T, class Team, class Observer>
LS_FN void step_euler(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, MaskOf<T>& fault,
                      const Observer& observe, bool shows, const Team& team) {
  const bool implicit = steps_implicitly(m);
  const MaskOf<T> active = forward(m, w, w.warmstart, implicit, team);
  const T h = guarded_timestep<G>(m, w.qacc, w.act_dot, fault, team);
  keep_warmstart(m, w, active, team);
  if constexpr (Observer::kLooks) {
    if (shows) show_evaluation(m, w, active, implicit, observe, team);
  }
  move_state(m, w, h, team);
}

// Adds weight times the present derivative to the sums of a Runge-Kutta step. Rotations: the velocity is brought back
// to the start of the step first.
template <class G, class T, class Team>
LS_FN void add_stage(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, T h, T weight, T reach,
                     const Team& team) {
  team.each(m.num_joints, [&](int joint) {
    const int kind = m.joint_kind[joint];
    const int first = m.jnt_dofadr[joint];
    const int linear = kind >= kSlide ? 1 : (kind == kFree ? 3 : 0);
    for (int dof = first; dof < first + linear; ++dof) w.displacement[dof] = w.qvel[dof];
    if (kind < kSlide) {
      T* d = w.displacement + first + linear;
      const T* v = w.qvel + first + linear;
      const Vector3<T> u = (reach * h) * Vector3<T>{d[0], d[1], d[2]};
      const Vector3<T> velocity = inverse_exponential_velocity(u, Vector3<T>{v[0], v[1], v[2]});
      d[0] = velocity.x;
      d[1] = velocity.y;
      d[2] = velocity.z;
    }
  });
  team.each(m.nv, [&](int dof) {
    w.sum_qvel[dof] += weight * w.displacement[dof];
    w.sum_qacc[dof] += weight * w.qacc[dof];
  });
  team.each(m.na, [&](int i) { w.sum_act[i] += weight * w.act_dot[i]; });
}

// Classical Runge-Kutta of fourth order. Each stage's solver starts from the acceleration of the one before, which is
// nearer than that of the last step (MuJoCo's start, for all four): 14 % fewer iterations on Gymnasium's humanoid.
template <class G, class T, class Team, class Observer>
LS_FN void step_rk4(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, MaskOf<T>& fault,
                    const Observer& observe, bool shows, const Team& team) {
  const Real<T> weights[4] = {Real<T>(1.0 / 6), Real<T>(1.0 / 3), Real<T>(1.0 / 3), Real<T>(1.0 / 6)};
  const Real<T> reaches[4] = {0, Real<T>(0.5), Real<T>(0.5), 1};
  const T h = T(m.timestep);
  team.each(m.nq, [&](int i) { w.start_qpos[i] = w.qpos[i]; });
  team.each(m.nv, [&](int i) {
    w.start_qvel[i] = w.qvel[i];
    w.displacement[i] = w.sum_qvel[i] = w.sum_qacc[i] = T(0);
  });
  team.each(m.na, [&](int i) {
    w.start_act[i] = w.act[i];
    w.sum_act[i] = T(0);
  });
  for (int stage = 0; stage < 4; ++stage) {
    const T reach = T(reaches[stage]);
    if (stage > 0) {  // the state `reach` of a step from the start, along the last stage's derivative
      move_positions(m, w.start_qpos, w.displacement, reach * h, w.qpos, team);
      team.each(m.nv, [&](int dof) { w.qvel[dof] = w.start_qvel[dof] + (reach * h) * w.qacc[dof]; });
      // As in MuJoCo, stages know neither actrange nor the exact filter: only the whole step does.
      team.each(m.na, [&](int i) { w.act[i] = w.start_act[i] + (reach * h) * w.act_dot[i]; });
    }
    const MaskOf<T> active = forward(m, w, stage == 0 ? w.warmstart : w.qacc, false, team);
    add_stage(m, w, h, T(weights[stage]), reach, team);
    if (stage == 3) keep_warmstart(m, w, active, team);
  }
  if constexpr (Observer::kLooks) {
    if (shows) observe(w);
  }
  fault = fault | any_diverged(w.sum_qvel, m.nv);
  const T step = guarded_timestep<G>(m, w.sum_qacc, w.sum_act, fault, team);
  if (any(fault)) {
    team.sync();
    team.each(m.nv, [&](int i) { w.sum_qvel[i] = select(fault, T(0), w.sum_qvel[i]); });
  }
  team.each(m.nv, [&](int i) { w.qvel[i] = w.start_qvel[i] + step * w.sum_qacc[i]; });
  move_positions(m, w.start_qpos, w.sum_qvel, step, w.qpos, team);
  move_activations(m, w.start_act, w.sum_act, step, w.act, team);
}

// Copies the state block into the workspace; returns the worlds that may not be stepped: flagged earlier, or with a
// state or control that is not finite.
template <class G, class T, class Team>
LS_FN MaskOf<T> load_state(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, const StateBlock<T>& state,
                           const Team& team) {
  const StateLayout layout = state_layout(m);
  team.each(m.nq, [&](int i) { w.qpos[i] = state.get(layout.qpos + i); });
  team.each(m.nv, [&](int i) {
    w.qvel[i] = state.get(layout.qvel + i);
    w.warmstart[i] = state.get(layout.qacc_warmstart + i);
  });
  team.each(m.na, [&](int i) {
    w.act[i] = state.get(layout.act + i);
    w.act_dot[i] = T(0);  // of disabled actuators, which nothing else writes
  });
  team.each(m.nu, [&](int i) { w.ctrl[i] = state.get(layout.ctrl + i); });
  if (m.has_constraints != 0) {
    team.once([&] { *w.rows.tree.num_coupled = -1; });  // nothing is known of it yet
  }
  MaskOf<T> fault = (state.get(layout.fault) != T(0)) | any_diverged(w.qpos, m.nq) | any_diverged(w.qvel, m.nv) |
                    any_diverged(w.act, m.na) | any_diverged(w.ctrl, m.nu);
  if (m.nmocap != 0) {
    load_mocap(m, w, state, team);
    fault = fault | any_diverged(w.mocap_pos, 3 * m.nmocap) | any_diverged(w.mocap_quat, 4 * m.nmocap);
  }
  if (m.applied_bodies != 0) {
    team.each(m.nv, [&](int i) { w.qfrc_applied[i] = state.get(layout.qfrc_applied + i); });
    team.each(6 * m.applied_bodies, [&](int i) { w.xfrc_applied[i] = state.get(layout.xfrc_applied + i); });
    fault = fault | any_diverged(w.qfrc_applied, m.nv) | any_diverged(w.xfrc_applied, 6 * m.applied_bodies);
  }
  return fault;
}

// `steps` physics steps of the worlds of one state block.
//   arena: scratch of Workspace<G, T>(m, nullptr).size numbers of T, any content
//   observe: is shown the workspace at the last evaluation of forces: at the start of the last step, or its last stage
// A world that diverges keeps the state from before the step that failed, and gets 1 in its fault field.
template <class G, class T, class Team, class Observer = NoObserver>
LS_FN void step_group(const ModelConstants<Real<T>>& m, const StateBlock<T>& state, T* arena, int steps,
                      const Team& team, const Observer& observe = {}) {
  const Workspace<G, T> w(m, arena);
  const StateLayout layout = state_layout(m);
  MaskOf<T> fault = load_state(m, w, state, team);
  T time = state.get(layout.time);
  for (int step = 0; step < steps; ++step) {
    const bool shows = observe.looks() && step == steps - 1;
    if (m.integrator == Integrator::kRk4) {
      step_rk4(m, w, fault, observe, shows, team);
    } else {
      step_euler(m, w, fault, observe, shows, team);
    }
    time = select(fault, time, time + T(m.timestep));
  }
  team.sync();
  // A world that came in with a bad number keeps it: the fault is reported, the state is the caller's to mend.
  team.each(m.nq, [&](int i) { state.set(layout.qpos + i, w.qpos[i]); });
  team.each(m.nv, [&](int i) {
    state.set(layout.qvel + i, w.qvel[i]);
    state.set(layout.qacc_warmstart + i, w.warmstart[i]);
  });
  team.each(m.na, [&](int i) { state.set(layout.act + i, w.act[i]); });
  team.once([&] {
    state.set(layout.time, time);
    state.set(layout.fault, select(fault, T(1), T(0)));
  });
}

// The same, in the geometry of the model.
template <class T, class Team>
LS_FN void step(const ModelConstants<Real<T>>& m, const StateBlock<T>& state, T* arena, int steps, const Team& team) {
  if (m.planar) {
    step_group<Planar>(m, state, arena, steps, team);
  } else {
    step_group<Spatial>(m, state, arena, steps, team);
  }
}

// qacc [nv] of the present state of a block, as MuJoCo's mj_forward gives it.
template <class T, class Team>
LS_FN void acceleration(const ModelConstants<Real<T>>& m, const StateBlock<T>& state, T* arena, T* qacc,
                        const Team& team) {
  const auto run = [&]<class G>(G) {
    const Workspace<G, T> w(m, arena);
    load_state(m, w, state, team);
    forward(m, w, w.warmstart, false, team);
    team.each(m.nv, [&](int dof) { qacc[dof] = w.qacc[dof]; });
  };
  if (m.planar) {
    run(Planar{});
  } else {
    run(Spatial{});
  }
}

}  // namespace lockstep::kernels
