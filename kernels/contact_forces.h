// Forces of the constraints at the present acceleration, for sensors: of limits, and of each contact in three
// dimensions whatever the geometry of the model.
#pragma once

#include "kernels/markers.h"
#include "kernels/solver.h"

namespace lockstep::kernels {

// Force along each row of a contact, on the second link: first the normal one (MuJoCo's mj_contactForce).
//   jar: J qacc - aref of its rows;  force [6], the rows that it lacks are zero
template <class T>
LS_FN void row_forces(const ModelConstants<Real<T>>& m, int pair, T D, const T* jar, T* force) {
  const T zero = T(0);
  for (int k = 0; k < 6; ++k) force[k] = zero;
  const int dim = m.pair_dim[pair];
  const Real<T>* friction = m.pair_friction + 5 * pair;
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
  const Real<T> mu = m.pair_mu[pair];
  const ConePoint<T> p = cone_point(jar, D, mu, friction, dim);
  const T excess = p.surface_stiffness * (p.N - T(mu) * p.length);
  force[0] = select(p.slides, -(T(mu) * excess), select(p.sticks, -(D * jar[0]), zero));
  const T along = select(p.slides, T(mu) * excess * p.inverse_length, select(p.sticks, -(D * T(1 / (mu * mu))), zero));
  for (int k = 1; k < dim; ++k) force[k] = along * T(friction[k - 1] * friction[k - 1]) * jar[k];
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
LS_FN void write_contact_force(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int slot) {
  const ContactFrame<G, T>& c = w.rows.contact[slot];
  SensedContact<T>& sensed = w.sensed_contact[slot];
  T along[6];
  row_forces(m, m.slot_pair[slot], c.D, w.rows.contact_jar + slot * m.contact_rows, along);
  const Vector3<T> axis[3] = {world_axis(m, c, 0), world_axis(m, c, 1), world_axis(m, c, 2)};
  sensed.normal = axis[0];
  sensed.pressure = along[0];
  sensed.force = along[0] * axis[0] + along[1] * axis[1] + along[2] * axis[2];
  sensed.torque = along[3] * axis[0] + along[4] * axis[1] + along[5] * axis[2];
}

// Finds the constraints once more (the solver forgets those of worlds that it is done with), with jar of all rows at
// qacc, and the forces in contacts. To be called after forward.
template <class G, class T, class Team>
[[gnu::noinline]] LS_FN void find_constraint_forces(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                                    const Team& team) {
  find_limits(m, w, team);
  find_scalar_rows(m, w, team);
  const bool senses = m.has_contact_sensors != 0;
  if (m.num_pairs != 0) {
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
  team.each(m.nv, [&](int dof) { w.rows.solution[dof] = w.qacc[dof]; });
  start_rows(m, w, team);
  if (!senses) return;
  team.each(*w.rows.list.num_contacts, [&](int i) { write_contact_force(m, w, w.rows.list.active_contacts[i]); });
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
