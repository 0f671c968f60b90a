// The position and velocity updates of the integrators. MuJoCo computation chapter, "Numerical integration".
#pragma once

#include "kernels/actuation.h"
#include "kernels/quaternion.h"
#include "kernels/workspace.h"

namespace lockstep::kernels {

// qpos of one joint moved by velocity [nv] for `time`, from `source` into `target` (both [nq]).
template <class T>
LS_FN void move_joint(const ModelConstants<Real<T>>& m, int joint, const T* source, const T* velocity, T time,
                      T* target) {
  int q = m.jnt_qposadr[joint];
  int v = m.jnt_dofadr[joint];
  const int kind = m.joint_kind[joint];
  if (kind >= kSlide) {
    target[q] = source[q] + time * velocity[v];
    return;
  }
  if (kind == kFree) {
    for (int k = 0; k < 3; ++k) target[q + k] = source[q + k] + time * velocity[v + k];
    q += 3;
    v += 3;
  }
  const Quaternion<T> turned = integrated(Quaternion<T>{source[q], source[q + 1], source[q + 2], source[q + 3]},
                                          Vector3<T>{velocity[v], velocity[v + 1], velocity[v + 2]}, time);
  target[q] = turned.w;
  target[q + 1] = turned.x;
  target[q + 2] = turned.y;
  target[q + 3] = turned.z;
}

template <class T, class Team>
LS_FN void move_positions(const ModelConstants<Real<T>>& m, const T* source, const T* velocity, T time, T* target,
                          const Team& team) {
  team.each(m.num_joints, [&](int joint) { move_joint(m, joint, source, velocity, time, target); });
}

// Activations moved by `rate` [na] for `time`, from `source` into `target`.
template <class T, class Team>
LS_FN void move_activations(const ModelConstants<Real<T>>& m, const T* source, const T* rate, T time, T* target,
                            const Team& team) {
  if (m.na == 0) return;
  team.each(m.num_actuators, [&](int actuator) {
    const int adr = m.actuator_actadr[actuator];
    if (adr >= 0) target[adr] = next_activation(m, actuator, source[adr], rate[adr], time);
  });
}

// The stage velocities of a Runge-Kutta method on rotations (H. Munthe-Kaas, "High order Runge-Kutta methods on
// manifolds", 1999): rotations are q = q0 exp(u), and u' = dexp^-1(u) w for the body-frame velocity w,
//   dexp^-1(u) w = w + 1/2 u x w + (1 - |u|/2 cot(|u|/2)) / |u|^2 u x (u x w).
template <class T>
LS_FN Vector3<T> inverse_exponential_velocity(Vector3<T> u, Vector3<T> w) {
  const T square = dot(u, u);
  const MaskOf<T> small = square < T(Real<T>(sizeof(Real<T>) == 4 ? 1e-2 : 1e-3));
  const T half = T(Real<T>(0.5)) * square_root(select(small, T(1), square));
  T s, c;
  sine_cosine(half, s, c);
  const T series = T(Real<T>(1.0 / 12)) + square * (T(Real<T>(1.0 / 720)) + square * T(Real<T>(1.0 / 30240)));
  const T factor = select(small, series, (T(1) - half * c / s) / square);
  const Vector3<T> once = cross(u, w);
  return w + T(Real<T>(0.5)) * once + factor * cross(u, once);
}

}  // namespace lockstep::kernels
