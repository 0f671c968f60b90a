// Poses of frames that are fixed in links, and of bodies from qpos: xpos and xmat, as MuJoCo's mj_kinematics gives
// them.
#pragma once

#include "kernels/contact_point.h"
#include "kernels/kinematics.h"
#include "kernels/state_layout.h"

namespace lockstep::kernels {

template <class R>
LS_FN StateLayout state_layout(const ModelConstants<R>& m) {
  return StateLayout::of(m.nq, m.nv, m.na, m.nu, m.nmocap, m.applied_bodies);
}

// A vector of the plane, in world coordinates.
template <class T>
LS_FN Vector3<T> in_space(const ModelConstants<Real<T>>& m, Vector2<T> p) {
  const Real<T>* e = m.plane;
  return {T(e[0]) * p.x + T(e[3]) * p.y, T(e[1]) * p.x + T(e[4]) * p.y, T(e[2]) * p.x + T(e[5]) * p.y};
}

// A vector of the geometry's own, in space.
template <class T>
LS_FN Vector3<T> spatial_vector(const ModelConstants<Real<T>>&, Vector3<T> v) {
  return v;
}
template <class T>
LS_FN Vector3<T> spatial_vector(const ModelConstants<Real<T>>& m, Vector2<T> v) {
  return in_space(m, v);
}

// World position of the origin of a link's tree: the root link's reference point.
template <class G, class T>
LS_FN Vector3<T> tree_origin(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int root) {
  if (const int mocap = m.link_mocapid[root]; mocap >= 0) {
    const T* pos = w.mocap_pos + 3 * mocap;
    return {pos[0], pos[1], pos[2]};
  }
  const Real<T>* start = m.link_pos + 3 * root;
  Vector3<T> origin{T(start[0]), T(start[1]), T(start[2])};
  const int first = m.link_jointadr[root];
  for (int joint = first; joint < first + m.link_jointnum[root]; ++joint) {
    const T* qpos = w.qpos + m.jnt_qposadr[joint];
    if (m.joint_kind[joint] == kFree) return {qpos[0], qpos[1], qpos[2]};
    if (m.joint_kind[joint] != kSlide) continue;
    const T shift = qpos[0] - T(m.joint_reference[joint]);
    const auto u = w.cdof[m.jnt_dofadr[joint]].v;
    origin = origin + spatial_vector(m, shift * u);
  }
  return origin;
}

// The rotation of a link in world coordinates; in a planar model, from the reference pose.
template <class T>
LS_FN Matrix3<T> world_rotation(const ModelConstants<Real<T>>&, const Workspace<Spatial, T>& w, int link) {
  return w.rotation[link];
}
template <class T>
LS_FN Matrix3<T> world_rotation(const ModelConstants<Real<T>>& m, const Workspace<Planar, T>& w, int link) {
  const Rotation2<T> r = w.rotation[link];
  const Real<T>* n = m.plane + 6;
  const Vector3<T> u{T(n[0]), T(n[1]), T(n[2])};
  Matrix3<T> turn{{T(1), T(0), T(0)}, {T(0), T(1), T(0)}, {T(0), T(0), T(1)}};
  turn_about(turn, n, u, r.sine, r.cosine);
  return turn;
}

// Where a frame is that is fixed in a link (-1: in the world): from the origin of the link's tree (or in the world), in
// world axes. The link must be placed (place_link).
//   offset [3], turns [9]: as body_offset and body_turn
template <class G, class T, class Array>
[[gnu::always_inline]] LS_FN Placement<T> place_frame(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                                      int link, Array offset, const Real<T>* turns) {
  const Vector3<T> p = constant_point<Spatial, T>(offset);
  const Matrix3<T> turn = constant_rotation<Spatial, T>(turns);
  if (link < 0) return {p, turn};
  const Matrix3<T> r = world_rotation(m, w, link);
  return {spatial_vector(m, w.point[link]) + rotate(r, p), {rotate(r, turn.x), rotate(r, turn.y), rotate(r, turn.z)}};
}

// Pose of one body in the world. The links must be placed.
template <class G, class T>
LS_FN Placement<T> body_pose(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int body) {
  const int link = m.body_link[body];
  Placement<T> pose = place_frame(m, w, link, m.body_offset + 3 * body, m.body_turn + 9 * body);
  if (link >= 0) pose.p = tree_origin(m, w, m.link_root[link]) + pose.p;
  return pose;
}

// Copies the poses of mocap bodies into the workspace.
template <class G, class T, class Team>
LS_FN void load_mocap(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, const StateBlock<T>& state,
                      const Team& team) {
  const StateLayout layout = state_layout(m);
  team.each(3 * m.nmocap, [&](int i) { w.mocap_pos[i] = state.get(layout.mocap_pos + i); });
  team.each(4 * m.nmocap, [&](int i) { w.mocap_quat[i] = state.get(layout.mocap_quat + i); });
}

// Poses of all bodies of a lane group: xpos [nbody][3] and xmat [nbody][9] (row-major, as MuJoCo's), numbers of type T.
template <class G, class T, class Team>
LS_FN void pose_group(const ModelConstants<Real<T>>& m, const StateBlock<T>& state, T* arena, T* xpos, T* xmat,
                      const Team& team) {
  const Workspace<G, T> w(m, arena);
  team.each(m.nq, [&](int i) { w.qpos[i] = state.get(i); });
  load_mocap(m, w, state, team);
  links_down(m, team, [&](int link) { place_link(m, w, link); });
  team.each(m.nbody, [&](int body) {
    const Placement<T> pose = body_pose(m, w, body);
    T* p = xpos + 3 * body;
    T* r = xmat + 9 * body;
    p[0] = pose.p.x;
    p[1] = pose.p.y;
    p[2] = pose.p.z;
    const Vector3<T> columns[3] = {pose.r.x, pose.r.y, pose.r.z};
    for (int k = 0; k < 3; ++k) {
      r[k] = columns[k].x;
      r[3 + k] = columns[k].y;
      r[6 + k] = columns[k].z;
    }
  });
}

template <class T, class Team>
LS_FN void poses(const ModelConstants<Real<T>>& m, const StateBlock<T>& state, T* arena, T* xpos, T* xmat,
                 const Team& team) {
  if (m.planar) {
    pose_group<Planar>(m, state, arena, xpos, xmat, team);
  } else {
    pose_group<Spatial>(m, state, arena, xpos, xmat, team);
  }
}

}  // namespace lockstep::kernels
