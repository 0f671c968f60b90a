// Which geoms touch: places the geoms of all links, sorts out the pairs that are far apart, and writes the contacts of
// the others into their slots. The pairs and what their contacts are made of are constants of the model.
// MuJoCo computation chapter, "Collision detection"; field/contact parameters: "Contact parameters".
#pragma once

#include "kernels/body_equalities.h"
#include "kernels/collide_into.h"
#include "kernels/collision_shapes.h"
#include "kernels/contact_rows.h"
#include "kernels/limits.h"
#include "kernels/pieces.h"
#include "kernels/poses.h"

#include <bit>

namespace lockstep::kernels {

// Where a geom is from the origin of its tree (static geoms: from the world's).
template <class G, class T>
LS_FN void place_geom(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int geom) {
  const Placement<T> placement =
      place_frame(m, w, m.geom_link[geom], of_world<T>(m.geom_offset) + 3 * geom, m.geom_turn + 9 * geom);
  w.rows.geom_point[geom] = placement.p;
  w.rows.geom_axes[geom] = placement.r;
}

// The origin of the tree of a link in the world; of the world itself for link -1.
template <class G, class T>
[[gnu::always_inline]] LS_FN Vector3<T> origin_of(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                                  int link) {
  if (link < 0) return {T(0), T(0), T(0)};
  return w.rows.tree_origin[m.link_root[link]];
}

// Both geoms of a pair seen from one origin: that of the second's tree, or of the first's where the second stands
// still.
template <class T>
struct PairPlacement {
  Placement<T> first, second;
  Vector3<T> shift;  // from the origin of the first's tree to that of the second's
  bool seen_from_first;
};
template <class G, class T>
[[gnu::always_inline]] LS_FN PairPlacement<T> place_pair(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                                         int pair) {
  const int first = m.pair_geom[2 * pair], second = m.pair_geom[2 * pair + 1];
  const int link_first = m.pair_link[2 * pair], link_second = m.pair_link[2 * pair + 1];
  PairPlacement<T> p;
  p.first.p = w.rows.geom_point[first];
  p.second.p = w.rows.geom_point[second];
  p.seen_from_first = link_second < 0;
  p.shift = {T(0), T(0), T(0)};
  if (link_first < 0 || link_second < 0 || m.link_root[link_first] != m.link_root[link_second]) {
    p.shift = origin_of(m, w, link_second) - origin_of(m, w, link_first);
    if (p.seen_from_first) {
      p.second.p = p.second.p + p.shift;
    } else {
      p.first.p = p.first.p - p.shift;
    }
  }
  return p;
}

// Not above zero where the bounding spheres of a pair (or a sphere and a plane) are within the margin: the distance
// that lacks, or the difference of the squares.
template <class G, class T>
[[gnu::always_inline]] LS_FN T pair_gap(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int pair,
                                        const PairPlacement<T>& p) {
  const Vector3<T> apart = p.second.p - p.first.p;
  const WorldConstant<T> reach = of_world<T>(m.pair_reach)[pair];
  if (m.geom_type[m.pair_geom[2 * pair]] == kPlane) {
    return dot(apart, w.rows.geom_axes[m.pair_geom[2 * pair]].z) - T(reach);
  }
  return dot(apart, apart) - T(reach * reach);
}

// The gaps of all pairs at once, into pair_gap: worth it where that is straight-line code.
template <class G, class T, class Team>
LS_FN void find_gaps(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, const Team& team) {
  team.each(m.num_pairs, [&](int pair) { w.rows.pair_gap[pair] = pair_gap(m, w, pair, place_pair(m, w, pair)); });
}

template <class T>
[[gnu::always_inline]] LS_FN Vector3<T> kept_where(MaskOf<T> mask, Vector3<T> v) {
  return {select(mask, v.x, T(0)), select(mask, v.y, T(0)), select(mask, v.z, T(0))};
}
// Writes frame, D and (into contact_jar) the reference acceleration of one contact. Worlds that do not touch get zeros:
// what stands there must be finite, because it is multiplied by D = 0.
template <class G, class T>
LS_FN void write_contact(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int slot, MaskOf<T> touches,
                         const ContactPoint<T>& point, const PairPlacement<T>& p) {
  const int pair = m.slot_pair[slot];
  ContactFrame<G, T>& c = w.rows.contact[slot];
  const Vector3<T> normal = kept_where(touches, point.normal), tangent = kept_where(touches, point.tangent);
  set_axis(m, c, 0, normal);
  set_axis(m, c, 1, tangent);
  set_axis(m, c, 2, cross(normal, tangent));
  Vector3<T> first = kept_where(touches, point.position), second = first;
  if (p.seen_from_first) {
    second = second - p.shift;
  } else {
    first = first + p.shift;
  }
  set_arm(m, c.arm_first, first);
  set_arm(m, c.arm_second, second);
  const T violation = select(touches, point.distance, T(0)) - T(m.pair_margin[pair]);
  const T imp = impedance(m.pair_solimp + 5 * pair, violation);
  const T regularisation = maximum((T(1) - imp) / imp * T(of_world<T>(m.pair_diagonal)[pair]), T(Real<T>(1e-15)));
  c.D = select(touches & (violation < T(0)), T(1) / (regularisation * T(of_world<T>(m.pair_edge_scale)[pair])), T(0));
  const Motion<G, T> relative = relative_motion(m, w.velocity, c, pair);
  T* aref = w.rows.contact_jar + slot * m.contact_rows;
  for (int k = 0; k < m.pair_dim[pair]; ++k) aref[k] = -(T(m.pair_damping[pair]) * row_motion(c, relative, k));
  aref[0] -= T(m.pair_stiffness[pair]) * imp * violation;
}

// The hull or the height field of a geom, put together from the constants.
template <class R>
struct ShapeParts {
  MeshShape<R> mesh;
  HeightFieldShape<R> field;
};
template <class R>
[[gnu::always_inline]] LS_FN GeomShape<R> shape_of(const ModelConstants<R>& m, int geom, ShapeParts<R>& parts) {
  GeomShape<R> shape{m.geom_type[geom], m.geom_size + 3 * geom};
  const int index = m.geom_shape[geom];
  if (index < 0) return shape;
  if (shape.type == kHeightField) {
    const std::int32_t* base = m.field_bases + 3 * index;
    const R* size = m.field_size + 4 * index;
    parts.field = {
        base[0], base[1], {size[0], size[1], size[2], size[3]}, m.field_heights + base[2], m.field_lane_stride};
    shape.height_field = &parts.field;
  } else {
    const std::int32_t* base = m.hull_bases + kHullBases * index;
    parts.mesh = {base[kHullVertices],
                  m.hull_vertices + 3 * base[kHullFirstVertex],
                  m.hull_extent[index],
                  base[kHullFaces],
                  m.hull_normals + 3 * base[kHullFirstNormal],
                  m.hull_numbers + base[kHullFaceStart],
                  m.hull_numbers + base[kHullFaceVertices],
                  m.hull_numbers + base[kHullEdgeStart],
                  m.hull_numbers + base[kHullNeighbours],
                  m.hull_numbers + base[kHullVertexFaceStart],
                  m.hull_numbers + base[kHullVertexFaces]};
    shape.mesh = &parts.mesh;
  }
  return shape;
}

// Takes over the contacts that some of the worlds have, keeping the slots in rising order.
template <class T>
LS_FN void merge_contacts(const FoundContacts<SharedLanes<T>>& part, MaskOf<T> worlds, FoundContacts<T>& found) {
  for (int i = 0; i < part.count; ++i) {
    const MaskOf<T> touches = std::bit_cast<MaskOf<T>>(part.touches[i]) & worlds;
    const ContactPoint<T> contact = std::bit_cast<ContactPoint<T>>(part.contact[i]);
    int k = found.count;
    while (k > 0 && found.slot[k - 1] >= part.slot[i]) --k;
    if (k == found.count || found.slot[k] != part.slot[i]) {
      for (int j = found.count++; j > k; --j) {
        found.slot[j] = found.slot[j - 1];
        found.touches[j] = found.touches[j - 1];
        found.contact[j] = found.contact[j - 1];
      }
      found.slot[k] = part.slot[i];
      found.touches[k] = touches;
      found.contact[k] = contact;
      continue;
    }
    ContactPoint<T>& kept = found.contact[k];
    found.touches[k] = found.touches[k] | touches;
    kept = {select(touches, contact.distance, kept.distance), detail::choose(touches, contact.position, kept.position),
            detail::choose(touches, contact.normal, kept.normal),
            detail::choose(touches, contact.tangent, kept.tangent)};
  }
}

// The contacts of a pair whose geoms may have other sizes in other worlds: the colliders know sizes of all lanes, so
// worlds of the same sizes are taken together, one such group after another.
template <class T>
[[gnu::noinline]] LS_FN void collide_by_size(GeomShape<Real<T>> shape_first, GeomShape<Real<T>> shape_second,
                                             WorldConstants<T> size_first, WorldConstants<T> size_second,
                                             const PairPlacement<T>& p, MaskOf<T> near, T margin,
                                             FoundContacts<T>& found) {
  using Shared = SharedLanes<T>;
  const auto first = std::bit_cast<Placement<Shared>>(p.first), second = std::bit_cast<Placement<Shared>>(p.second);
  found.count = 0;
  for (MaskOf<T> left = near; any(left);) {
    Real<T> sizes[2][3];
    MaskOf<T> alike = left;
    const int chosen = __builtin_ctz(lane_bits(left));
    for (int k = 0; k < 3; ++k) {
      sizes[0][k] = lane(size_first[k], chosen);
      sizes[1][k] = lane(size_second[k], chosen);
      alike = alike & (size_first[k] == T(sizes[0][k])) & (size_second[k] == T(sizes[1][k]));
    }
    shape_first.size = sizes[0];
    shape_second.size = sizes[1];
    FoundContacts<Shared> part;
    collide_into<Shared>(shape_first, first, shape_second, second, std::bit_cast<Shared>(margin), part);
    merge_contacts<T>(part, alike, found);
    left = left & !alike;
  }
}

template <class T>
[[gnu::always_inline]] LS_FN void collide_pair(const ModelConstants<Real<T>>& m, int pair, const PairPlacement<T>& p,
                                               MaskOf<T> near, T margin, FoundContacts<T>& found) {
  const int first = m.pair_geom[2 * pair], second = m.pair_geom[2 * pair + 1];
  ShapeParts<Real<T>> parts_first, parts_second;
  const GeomShape<Real<T>> shape_first = shape_of(m, first, parts_first);
  const GeomShape<Real<T>> shape_second = shape_of(m, second, parts_second);
  if constexpr (kWorldsVary<T>) {
    collide_by_size(shape_first, shape_second, of_world<T>(m.geom_size) + 3 * first,
                    of_world<T>(m.geom_size) + 3 * second, p, near, margin, found);
  } else {
    collide_into<T>(shape_first, p.first, shape_second, p.second, margin, found);
  }
}

// The contacts of one pair; report(slot, touches, contact, placement) for each that some world has.
template <class G, class T, class Report>
LS_FN void find_pair_contacts(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int pair, Report&& report) {
  PairPlacement<T> p = place_pair(m, w, pair);
  const MaskOf<T> near = pair_gap(m, w, pair, p) <= T(0);
  if (!any(near)) return;
  const int first = m.pair_geom[2 * pair], second = m.pair_geom[2 * pair + 1];
  p.first.r = w.rows.geom_axes[first];
  p.second.r = w.rows.geom_axes[second];
  const Real<T> margin = m.pair_margin[pair];
  FoundContacts<T> found;
  collide_pair(m, pair, p, near, T(margin), found);
  for (int i = 0; i < found.count; ++i) {
    const MaskOf<T> touches = found.touches[i] & near & (found.contact[i].distance < T(margin));
    if (!any(touches)) continue;
    const int slot = m.pair_slot[pair] + found.slot[i];
    write_contact(m, w, slot, touches, found.contact[i], p);
    report(slot, touches, found.contact[i], p);
  }
}

// Where all geoms are, and the origins of the trees that they move with.
template <class G, class T, class Team>
LS_FN void place_geoms(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, const Team& team) {
  if (run_specialised(m, w, kPlaceGeoms, team)) return;
  team.each(m.num_links, [&](int link) {
    if (m.link_root[link] == link) w.rows.tree_origin[link] = tree_origin(m, w, link);
  });
  team.each(m.num_geoms, [&](int geom) { place_geom(m, w, geom); });
}

// All contacts of the present state, connect and weld equalities among them: frames, D and reference accelerations, and
// the list of active slots; and visit(slot, touches, contact, placement) for each contact of geoms. The links must be
// placed and moving (sweep_link_down).
template <class G, class T, class Team, class Visit>
LS_FN void visit_contacts(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, const Team& team, Visit&& visit) {
  const ConstraintLists& list = w.rows.list;
  place_geoms(m, w, team);
  team.each(m.num_body_equalities, [&](int equality) { write_equality(m, w, equality); });
  if constexpr (Team::kAlone) {
    int count = 0;
    const bool has_gaps = run_specialised(m, w, kPairGaps, team);
    for (int pair = 0; pair < m.num_pairs; ++pair) {
      if (has_gaps && none(w.rows.pair_gap[pair] <= T(0))) continue;
      find_pair_contacts(m, w, pair, [&](int slot, MaskOf<T> touches, const auto& contact, const auto& placement) {
        list.active_contacts[count++] = slot;
        visit(slot, touches, contact, placement);
      });
    }
    for (int i = 0; i < m.num_body_equalities; ++i) list.active_contacts[count++] = m.pair_slot[m.num_pairs + i];
    *list.num_contacts = count;
  } else {
    team.each(m.num_contact_slots, [&](int slot) { list.slot_is_active[slot] = 0; });
    team.each(m.num_body_equalities, [&](int i) { list.slot_is_active[m.pair_slot[m.num_pairs + i]] = 1; });
    team.each(m.num_pairs, [&](int pair) {
      find_pair_contacts(m, w, pair, [&](int slot, MaskOf<T> touches, const auto& contact, const auto& placement) {
        list.slot_is_active[slot] = 1;
        visit(slot, touches, contact, placement);
      });
    });
    team.once([&] {
      int count = 0;
      for (int slot = 0; slot < m.num_contact_slots; ++slot) {
        if (list.slot_is_active[slot] != 0) list.active_contacts[count++] = slot;
      }
      *list.num_contacts = count;
    });
  }
}
template <class G, class T, class Team>
[[gnu::noinline]] LS_FN void find_contacts(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                           const Team& team) {
  visit_contacts(m, w, team, [](int, MaskOf<T>, const auto&, const auto&) {});
}

}  // namespace lockstep::kernels
