// Arrays of mjData, read as sensors: ncon; and over all bodies cinert, cvel and cfrc_ext, which MuJoCo keeps about the
// centre of mass of each body's tree (mj_comPos, mj_comVel, mj_rnePostConstraint). Rows are bodies in order, the world
// first.
#pragma once

#include "kernels/contact_forces.h"
#include "kernels/sensed_frames.h"

namespace lockstep::kernels {

// Contacts that push, in each world; the constraints must have been found.
template <class G, class T>
[[gnu::noinline]] LS_FN T contact_count(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w) {
  T count = T(0);
  if (m.num_contact_slots == 0) return count;
  for_each_contact(m, w.rows.list, [&](int slot, int pair) {
    if (!is_equality(m, pair)) count += select(w.rows.contact[slot].D != T(0), T(1), T(0));
  });
  return count;
}

// Centre of mass of the tree whose first body is at place `i` of a subtree's lists, seen from the tree's origin.
template <class G, class T>
[[gnu::noinline]] LS_FN Vector3<T> tree_centre(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int subtree,
                                               int i) {
  const int end = m.subtree_adr[subtree + 1], root = m.body_root[m.subtree_body[i]];
  Vector3<T> sum{T(0), T(0), T(0)};
  WorldConstant<T> mass = 0;
  for (int k = i; k < end && m.body_root[m.subtree_body[k]] == root; ++k) {
    const WorldConstant<T> part = of_world<T>(m.subtree_mass)[k];
    sum = sum + T(part) * marker_from_origin(m, w, m.subtree_marker[k]);
    mass += part;
  }
  if (all(mass < WorldConstant<T>(Real<T>(1e-15)))) return marker_from_origin(m, w, m.subtree_marker[i]);
  return T(1 / maximum(mass, WorldConstant<T>(Real<T>(1e-15)))) * sum;
}

// f(place in the lists, row, centre of mass of its tree) for all bodies but the world, whose row is zero, as MuJoCo
// leaves it.
template <int kNumbers, class G, class T, class Function>
LS_FN void each_body(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int subtree, T* target, Function&& f) {
  for (int k = 0; k < kNumbers; ++k) target[k] = T(0);
  Vector3<T> centre{T(0), T(0), T(0)};
  int last_root = -1;
  for (int i = m.subtree_adr[subtree]; i < m.subtree_adr[subtree + 1]; ++i) {
    const int body = m.subtree_body[i], root = m.body_root[body];
    if (root != last_root) centre = tree_centre(m, w, subtree, i);
    last_root = root;
    f(i, target + kNumbers * body, centre);
  }
}

// cinert: inertia about the centre (xx, yy, zz, xy, xz, yz; kg m^2), mass times the vector from there, mass.
template <class G, class T>
[[gnu::noinline]] LS_FN void write_body_inertias(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                                 int subtree, T* target) {
  each_body<10>(m, w, subtree, target, [&](int i, T* row, Vector3<T> centre) {
    const T mass = T(of_world<T>(m.subtree_mass)[i]);
    const Vector3<T> d = marker_from_origin(m, w, m.subtree_marker[i]) - centre;
    const Matrix3<T> r = marker_axes(m, w, m.subtree_marker[i]);
    const auto spread = [&](T ax, T ay, T az, T bx, T by, T bz) {
      const WorldConstants<T> inertia = of_world<T>(m.subtree_inertia) + 3 * i;
      return T(inertia[0]) * ax * bx + T(inertia[1]) * ay * by + T(inertia[2]) * az * bz;
    };
    row[0] = spread(r.x.x, r.y.x, r.z.x, r.x.x, r.y.x, r.z.x) + mass * (d.y * d.y + d.z * d.z);
    row[1] = spread(r.x.y, r.y.y, r.z.y, r.x.y, r.y.y, r.z.y) + mass * (d.x * d.x + d.z * d.z);
    row[2] = spread(r.x.z, r.y.z, r.z.z, r.x.z, r.y.z, r.z.z) + mass * (d.x * d.x + d.y * d.y);
    row[3] = spread(r.x.x, r.y.x, r.z.x, r.x.y, r.y.y, r.z.y) - mass * d.x * d.y;
    row[4] = spread(r.x.x, r.y.x, r.z.x, r.x.z, r.y.z, r.z.z) - mass * d.x * d.z;
    row[5] = spread(r.x.y, r.y.y, r.z.y, r.x.z, r.y.z, r.z.z) - mass * d.y * d.z;
    row[6] = mass * d.x;
    row[7] = mass * d.y;
    row[8] = mass * d.z;
    row[9] = mass;
  });
}

// cvel: angular velocity (rad/s), and the velocity of the body's point at the centre (m/s).
template <class G, class T>
[[gnu::noinline]] LS_FN void write_body_velocities(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                                   int subtree, T* target) {
  each_body<6>(m, w, subtree, target, [&](int i, T* row, Vector3<T> centre) {
    const Motion<Spatial, T> motion = marker_motion(m, w, m.subtree_marker[i]);
    const Vector3<T> linear = motion.v + cross(motion.w, centre);
    row[0] = motion.w.x;
    row[1] = motion.w.y;
    row[2] = motion.w.z;
    row[3] = linear.x;
    row[4] = linear.y;
    row[5] = linear.z;
  });
}

// cfrc_ext: torque about the centre (N m) and force (N) of contacts, connects and welds, and of xfrc_applied.
template <class G, class T>
[[gnu::noinline]] LS_FN void write_body_loads(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int subtree,
                                              T* target) {
  each_body<6>(m, w, subtree, target, [&](int i, T* row, Vector3<T> centre) {
    const int body = m.subtree_body[i];
    Force<Spatial, T> total{{T(0), T(0), T(0)}, {T(0), T(0), T(0)}};
    if (m.applied_bodies != 0) {
      const T* applied = w.xfrc_applied + 6 * body;
      total.f = {applied[0], applied[1], applied[2]};
      const Vector3<T> arm = marker_from_origin(m, w, m.subtree_marker[i]) - centre;
      total.n = Vector3<T>{applied[3], applied[4], applied[5]} + cross(arm, total.f);
    }
    if (m.num_contact_slots != 0) {
      for_each_contact(m, w.rows.list, [&](int slot, int pair) {
        const SensedContact<T>& contact = w.sensed_contact[slot];
        for (int side = 0; side < 2; ++side) {
          if (m.pair_body[2 * pair + side] != body) continue;
          const Vector3<T> arm = (side == 0 ? contact.arm_first : contact.arm_second) - centre;
          const Force<Spatial, T> push{contact.torque + cross(arm, contact.force), contact.force};
          total = side == 1 ? total + push : Force<Spatial, T>{total.n - push.n, total.f - push.f};
        }
      });
    }
    row[0] = total.n.x;
    row[1] = total.n.y;
    row[2] = total.n.z;
    row[3] = total.f.x;
    row[4] = total.f.y;
    row[5] = total.f.z;
  });
}

}  // namespace lockstep::kernels
