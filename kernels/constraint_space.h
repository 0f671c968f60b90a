// The part of the scratch arena that constraints need: rows of joint limits and friction, contacts, and the solver's
// vectors. Numbers of an item that is not active are not read; lists name the active ones, in the order of the model.
#pragma once

#include "kernels/elimination_tree.h"
#include "kernels/model_constants.h"
#include "kernels/stiffness.h"

namespace lockstep::kernels {

// Where a contact is: its point seen from the origins of the two links' trees, and its axes (normal from the first geom
// to the second, two tangents).
template <class G, class T>
struct ContactFrame;
template <class T>
struct ContactFrame<Spatial, T> {
  Vector3<T> arm_first, arm_second;
  Vector3<T> axis[3];
  T D;  // of the normal row, or of each edge of the pyramid; zero in worlds that do not touch

  [[nodiscard]] LS_FN Vector3<T> turn_axis(int k) const { return axis[k]; }
};
// The axes' parts in the plane and along its normal.
template <class T>
struct ContactFrame<Planar, T> {
  Vector2<T> arm_first, arm_second;
  Vector2<T> axis[3];
  T turn[3];
  T D;

  [[nodiscard]] LS_FN T turn_axis(int k) const { return turn[k]; }
};

// Index lists, the same for all lanes.
struct ConstraintLists {
  std::int32_t* num_limits;        // [1] of active_limits
  std::int32_t* active_limits;     // [num_limits of the model]
  std::int32_t* num_scalars;       // [1] of active_scalars
  std::int32_t* active_scalars;    // [num_scalar_rows]
  std::int32_t* scalar_is_active;  // [num_scalar_rows]
  std::int32_t* num_contacts;      // [1] of active_contacts
  std::int32_t* active_contacts;   // [num_contact_slots] slots
  std::int32_t* slot_is_active;    // [num_contact_slots]
  std::int32_t* noslip_dofs;       // [nv] of the row at hand
  std::int32_t* link_touch;        // [num_links] bits kFeelsWrench, kFeelsStiffness of the link's subtree
};
enum LinkTouch : std::int32_t { kFeelsNothing = 0, kFeelsWrench = 1, kFeelsStiffness = 2 };

template <class G, class T>
struct ConstraintSpace {
  // joint limits
  T *limit_D, *limit_aref, *limit_jar, *limit_jv;  // [num_rows]
  T* limit_axis;                                   // [num_rows][3] of balls
  // friction loss of dofs
  T *friction_aref, *friction_jar;  // [num_frictions]
  // scalar rows
  T* scalar_J;                                         // [num_scalar_entries]
  T *scalar_D, *scalar_aref, *scalar_jar, *scalar_jv;  // [num_scalar_rows]
  // geoms and contacts
  Vector3<T>* geom_point;       // [num_geoms] from the origin of the geom's tree, in world axes (m)
  Matrix3<T>* geom_axes;        // [num_geoms]
  Vector3<T>* tree_origin;      // [num_links], at each root: in the world (m)
  T* pair_gap;                  // [num_pairs] see kernels/geoms.h
  ContactFrame<G, T>* contact;  // [num_contact_slots]
  T *contact_jar, *contact_jv;  // [num_contact_slots][contact_rows]
  // solver
  Motion<G, T>* link_motion;                  // [num_links]
  Motion<G, T>* chain_motion;                 // [nv] of the contact at hand
  Force<G, T>* link_wrench;                   // [num_links]
  Stiffness<G, T>* link_stiffness;            // [num_links]
  T* hessian_rows;                            // [most_row_numbers]
  T *solution, *search, *Ma, *Mv, *gradient;  // [nv] each
  // noslip pass
  T* noslip_push;  // [nv] L^-T of what it has changed
  T* noslip_rows;  // [5][nv] rows at hand
  T *noslip_change, *noslip_friction_change,
      *noslip_scalar_change;  // of forces, as contact_jar, friction_jar, scalar_jar
  ConstraintLists list;
  EliminationTree tree;

  // Calls take(pointer, count) for each array.
  template <class Take>
  LS_FN void carve(const ModelConstants<Real<T>>& m, Take&& take) {
    take(limit_D, m.num_rows);
    take(limit_aref, m.num_rows);
    take(limit_jar, m.num_rows);
    take(limit_jv, m.num_rows);
    take(limit_axis, 3 * m.num_rows);
    take(friction_aref, m.num_frictions);
    take(friction_jar, m.num_frictions);
    take(scalar_J, m.num_scalar_entries);
    take(scalar_D, m.num_scalar_rows);
    take(scalar_aref, m.num_scalar_rows);
    take(scalar_jar, m.num_scalar_rows);
    take(scalar_jv, m.num_scalar_rows);
    take(geom_point, m.num_geoms);
    take(geom_axes, m.num_geoms);
    take(tree_origin, m.num_contact_slots == 0 ? 0 : m.num_links);
    take(pair_gap, m.num_pairs);
    take(contact, m.num_contact_slots);
    take(contact_jar, m.num_contact_slots * m.contact_rows);
    take(contact_jv, m.num_contact_slots * m.contact_rows);
    take(link_motion, m.num_links);
    take(chain_motion, m.nv);
    take(link_wrench, m.num_links);
    take(link_stiffness, m.num_links);
    take(hessian_rows, most_row_numbers(m));
    take(solution, m.nv);
    take(search, m.nv);
    take(Ma, m.nv);
    take(Mv, m.nv);
    take(gradient, m.nv);
    carve_lists(m, take);
    if (m.noslip_iterations != 0) carve_noslip(m, take);
  }

 private:
  template <class Take>
  LS_FN void carve_noslip(const ModelConstants<Real<T>>& m, Take&& take) {
    take(noslip_push, m.nv);
    take(noslip_rows, 5 * m.nv);
    take(noslip_change, m.num_contact_slots * m.contact_rows);
    take(noslip_friction_change, m.num_frictions);
    take(noslip_scalar_change, m.num_scalar_rows);
    take(list.noslip_dofs, m.nv);
  }
  template <class Take>
  LS_FN void carve_lists(const ModelConstants<Real<T>>& m, Take&& take) {
    take(list.num_limits, 1);
    take(list.active_limits, m.num_limits);
    take(list.num_scalars, 1);
    take(list.active_scalars, m.num_scalar_rows);
    take(list.scalar_is_active, m.num_scalar_rows);
    take(list.num_contacts, 1);
    take(list.active_contacts, m.num_contact_slots);
    take(list.slot_is_active, m.num_contact_slots);
    take(list.link_touch, m.num_links);
    take(tree.parent, m.nv);
    take(tree.depth, m.nv);
    take(tree.row, m.nv);
    take(tree.ancestor, most_row_numbers(m));
    take(tree.below, most_row_numbers(m));
    take(tree.below_adr, m.nv);
    take(tree.num_even, m.nv);
    take(tree.num_below, m.nv);
    take(tree.num_coupled, 1);
    take(tree.coupled, m.num_couplings);
  }
};

}  // namespace lockstep::kernels
