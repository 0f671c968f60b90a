// Sensors of forces: touch, and the force and torque between a body and its parent. MuJoCo XML reference, sensor/touch,
// sensor/force, sensor/torque; MuJoCo's mj_rnePostConstraint.
#pragma once

#include "kernels/body_forces.h"
#include "kernels/contact_forces.h"
#include "kernels/rays.h"
#include "kernels/sensed_frames.h"

namespace lockstep::kernels {

// Sum of the normal forces of contacts of the site's body whose normal, as a ray from the contact, meets the site.
template <class G, class T>
[[gnu::noinline]] LS_FN T sense_touch(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int marker,
                                      int zone) {
  T sum = T(0);
  if (m.num_pairs == 0) return sum;
  const Placement<T> site{marker_from_origin(m, w, marker), marker_axes(m, w, marker)};
  for_each_contact(m, w.rows.list, [&](int slot, int pair) {
    if (is_equality(m, pair)) return;
    const std::int32_t* body = m.pair_body + 2 * pair;
    if (body[0] != m.zone_body[zone] && body[1] != m.zone_body[zone]) return;
    const int side = body[1] == m.zone_body[zone] ? 1 : 0;
    const SensedContact<T>& contact = w.sensed_contact[slot];
    const Ray<T> outward{side == 0 ? contact.arm_first : contact.arm_second,
                         side == 0 ? contact.normal : -contact.normal};
    const T distance = hit_geom(m.zone_type[zone], m.zone_size + 3 * zone, into_axes(site, outward));
    const MaskOf<T> counts = (contact.pressure > T(0)) & is_finite(distance);
    sum += select(counts, contact.pressure, T(0));
  });
  return sum;
}

// What moves one body of a subtree, less what acts on it from outside but for contacts: force, and torque about its
// centre of mass. `i`: its place in the lists of the subtrees; p as marker_from_origin.
template <class G, class T>
[[gnu::noinline]] LS_FN Force<Spatial, T> body_balance(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                                       int i, Vector3<T> p) {
  Force<Spatial, T> total{{T(0), T(0), T(0)}, {T(0), T(0), T(0)}};
  const int marker = m.subtree_marker[i];
  if (m.subtree_mass[i] > 0) {
    const Motion<Spatial, T> a = sensed_acceleration(m, w, marker, p);
    const Matrix3<T> axes = marker_axes(m, w, marker);
    const Real<T>* inertia = m.subtree_inertia + 3 * i;
    const Vector3<T> spin = components(axes, marker_motion(m, w, marker).w), turn = components(axes, a.w);
    const auto weighted = [&](Vector3<T> v) {
      return Vector3<T>{T(inertia[0]) * v.x, T(inertia[1]) * v.y, T(inertia[2]) * v.z};
    };
    total = {rotate(axes, weighted(turn) + cross(spin, weighted(spin))), T(m.subtree_mass[i]) * a.v};
  }
  if (m.applied_bodies != 0) {
    const T* applied = w.xfrc_applied + 6 * m.subtree_body[i];
    total.f = total.f - Vector3<T>{applied[0], applied[1], applied[2]};
    total.n = total.n - Vector3<T>{applied[3], applied[4], applied[5]};
  }
  return total;
}

// Force on a body from its parent and torque about the site at `marker`, along the site's axes.
template <class G, class T>
[[gnu::noinline]] LS_FN Force<Spatial, T> sense_interaction(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                                            int marker, int subtree) {
  const Vector3<T> site = marker_from_origin(m, w, marker);
  Force<Spatial, T> total{{T(0), T(0), T(0)}, {T(0), T(0), T(0)}};
  for (int i = m.subtree_adr[subtree]; i < m.subtree_adr[subtree + 1]; ++i) {
    const Vector3<T> p = marker_from_origin(m, w, m.subtree_marker[i]);
    const Force<Spatial, T> balance = body_balance(m, w, i, p);
    const Vector3<T> arm = marker_difference(m, w, marker, site, m.subtree_marker[i], p);
    total = total + Force<Spatial, T>{balance.n + cross(arm, balance.f), balance.f};
  }
  if (m.num_contact_slots != 0) {
    const std::int32_t* range = m.subtree_range + 2 * subtree;
    for_each_contact(m, w.rows.list, [&](int slot, int pair) {
      const SensedContact<T>& contact = w.sensed_contact[slot];
      for (int side = 0; side < 2; ++side) {
        const int body = m.pair_body[2 * pair + side], link = m.pair_link[2 * pair + side];
        if (body < range[0] || body >= range[1]) continue;
        const Vector3<T> arm =
            from_marker(m, w, marker, site, link, side == 0 ? contact.arm_first : contact.arm_second);
        const Force<Spatial, T> push{contact.torque + cross(arm, contact.force), contact.force};
        total = side == 0 ? total + push : Force<Spatial, T>{total.n - push.n, total.f - push.f};
      }
    });
  }
  const Matrix3<T> axes = marker_axes(m, w, marker);
  return {components(axes, total.n), components(axes, total.f)};
}

}  // namespace lockstep::kernels
