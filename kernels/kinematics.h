// Where the links are and how each dof moves them: rotation, point and cdof of a link from its parent's and qpos.
// Positions are taken from the origin of the link's tree (the root link's reference point, which travels with the
// root): the dynamics never sees large world coordinates, which matters in float. MuJoCo computation chapter,
// "Kinematics"; R. Featherstone (2008), section 4.4.
#pragma once

#include "kernels/quaternion.h"
#include "kernels/workspace.h"

namespace lockstep::kernels {

// base + r p, for a constant p of which only the components named in `axes` are not zero.
template <class T, class Array>
[[gnu::always_inline]] LS_FN Vector3<T> add_rotated(Vector3<T> base, const Matrix3<T>& r, Array p, int axes) {
  if (axes & 1) base = base + T(p[0]) * r.x;
  if (axes & 2) base = base + T(p[1]) * r.y;
  if (axes & 4) base = base + T(p[2]) * r.z;
  return base;
}
template <class T, class Array>
[[gnu::always_inline]] LS_FN Vector2<T> add_rotated(Vector2<T> base, Rotation2<T> r, Array p, int axes) {
  if (axes & 1) base = base + T(p[0]) * Vector2<T>{r.cosine, r.sine};
  if (axes & 2) base = base + T(p[1]) * Vector2<T>{-r.sine, r.cosine};
  return base;
}

// The world rotation of a link at its joints' reference: r times the constant rotation `turn`.
template <class T>
[[gnu::always_inline]] LS_FN Matrix3<T> turned(const Matrix3<T>& r, const Real<T>* turn) {
  return {add_rotated(T(turn[0]) * r.x, {r.y, r.z, r.x}, turn + 1, 3),
          add_rotated(T(turn[3]) * r.x, {r.y, r.z, r.x}, turn + 4, 3),
          add_rotated(T(turn[6]) * r.x, {r.y, r.z, r.x}, turn + 7, 3)};
}
template <class T>
[[gnu::always_inline]] LS_FN Rotation2<T> turned(Rotation2<T> r, const Real<T>* turn) {
  return {r.cosine * T(turn[0]) - r.sine * T(turn[1]), r.sine * T(turn[0]) + r.cosine * T(turn[1])};
}

template <class G, class T>
[[gnu::always_inline]] LS_FN typename G::template Rotation<T> constant_rotation(const Real<T>* turn) {
  if constexpr (G::kPlanar) {
    return {T(turn[0]), T(turn[1])};
  } else {
    return {{T(turn[0]), T(turn[1]), T(turn[2])},
            {T(turn[3]), T(turn[4]), T(turn[5])},
            {T(turn[6]), T(turn[7]), T(turn[8])}};
  }
}
template <class G, class T, class Array>
[[gnu::always_inline]] LS_FN typename G::template Point<T> constant_point(Array p) {
  if constexpr (G::kPlanar) {
    return {T(p[0]), T(p[1])};
  } else {
    return {T(p[0]), T(p[1]), T(p[2])};
  }
}

// Turns two columns of a rotation about the third: the plane (a, b) by the angle of (sine, cosine), a towards b.
template <class T>
[[gnu::always_inline]] LS_FN void turn_columns(Vector3<T>& a, Vector3<T>& b, T sine, T cosine) {
  const Vector3<T> a_turned = cosine * a + sine * b;
  b = cosine * b - sine * a;
  a = a_turned;
}

// Turns r about the body-fixed `axis` (its world direction is u) by Rodrigues' formula, column by column.
template <class T>
[[gnu::always_inline]] LS_FN void turn_about(Matrix3<T>& r, const Real<T>* axis, Vector3<T> u, T sine, T cosine) {
  const T rest = T(1) - cosine;
  r.x = cosine * r.x + sine * cross(u, r.x) + (rest * T(axis[0])) * u;
  r.y = cosine * r.y + sine * cross(u, r.y) + (rest * T(axis[1])) * u;
  r.z = cross(r.x, r.y);
}

// Applies a hinge to the rotation of its link; returns the spin of a unit of its velocity.
template <class T>
[[gnu::always_inline]] LS_FN Vector3<T> apply_hinge(const ModelConstants<Real<T>>& m, int joint, T angle,
                                                    Matrix3<T>& r) {
  T sine, cosine;
  sine_cosine(angle, sine, cosine);
  const T sense = T(m.joint_sense[joint]);
  switch (m.joint_kind[joint]) {
    case kHingeX:
      turn_columns(r.y, r.z, sense * sine, cosine);
      return sense * r.x;
    case kHingeY:
      turn_columns(r.z, r.x, sense * sine, cosine);
      return sense * r.y;
    case kHingeZ:
      turn_columns(r.x, r.y, sense * sine, cosine);
      return sense * r.z;
    default: {
      const Real<T>* axis = m.jnt_axis + 3 * joint;
      const Vector3<T> u = add_rotated(T(axis[0]) * r.x, r, axis, 6);
      turn_about(r, axis, u, sine, cosine);
      return u;
    }
  }
}
template <class T>
[[gnu::always_inline]] LS_FN T apply_hinge(const ModelConstants<Real<T>>& m, int joint, T angle, Rotation2<T>& r) {
  T sine, cosine;
  sine_cosine(angle, sine, cosine);
  const T sense = T(m.joint_sense[joint]);
  sine = sense * sine;
  r = {r.cosine * cosine - r.sine * sine, r.sine * cosine + r.cosine * sine};
  return sense;
}

// The velocity at the origin of a rotation w about the point `anchor`.
template <class P, class S>
[[gnu::always_inline]] LS_FN P velocity_at_origin(S w, P anchor) {
  return -cross(w, anchor);
}

template <class T>
[[gnu::always_inline]] LS_FN Quaternion<T> joint_quaternion(const T* qpos) {
  return normalised(Quaternion<T>{qpos[0], qpos[1], qpos[2], qpos[3]});
}

// A slide: moves the link, or (in a root link) the origin of the tree with it.
template <class G, class T>
[[gnu::always_inline]] LS_FN void place_slide(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int joint,
                                              int first_dof, typename G::template Rotation<T>& r,
                                              typename G::template Point<T>& p) {
  const int dof = m.jnt_dofadr[joint];
  const Real<T>* axis = m.jnt_axis + 3 * joint;
  const auto u = add_rotated(typename G::template Point<T>{}, r, axis, 7);
  w.cdof[dof] = {typename G::template Spin<T>{}, u};
  if (m.joint_slide_mode[joint] == kMovesOrigin) return;
  const auto shift = (w.qpos[m.jnt_qposadr[joint]] - T(m.joint_reference[joint])) * u;
  if (m.joint_slide_mode[joint] == kMovesLink) {
    p = p + shift;
    return;
  }
  for (int d = first_dof; d < dof; ++d) w.cdof[d].v = w.cdof[d].v + cross(w.cdof[d].w, shift);
}

// Free and ball joints: rotation, and the three dofs about the link's own axes.
template <class T>
LS_FN void place_ball(const ModelConstants<Real<T>>& m, const Workspace<Spatial, T>& w, int joint, bool is_free,
                      Matrix3<T>& r, Vector3<T>& p) {
  const int dof = m.jnt_dofadr[joint] + (is_free ? 3 : 0);
  const T* qpos = w.qpos + m.jnt_qposadr[joint] + (is_free ? 3 : 0);
  const Matrix3<T> turn = matrix(joint_quaternion(qpos));
  Vector3<T> anchor = p;
  if (is_free) {
    const T zero = T(0), one = T(1);
    for (int k = 0; k < 3; ++k) w.cdof[dof - 3 + k].w = {zero, zero, zero};
    w.cdof[dof - 3].v = {one, zero, zero};
    w.cdof[dof - 2].v = {zero, one, zero};
    w.cdof[dof - 1].v = {zero, zero, one};
    r = turn;
    p = anchor = {zero, zero, zero};
  } else {
    const Real<T>* offset = m.jnt_pos + 3 * joint;
    if (m.joint_has_offset[joint]) anchor = add_rotated(p, r, offset, 7);
    r = {rotate(r, turn.x), rotate(r, turn.y), rotate(r, turn.z)};
    if (m.joint_has_offset[joint]) p = anchor - add_rotated(Vector3<T>{}, r, offset, 7);
  }
  w.cdof[dof] = {r.x, velocity_at_origin(r.x, anchor)};
  w.cdof[dof + 1] = {r.y, velocity_at_origin(r.y, anchor)};
  w.cdof[dof + 2] = {r.z, velocity_at_origin(r.z, anchor)};
}

// Rotation, point and cdof of one link; its parent's must be there.
template <class G, class T>
[[gnu::always_inline]] LS_FN void place_link(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int link) {
  using Point = typename G::template Point<T>;
  const int parent = m.link_parent[link];
  const Real<T>* offset = m.link_pos + 3 * link;
  const Real<T>* turn = m.link_rot + 9 * link;
  auto r = parent < 0 ? constant_rotation<G, T>(turn) : w.rotation[parent];
  if constexpr (!G::kPlanar) {
    if (parent < 0 && m.link_mocapid[link] >= 0) {
      r = matrix(joint_quaternion(w.mocap_quat + 4 * m.link_mocapid[link]));
    }
  }
  Point p{};
  if (parent >= 0) {
    p = add_rotated(w.point[parent], r, offset, m.link_offset_axes[link]);
    if (m.link_is_turned[link]) r = turned(r, turn);
  }
  const int first_dof = m.link_dofadr[link];
  const int first_joint = m.link_jointadr[link];
  for (int joint = first_joint; joint < first_joint + m.link_jointnum[link]; ++joint) {
    const int kind = m.joint_kind[joint];
    if (kind == kSlide) {
      place_slide(m, w, joint, first_dof, r, p);
    } else if (kind <= kBall) {
      if constexpr (!G::kPlanar) place_ball(m, w, joint, kind == kFree, r, p);
    } else {
      const Real<T>* anchor_offset = m.jnt_pos + 3 * joint;
      const bool has_offset = m.joint_has_offset[joint] != 0;
      const Point anchor = has_offset ? add_rotated(p, r, anchor_offset, 7) : p;
      const T angle = w.qpos[m.jnt_qposadr[joint]] - T(m.joint_reference[joint]);
      const auto u = apply_hinge(m, joint, angle, r);
      if (has_offset) p = anchor - add_rotated(Point{}, r, anchor_offset, 7);
      w.cdof[m.jnt_dofadr[joint]] = {u, velocity_at_origin(u, anchor)};
    }
  }
  w.rotation[link] = r;
  w.point[link] = p;
}

}  // namespace lockstep::kernels
