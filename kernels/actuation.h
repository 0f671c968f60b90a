// Actuators on hinges and slides: activation dynamics, force = gain * input + bias, and its generalised force.
// MuJoCo computation chapter, "Actuation model". Length and velocity are gear * qpos and gear * qvel.
#pragma once

#include "kernels/math.h"
#include "kernels/workspace.h"

namespace lockstep::kernels {

template <class T>
LS_FN T affine(WorldConstants<T> p, T length, T velocity) {
  return T(p[0]) + T(p[1]) * length + T(p[2]) * velocity;
}

// The control in its ctrlrange.
template <class T>
LS_FN T clamped_control(const ModelConstants<Real<T>>& m, const T* ctrl, int actuator) {
  const T u = ctrl[m.actuator_ctrladr[actuator]];
  const Real<T>* range = m.actuator_ctrlrange + 2 * actuator;
  return m.actuator_has_ctrlrange[actuator] ? clamp(u, T(range[0]), T(range[1])) : u;
}

// The activation after a step of `timestep` with rate act_dot, inside actrange.
template <class T>
LS_FN T next_activation(const ModelConstants<Real<T>>& m, int actuator, T act, T act_dot, T timestep) {
  T next = act + timestep * act_dot;
  if (m.actuator_activation[actuator] == kFilterExact) {
    const T tau = T(m.actuator_time_constant[actuator]);
    next = act + act_dot * tau * (T(1) - exponential(-timestep / tau));
  }
  const Real<T>* range = m.actuator_actrange + 2 * actuator;
  return m.actuator_has_actrange[actuator] ? clamp(next, T(range[0]), T(range[1])) : next;
}

// What the gain multiplies: the control, or the activation. Writes act_dot.
template <class G, class T>
LS_FN T actuator_input(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int actuator) {
  const T u = clamped_control(m, w.ctrl, actuator);
  const int activation = m.actuator_activation[actuator];
  if (activation == kNoActivation) return u;
  const int adr = m.actuator_actadr[actuator];
  const T act = w.act[adr];
  const T act_dot = activation == kIntegrator ? u : (u - act) / T(m.actuator_time_constant[actuator]);
  w.act_dot[adr] = act_dot;
  return m.actuator_acts_early[actuator] ? next_activation(m, actuator, act, act_dot, T(m.timestep)) : act;
}

// Force of one actuator (N or N m at the transmission) with fixed or affine gain and bias, and its derivative by the
// transmission's velocity.
template <class T>
[[gnu::always_inline]] LS_FN T affine_force(const ModelConstants<Real<T>>& m, int actuator, T input, T length,
                                            T velocity, T& slope) {
  const WorldConstants<T> gain = of_world<T>(m.actuator_gain) + 3 * actuator;
  const WorldConstants<T> bias = of_world<T>(m.actuator_bias) + 3 * actuator;
  T force = input * (m.actuator_gain_kind[actuator] == kAffine ? affine(gain, length, velocity) : T(gain[0]));
  if (m.actuator_bias_kind[actuator] == kAffine) force += affine(bias, length, velocity);
  slope = T(0);
  if (m.actuator_gain_kind[actuator] == kAffine) slope += T(gain[2]) * input;
  if (m.actuator_bias_kind[actuator] == kAffine) slope += T(bias[2]);
  return force;
}

// The force held in the actuator's forcerange, where the derivative becomes zero.
template <class T>
[[gnu::always_inline]] LS_FN T limited_force(const ModelConstants<Real<T>>& m, int actuator, T force, T& slope) {
  if (!m.actuator_has_forcerange[actuator]) return force;
  const T low = T(m.actuator_forcerange[2 * actuator]), high = T(m.actuator_forcerange[2 * actuator + 1]);
  slope = select((force <= low) | (force >= high), T(0), slope);
  return clamp(force, low, high);
}

// Force of an actuator on a hinge or slide and its derivative, at the dof.
template <class G, class T>
LS_FN T simple_actuator_force(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int actuator, T& slope) {
  const T gear = T(m.actuator_gear[actuator]);
  const T length = gear * w.qpos[m.actuator_qposadr[actuator]];
  const T velocity = gear * w.qvel[m.actuator_dof[actuator]];
  const T input = actuator_input(m, w, actuator);
  const T force = limited_force(m, actuator, affine_force(m, actuator, input, length, velocity, slope), slope);
  slope = gear * gear * slope;
  return gear * force;
}

// Total force of the actuators of one actuated dof, held in the joint's actuatorfrcrange, and its derivative by
// velocity.
template <class T>
struct DofActuation {
  T force, slope;
};
template <class G, class T>
[[gnu::always_inline]] LS_FN DofActuation<T> dof_actuation(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                                           int group) {
  T force = T(0), slope = T(0);
  for (int a = m.actuated_adr[group]; a < m.actuated_adr[group + 1]; ++a) {
    T actuator_slope;
    force += simple_actuator_force(m, w, a, actuator_slope);
    slope += actuator_slope;
  }
  if (m.actuated_has_range[group]) {
    const T low = T(m.actuated_range[2 * group]), high = T(m.actuated_range[2 * group + 1]);
    slope = select((force <= low) | (force >= high), T(0), slope);
    force = clamp(force, low, high);
  }
  return {force, slope};
}

// Adds a dof's actuator forces to qfrc; and minus their derivative by velocity to `damping` [nv], where that is not
// null.
template <class G, class T>
LS_FN void add_dof_actuation(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int group, T* damping) {
  const DofActuation<T> total = dof_actuation(m, w, group);
  const int dof = m.actuator_dof[m.actuated_adr[group]];
  w.qfrc[dof] += total.force;
  if (damping != nullptr) damping[dof] -= total.slope;
}

// Adds all actuators on hinges and slides alone to qfrc and writes act_dot.
template <class G, class T, class Team>
LS_FN void add_simple_actuation(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, T* damping,
                                const Team& team) {
  team.each(m.num_actuated, [&](int group) { add_dof_actuation(m, w, group, damping); });
}

}  // namespace lockstep::kernels
