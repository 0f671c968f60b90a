// Mass matrix and bias forces of all links, in one sweep down and one up the tree.
// Down: kinematics, inertia, velocity, acceleration at qacc = 0 and force of each link (Newton-Euler; Featherstone
// 2008, table 5.1, in world axes about one fixed point). Up: composite inertias and forces; rows of M and the bias
// force of each dof (composite rigid body algorithm, table 6.2).
#pragma once

#include "kernels/tendons.h"

namespace lockstep::kernels {

// Adds weight (a a') to a tensor.
template <class T>
[[gnu::always_inline]] LS_FN void add_term(Symmetric3<T>& J, T weight, Vector3<T> a) {
  const Vector3<T> b = weight * a;
  J.xx += b.x * a.x;
  J.xy += b.x * a.y;
  J.xz += b.x * a.z;
  J.yy += b.y * a.y;
  J.yz += b.y * a.z;
  J.zz += b.z * a.z;
}

// Inertia of the link about the origin: its own about the centre of mass c, and m (c.c 1 - c c').
template <class T>
[[gnu::always_inline]] LS_FN Inertia<Spatial, T> link_inertia(const ModelConstants<Real<T>>& m,
                                                              const Workspace<Spatial, T>& w, int link) {
  const Matrix3<T>& r = w.rotation[link];
  const Vector3<T> c = add_rotated(w.point[link], r, of_world<T>(m.link_com) + 3 * link, m.link_com_axes[link]);
  const Vector3<T> h = T(of_world<T>(m.link_mass)[link]) * c;
  const T isotropic = T(of_world<T>(m.link_isotropic)[link]);
  const T hx = h.x * c.x, hy = h.y * c.y, hz = h.z * c.z;
  Symmetric3<T> J{isotropic + (hy + hz), -(h.x * c.y), -(h.x * c.z),
                  isotropic + (hx + hz), -(h.y * c.z), isotropic + (hx + hy)};
  for (int term = 2 * link; term < 2 * link + m.link_num_terms[link]; ++term) {
    const T weight = T(of_world<T>(m.link_term_weight)[term]);
    switch (m.link_term_axis[term]) {
      case 0:
        add_term(J, weight, r.x);
        break;
      case 1:
        add_term(J, weight, r.y);
        break;
      case 2:
        add_term(J, weight, r.z);
        break;
      default:
        add_term(J, weight, add_rotated(Vector3<T>{}, r, of_world<T>(m.link_term_vector) + 3 * term, 7));
    }
  }
  return {J, h};
}
template <class T>
[[gnu::always_inline]] LS_FN Inertia<Planar, T> link_inertia(const ModelConstants<Real<T>>& m,
                                                             const Workspace<Planar, T>& w, int link) {
  const Vector2<T> c =
      add_rotated(w.point[link], w.rotation[link], of_world<T>(m.link_com) + 3 * link, m.link_com_axes[link]);
  const Vector2<T> h = T(of_world<T>(m.link_mass)[link]) * c;
  return {T(of_world<T>(m.link_isotropic)[link]) + dot(h, c), h};
}

// Adds a joint's motion s to velocity and acceleration: its rate of change is (velocity before) x s.
template <class G, class T>
[[gnu::always_inline]] LS_FN void add_joint_motion(Motion<G, T> s, Motion<G, T>& velocity, Motion<G, T>& bias) {
  if constexpr (G::kPlanar) {
    bias.v = bias.v + cross(velocity.w, s.v) - cross(s.w, velocity.v);
  } else {
    bias = bias + cross_motion(velocity, s);
  }
  velocity = velocity + s;
}

// Velocity and bias acceleration of a link from its parent's.
template <class G, class T>
[[gnu::always_inline]] LS_FN void move_link(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int link,
                                            Motion<G, T>& velocity, Motion<G, T>& bias) {
  const int parent = m.link_parent[link];
  if (parent >= 0) {
    velocity = w.velocity[parent];
    bias.v = w.bias_linear[parent];
    if constexpr (!G::kPlanar) bias.w = w.bias_angular[parent];
  } else {
    velocity = {};
    bias = {{}, -constant_point<G, T>(of_world<T>(m.gravity))};
  }
  const int first = m.link_jointadr[link];
  for (int joint = first; joint < first + m.link_jointnum[link]; ++joint) {
    const int dof = m.jnt_dofadr[joint];
    const int kind = m.joint_kind[joint];
    if (kind > kBall) {
      add_joint_motion(w.qvel[dof] * w.cdof[dof], velocity, bias);
      continue;
    }
    if constexpr (!G::kPlanar) {
      int rotation = dof;
      if (kind == kFree) {  // the translation's axes stand still in the world
        velocity.v = {w.qvel[dof], w.qvel[dof + 1], w.qvel[dof + 2]};
        rotation += 3;
      }
      const Motion<G, T> s = w.qvel[rotation] * w.cdof[rotation] + w.qvel[rotation + 1] * w.cdof[rotation + 1] +
                             w.qvel[rotation + 2] * w.cdof[rotation + 2];
      add_joint_motion(s, velocity, bias);
    }
  }
  w.velocity[link] = velocity;
  w.bias_linear[link] = bias.v;
  if constexpr (!G::kPlanar) w.bias_angular[link] = bias.w;
}

// Everything about one link that follows from its parent.
template <class G, class T>
[[gnu::always_inline]] LS_FN void sweep_link_down(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                                  int link) {
  place_link(m, w, link);
  const Inertia<G, T> inertia = link_inertia(m, w, link);
  Motion<G, T> velocity, bias;
  move_link(m, w, link, velocity, bias);
  const WorldConstant<T> mass = of_world<T>(m.link_mass)[link];
  const Force<G, T> momentum_rate = cross_force(velocity, product(inertia, mass, velocity));
  w.inertia[link] = inertia;
  if constexpr (G::kPlanar) {
    w.force[link] = momentum_rate + Force<G, T>{cross(inertia.h, bias.v), T(mass) * bias.v};
  } else {
    w.force[link] = momentum_rate + product(inertia, mass, bias);
  }
}

// The row of M of one dof, whose subtree acts on the dof with the force f per unit acceleration.
template <class G, class T>
[[gnu::always_inline]] LS_FN void write_mass_row(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int link,
                                                 int dof, Force<G, T> f) {
  const int depth = m.dof_depth[dof];
  const std::int32_t* ancestor = m.dof_ancestor + m.dof_row[dof] + 1;
  T* row = w.mass_rows + m.dof_row[dof] + 1;
  int t = 0;
  if constexpr (!G::kPlanar) {
    if (m.link_has_free_root[link] && depth >= 6) {  // translations along the world's axes, rotations about the origin
      const Motion<G, T>* turn = w.cdof + ancestor[3];
      row[0] = f.f.x;
      row[1] = f.f.y;
      row[2] = f.f.z;
      row[3] = dot(turn[0].w, f.n);
      row[4] = dot(turn[1].w, f.n);
      row[5] = dot(turn[2].w, f.n);
      t = 6;
    }
  }
  for (; t < depth; ++t) row[t] = dot(w.cdof[ancestor[t]], f);
  row[depth] = dot(w.cdof[dof], f) + T(of_world<T>(m.dof_armature)[dof]);
}

// Adds the children's composite inertia and force to the link's, then writes its dofs' rows of M, and minus the bias
// force into qfrc.
template <class G, class T>
[[gnu::always_inline]] LS_FN void sweep_link_up(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int link) {
  Inertia<G, T> inertia = w.inertia[link];
  Force<G, T> force = w.force[link];
  const int first_child = m.link_childadr[link];
  for (int c = first_child; c < first_child + m.link_childnum[link]; ++c) {
    const int child = m.link_children[c];
    inertia = inertia + w.inertia[child];
    force = force + w.force[child];
  }
  w.inertia[link] = inertia;
  w.force[link] = force;
  const WorldConstant<T> mass = of_world<T>(m.link_subtree_mass)[link];
  for (int dof = m.link_dofadr[link]; dof < m.link_dofadr[link] + m.link_dofnum[link]; ++dof) {
    const Motion<G, T> s = w.cdof[dof];
    w.qfrc[dof] = -dot(s, force);
    write_mass_row(m, w, link, dof, product(inertia, mass, s));
  }
}

// M into mass_rows and minus the bias force into qfrc, from qpos and qvel; and the state of the tendons.
template <class G, class T, class Team>
LS_FN void mass_and_bias(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, const Team& team) {
  links_down(m, team, [&](int link) { sweep_link_down(m, w, link); });
  links_up(m, team, [&](int link) { sweep_link_up(m, w, link); });
  if (m.ntendon != 0) place_tendons(m, w, team);
}

}  // namespace lockstep::kernels
