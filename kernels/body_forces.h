// Forces on bodies that are no constraints: fluid drag and gravity compensation, and their sum over the tree.
// MuJoCo computation chapter, "Passive forces"; fluid chapter, "Inertia model".
#pragma once

#include "kernels/ellipsoid_drag.h"

namespace lockstep::kernels {

// Force and torque of the fluid on the box with the body's inertia, in the box's axes, from its velocity in the fluid:
// Stokes drag of the sphere of the box's mean side, and quadratic drag of its faces.
template <class T>
LS_FN Force<Spatial, T> box_drag(const Real<T>* medium, const Real<T>* box, Motion<Spatial, T> local) {
  constexpr Real<T> kPi = Real<T>(3.14159265358979323846);
  const Real<T> density = medium[0], viscosity = medium[1];
  const T w[3] = {local.w.x, local.w.y, local.w.z}, v[3] = {local.v.x, local.v.y, local.v.z};
  T f[3], n[3];
  const Real<T> diameter = (box[0] + box[1] + box[2]) / 3;
  for (int k = 0; k < 3; ++k) {
    const Real<T> a = box[k], b = box[(k + 1) % 3], c = box[(k + 2) % 3];
    const T quadratic = T(density * b * c / 2) * absolute(v[k]);
    const T turning = T(density * a * (b * b * b * b + c * c * c * c) / 64) * absolute(w[k]);
    f[k] = -v[k] * (T(3 * kPi * diameter * viscosity) + quadratic);
    n[k] = -w[k] * (T(kPi * diameter * diameter * diameter * viscosity) + turning);
  }
  return {{n[0], n[1], n[2]}, {f[0], f[1], f[2]}};
}

// Velocity of a marker's frame in the fluid, in its own axes.
template <class G, class T>
LS_FN Motion<Spatial, T> velocity_in_fluid(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int marker,
                                           const Matrix3<T>& axes, Vector3<T> p) {
  const Motion<Spatial, T> motion = marker_motion(m, w, marker);
  const Vector3<T> velocity = motion.v + cross(motion.w, p) - vector_of<T>(m.fluid_medium + 2);
  return {components(axes, motion.w), components(axes, velocity)};
}

// Adds the drag of one box or one ellipsoid to the force on its link.
template <class G, class T>
LS_FN void add_drag(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int link, int marker,
                    const Real<T>* shape, bool is_box) {
  const Matrix3<T> axes = marker_axes(m, w, marker);
  const Vector3<T> p = marker_from_origin(m, w, marker);
  const Motion<Spatial, T> local = velocity_in_fluid(m, w, marker, axes, p);
  const Force<Spatial, T> drag =
      is_box ? box_drag(m.fluid_medium, shape, local) : ellipsoid_drag(m.fluid_medium, shape, local);
  w.link_force[link] = w.link_force[link] + force_at<G>(m, p, rotate(axes, drag.f), rotate(axes, drag.n));
}

template <class G, class T>
LS_FN void add_lift(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int lifted) {
  const int marker = m.lifted_marker[lifted];
  const Vector3<T> gravity = spatial_vector(m, constant_point<G, T>(of_world<T>(m.gravity)));
  const Vector3<T> force = T(-of_world<T>(m.lifted_mass)[lifted]) * gravity;
  Force<G, T>& total = w.link_force[m.marker_link[marker]];
  total = total + force_at<G>(m, marker_from_origin(m, w, marker), force, Vector3<T>{T(0), T(0), T(0)});
}

// target [nv] += the generalised force of link_force [num_links], which becomes that of the subtrees.
template <class G, class T, class Team>
LS_FN void add_link_forces(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, T* target, const Team& team) {
  links_up(m, team, [&](int link) {
    Force<G, T> force = w.link_force[link];
    for (int c = m.link_childadr[link]; c < m.link_childadr[link] + m.link_childnum[link]; ++c) {
      force = force + w.link_force[m.link_children[c]];
    }
    w.link_force[link] = force;
    for (int dof = m.link_dofadr[link]; dof < m.link_dofadr[link] + m.link_dofnum[link]; ++dof) {
      target[dof] += dot(w.cdof[dof], force);
    }
  });
}

// Fluid and gravity compensation, added to qfrc; what actuators lift goes to qfrc_gravcomp instead.
template <class G, class T, class Team>
[[gnu::noinline]] LS_FN void add_body_forces(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                             const Team& team) {
  const auto clear = [&] { team.each(m.num_links, [&](int link) { w.link_force[link] = {}; }); };
  clear();
  if (m.has_lifted_dofs) {
    team.each(m.num_lifted, [&](int lifted) { add_lift(m, w, lifted); });
    team.each(m.nv, [&](int dof) { w.qfrc_gravcomp[dof] = T(0); });
    add_link_forces(m, w, w.qfrc_gravcomp, team);
    team.each(m.nv, [&](int dof) {
      if (m.dof_lifted_by_actuators[dof]) return;
      w.qfrc[dof] += w.qfrc_gravcomp[dof];
      w.qfrc_gravcomp[dof] = T(0);
    });
    if (m.num_fluid_boxes == 0 && m.num_fluid_ellipsoids == 0) return;
    clear();
  }
  team.each(m.num_links, [&](int link) {
    for (int i = m.fluid_box_adr[link]; i < m.fluid_box_adr[link + 1]; ++i) {
      add_drag(m, w, link, m.fluid_box_marker[i], m.fluid_box + 3 * i, true);
    }
    for (int i = m.fluid_ellipsoid_adr[link]; i < m.fluid_ellipsoid_adr[link + 1]; ++i) {
      add_drag(m, w, link, m.fluid_ellipsoid_marker[i], m.fluid_ellipsoid + kEllipsoidNumbers * i, false);
    }
  });
  if (!m.has_lifted_dofs) team.each(m.num_lifted, [&](int lifted) { add_lift(m, w, lifted); });
  add_link_forces(m, w, w.qfrc, team);
}

// Forces from outside, on dofs and at the centres of mass of bodies, added to qfrc.
template <class G, class T, class Team>
[[gnu::noinline]] LS_FN void add_applied_forces(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                                const Team& team) {
  team.each(m.nv, [&](int dof) { w.qfrc[dof] += w.qfrc_applied[dof]; });
  team.each(m.num_links, [&](int link) {
    Force<G, T> total{};
    for (int i = m.applied_adr[link]; i < m.applied_adr[link + 1]; ++i) {
      const T* xfrc = w.xfrc_applied + 6 * m.applied_body[i];
      const Vector3<T> p = marker_from_origin(m, w, m.applied_marker[i]);
      total = total + force_at<G>(m, p, Vector3<T>{xfrc[0], xfrc[1], xfrc[2]}, Vector3<T>{xfrc[3], xfrc[4], xfrc[5]});
    }
    w.link_force[link] = total;
  });
  add_link_forces(m, w, w.qfrc, team);
}

}  // namespace lockstep::kernels
