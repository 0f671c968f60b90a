// Passive forces of joints: springs -(a x + b x^2 + c x^3) and dampers -(a v + b v|v| + c v^3).
// MuJoCo XML reference, joint: stiffness, damping, springref.
#pragma once

#include "kernels/quaternion.h"
#include "kernels/workspace.h"

namespace lockstep::kernels {

// a + b x + c x^2: the factor that a force -x (...) has; |x| for dampers, the signed displacement for springs.
template <class T>
LS_FN T polynomial_factor(WorldConstants<T> coefficients, T x) {
  return T(coefficients[0]) + x * (T(coefficients[1]) + x * T(coefficients[2]));
}

// Spring of a ball (or of the rotation of a free joint): along the rotation vector from the reference to qpos.
template <class T>
LS_FN void add_rotation_spring(WorldConstants<T> stiffness, const Real<T>* reference, const T* qpos, T* qfrc) {
  const Quaternion<T> rest{T(reference[0]), T(reference[1]), T(reference[2]), T(reference[3])};
  const Vector3<T> turn = rotation_vector(product(conjugate(rest), joint_quaternion(qpos)));
  const T factor = polynomial_factor(stiffness, square_root(dot(turn, turn)));
  qfrc[0] -= factor * turn.x;
  qfrc[1] -= factor * turn.y;
  qfrc[2] -= factor * turn.z;
}

template <class G, class T>
LS_FN void add_spring(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int spring) {
  const int joint = m.spring_joint[spring];
  const WorldConstants<T> stiffness = of_world<T>(m.spring_stiffness) + 3 * spring;
  const Real<T>* reference = m.spring_reference + 7 * spring;
  const T* qpos = w.qpos + m.jnt_qposadr[joint];
  T* qfrc = w.qfrc + m.jnt_dofadr[joint];
  const int kind = m.joint_kind[joint];
  if (kind >= kSlide) {
    const T x = qpos[0] - T(reference[0]);
    qfrc[0] -= x * polynomial_factor(stiffness, x);
    return;
  }
  if constexpr (!G::kPlanar) {
    if (kind == kBall) {
      add_rotation_spring(stiffness, reference, qpos, qfrc);
    } else {
      const Vector3<T> x{qpos[0] - T(reference[0]), qpos[1] - T(reference[1]), qpos[2] - T(reference[2])};
      const T factor = polynomial_factor(stiffness, square_root(dot(x, x)));
      qfrc[0] -= factor * x.x;
      qfrc[1] -= factor * x.y;
      qfrc[2] -= factor * x.z;
      add_rotation_spring(stiffness, reference + 3, qpos + 3, qfrc + 3);
    }
  }
}

// Minus the derivative of a damper's force by its velocity.
template <class T>
LS_FN T damping_slope(const ModelConstants<Real<T>>& m, int damper, T velocity) {
  const WorldConstants<T> d = of_world<T>(m.damper_damping) + 3 * damper;
  if (m.damper_is_linear[damper]) return T(d[0]);
  const T speed = absolute(velocity);
  return T(d[0]) + speed * (T(2 * d[1]) + speed * T(3 * d[2]));
}

// Adds all springs and dampers of joints to qfrc.
template <class G, class T, class Team>
LS_FN void add_joint_passive(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, const Team& team) {
  team.each(m.num_springs, [&](int spring) { add_spring(m, w, spring); });
  team.each(m.num_dampers, [&](int damper) {
    const int dof = m.damper_dof[damper];
    const WorldConstants<T> d = of_world<T>(m.damper_damping) + 3 * damper;
    const T v = w.qvel[dof];
    w.qfrc[dof] -= v * (m.damper_is_linear[damper] ? T(d[0]) : polynomial_factor(d, absolute(v)));
  });
}

}  // namespace lockstep::kernels
