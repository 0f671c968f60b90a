// Frames as sensors see them: where a marker is, how it moves and accelerates, and its quaternion.
#pragma once

#include "kernels/markers.h"
#include "kernels/quaternion.h"

namespace lockstep::kernels {

// A frame in the world: its marker's point from the origin of its tree, where that origin is, axes and motion.
template <class T>
struct SensedFrame {
  Vector3<T> p, origin;
  Matrix3<T> axes;
  Motion<Spatial, T> motion;
  [[nodiscard]] LS_FN Vector3<T> point_velocity() const { return motion.v + cross(motion.w, p); }
};
template <class G, class T>
[[gnu::noinline]] LS_FN SensedFrame<T> sensed_frame(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                                    int marker) {
  return {marker_from_origin(m, w, marker), marker_origin(m, w, marker), marker_axes(m, w, marker),
          marker_motion(m, w, marker)};
}

// Acceleration of a marker's point, less gravity, and of its frame's spin; the links' accelerations must be there.
template <class G, class T>
[[gnu::noinline]] LS_FN Motion<Spatial, T> sensed_acceleration(const ModelConstants<Real<T>>& m,
                                                               const Workspace<G, T>& w, int marker, Vector3<T> p) {
  const Vector3<T> gravity = constant_point<Spatial, T>(of_world<T>(m.world_gravity));
  const int link = m.marker_link[marker];
  if (link < 0) return {{T(0), T(0), T(0)}, -gravity};
  const Motion<Spatial, T> a = spatial_motion<G, T>(m, w.link_acceleration[link]);
  Motion<Spatial, T> total{a.w, a.v + cross(a.w, p) + marker_bias(m, w, marker, p) - gravity};
  if constexpr (!G::kPlanar) total.w = total.w + w.bias_angular[link];
  return total;
}

// What qacc adds to the acceleration of each link.
template <class G, class T, class Team>
LS_FN void accelerate_links(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, const Team& team) {
  links_down(m, team, [&](int link) {
    Motion<G, T> a = m.link_parent[link] < 0 ? Motion<G, T>{} : w.link_acceleration[m.link_parent[link]];
    for (int dof = m.link_dofadr[link]; dof < m.link_dofadr[link] + m.link_dofnum[link]; ++dof) {
      a = a + w.qacc[dof] * w.cdof[dof];
    }
    w.link_acceleration[link] = a;
  });
}

template <class T>
LS_FN Quaternion<T> constant_quaternion(const Real<T>* q) {
  return {T(q[0]), T(q[1]), T(q[2]), T(q[3])};
}

// What a joint turns its link by.
template <class G, class T>
[[gnu::noinline]] LS_FN Quaternion<T> joint_turn(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                                 int joint) {
  const int kind = m.joint_kind[joint];
  const T* qpos = w.qpos + m.jnt_qposadr[joint];
  if (kind == kSlide) return {T(1), T(0), T(0), T(0)};
  if (kind <= kBall) return joint_quaternion(qpos + (kind == kFree ? 3 : 0));
  const Real<T>* axis = m.quaternion_axis + 3 * joint;
  T sine, cosine;
  sine_cosine(T(Real<T>(0.5)) * (qpos[0] - T(m.joint_reference[joint])), sine, cosine);
  return {cosine, sine * T(axis[0]), sine * T(axis[1]), sine * T(axis[2])};
}

// Orientation in the world as MuJoCo has it: the product of all turns from the root on, whose sign no matrix tells.
template <class G, class T>
[[gnu::noinline]] LS_FN Quaternion<T> turn_in_world(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                                    int turn) {
  Quaternion<T> q = constant_quaternion<T>(m.turn_quaternion + 4 * turn);
  for (int link = m.turn_link[turn]; link >= 0; link = m.link_parent[link]) {
    const int first = m.link_jointadr[link];
    for (int joint = first + m.link_jointnum[link] - 1; joint >= first; --joint) {
      q = product(joint_turn(m, w, joint), q);
      if (m.joint_kind[joint] == kFree) return q;
    }
    if (const int mocap = m.link_mocapid[link]; mocap >= 0) {
      return product(joint_quaternion(w.mocap_quat + 4 * mocap), q);
    }
    q = product(constant_quaternion<T>(m.link_quaternion + 4 * link), q);
  }
  return q;
}

}  // namespace lockstep::kernels
