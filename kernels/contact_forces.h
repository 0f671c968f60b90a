// Forces of the constraints at the present acceleration, for sensors: of limits, and of each contact in three
// dimensions whatever the geometry of the model.
#pragma once

#include "kernels/markers.h"
#include "kernels/solver.h"

namespace lockstep::kernels {

// Force along each row of a contact, on the second link: first the normal one (MuJoCo's mj_contactForce).
//   jar: J qacc - aref of its rows;  force [6], the rows that it lacks are zero
template <class T>
[[gnu::noinline]] LS_FN void row_forces(const ModelConstants<Real<T>>& m, int pair, T D, const T* jar, T* force) {
  const T zero = T(0);
  for (int k = 0; k < 6; ++k) force[k] = zero;
  const int dim = m.pair_dim[pair];
  const WorldConstants<T> friction = of_world<T>(m.pair_friction) + 5 * pair;
  const auto push = [&](T edge) { return select(edge < zero, -(D * edge), zero); };
  if (dim == 1) {
    force[0] = push(jar[0]);
    return;
  }
  if (m.has_elliptic_cones == 0) {
    for (int k = 1; k < dim; ++k) {
      const T mu = T(friction[k - 1]);
      const T up = push(jar[0] + mu * jar[k]), down = push(jar[0] - mu * jar[k]);
      force[0] += up + down;
      force[k] = mu * (up - down);
    }
    return;
  }
  const ConeForce<T> cone = cone_force(jar, D, of_world<T>(m.pair_mu)[pair], friction, dim);
  force[0] = cone.normal;
  for (int k = 1; k < dim; ++k) force[k] = cone.friction[k - 1];
}

// An axis of a contact in the world.
template <class T>
LS_FN Vector3<T> world_axis(const ModelConstants<Real<T>>&, const ContactFrame<Spatial, T>& c, int k) {
  return c.axis[k];
}
template <class T>
LS_FN Vector3<T> world_axis(const ModelConstants<Real<T>>& m, const ContactFrame<Planar, T>& c, int k) {
  return in_space(m, c.axis[k]) + c.turn[k] * vector_of<T>(m.plane + 6);
}

// The force in one contact, whose point is there.
template <class G, class T>
[[gnu::noinline]] LS_FN void write_contact_force(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int slot) {
  const ContactFrame<G, T>& c = w.rows.contact[slot];
  SensedContact<T>& sensed = w.sensed_contact[slot];
  const int first = slot * m.contact_rows, pair = m.slot_pair[slot];
  T along[6];
  row_forces(m, pair, c.D, w.rows.contact_jar + first, along);
  for (int k = 1; k < m.pair_dim[pair] && m.noslip_iterations != 0; ++k) along[k] += w.rows.noslip_change[first + k];
  const Vector3<T> axis[3] = {world_axis(m, c, 0), world_axis(m, c, 1), world_axis(m, c, 2)};
  sensed.normal = axis[0];
  sensed.pressure = along[0];
  sensed.force = along[0] * axis[0] + along[1] * axis[1] + along[2] * axis[2];
  sensed.torque = along[3] * axis[0] + along[4] * axis[1] + along[5] * axis[2];
}

// The force in a connect or weld, on the body named first, and where its two points are.
template <class G, class T>
[[gnu::noinline]] LS_FN void write_equality_force(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                                  int equality) {
  const int pair = m.num_pairs + equality, slot = m.pair_slot[pair];
  const ContactFrame<G, T>* const c = w.rows.contact + slot;
  const T* const jar = w.rows.contact_jar + slot * m.contact_rows;
  const EqualityFrames<T> frames = equality_frames(m, w, equality);
  SensedContact<T>& sensed = w.sensed_contact[slot];
  sensed.arm_second = frames.point[0];
  sensed.arm_first = frames.point[1];
  sensed.force = -(c->D * Vector3<T>{jar[0], jar[1], jar[2]});
  sensed.torque = {T(0), T(0), T(0)};
  const T D_turn = T(of_world<T>(m.pair_friction)[5 * pair]) * c->D;
  for (int k = 3; k < m.pair_dim[pair]; ++k) {
    sensed.torque = sensed.torque - (D_turn * jar[k]) * world_axis(m, c[1], k - 3);
  }
}

// Finds the constraints once more (the solver forgets those of worlds that it is done with), with jar of all rows at
// qacc, and the forces in contacts. Where the noslip pass ran, at the solver's acceleration, to which the pass's
// changes are added. To be called after forward.
template <class G, class T, class Team>
[[gnu::noinline]] LS_FN void find_constraint_forces(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                                    const Team& team) {
  find_limits(m, w, team);
  find_scalar_rows(m, w, team);
  const bool senses = m.has_contact_sensors != 0;
  if (m.num_contact_slots != 0) {
    visit_contacts(m, w, team, [&](int slot, MaskOf<T> touches, const auto& contact, const auto& placement) {
      if (!senses) return;
      const Vector3<T> seen = kept_where(touches, contact.position);
      const Vector3<T> shift = kept_where(touches, placement.shift);
      SensedContact<T>& sensed = w.sensed_contact[slot];
      sensed.arm_first = placement.seen_from_first ? seen : seen + shift;
      sensed.arm_second = placement.seen_from_first ? seen - shift : seen;
    });
  } else {
    team.once([&] { *w.rows.list.num_contacts = 0; });
  }
  if (m.noslip_iterations == 0) team.each(m.nv, [&](int dof) { w.rows.solution[dof] = w.qacc[dof]; });
  start_rows(m, w, team);
  if (!senses) return;
  team.each(*w.rows.list.num_contacts, [&](int i) {
    const int slot = w.rows.list.active_contacts[i], pair = m.slot_pair[slot];
    if (is_equality(m, pair)) {
      write_equality_force(m, w, pair - m.num_pairs);
    } else {
      write_contact_force(m, w, slot);
    }
  });
}

// The vector to a contact's point, seen from the origin of a link's tree, from p, seen from a marker's own.
template <class G, class T>
LS_FN Vector3<T> from_marker(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int marker, Vector3<T> p,
                             int link, Vector3<T> arm) {
  const int own = m.marker_link[marker];
  const int root = own < 0 ? -1 : m.link_root[own], other = link < 0 ? -1 : m.link_root[link];
  if (root == other) return arm - p;
  return (arm - p) + (origin_of(m, w, link) - marker_origin(m, w, marker));
}

}  // namespace lockstep::kernels
