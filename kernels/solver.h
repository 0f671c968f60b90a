// Constraint forces: the minimum over qacc of
//   1/2 (qacc - qacc_smooth)' M (qacc - qacc_smooth) + cost of limits, friction and contacts at J qacc - aref
// by Newton's method with an exact line search, as MuJoCo does (computation chapter, "Solver"). But for elliptic cones
// the cost is piecewise quadratic: a full step after which no row changes its side is the exact minimum, and ends the
// iteration. That rule serves float and double alike; a world that has ended moves no more, whatever its neighbours in
// the lanes do.
#pragma once

#include "kernels/factor.h"
#include "kernels/geoms.h"
#include "kernels/pieces.h"
#include "kernels/scalar_rows.h"

namespace lockstep::kernels {

// f(active contact's slot, pair) in the order of the slots.
template <class R, class Function>
[[gnu::always_inline]] LS_FN void for_each_contact(const ModelConstants<R>& m, const ConstraintLists& list,
                                                   Function&& f) {
  const int count = *list.num_contacts;
  for (int i = 0; i < count; ++i) f(list.active_contacts[i], m.slot_pair[list.active_contacts[i]]);
}

// f(limit, side, row) for all rows of the active limits.
template <class R, class Function>
[[gnu::always_inline]] LS_FN void for_each_limit_row(const ModelConstants<R>& m, const ConstraintLists& list,
                                                     Function&& f) {
  const int count = *list.num_limits;
  for (int i = 0; i < count; ++i) {
    const int limit = list.active_limits[i];
    for (int side = 0; side < limit_sides(m.limit_is_ball[limit]); ++side) f(limit, side, m.limit_row[limit] + side);
  }
}

// f(row) for all active scalar rows.
template <class Function>
[[gnu::always_inline]] LS_FN void for_each_scalar(const ConstraintLists& list, Function&& f) {
  const int count = *list.num_scalars;
  for (int i = 0; i < count; ++i) f(list.active_scalars[i]);
}

// Worlds in which something is active, from the lists.
template <class G, class T>
LS_FN MaskOf<T> constrained_worlds(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w) {
  MaskOf<T> active = MaskOf<T>(m.num_frictions != 0);
  for_each_limit_row(m, w.rows.list, [&](int, int, int row) { active = active | (w.rows.limit_D[row] != T(0)); });
  for_each_scalar(w.rows.list, [&](int row) { active = active | (w.rows.scalar_D[row] != T(0)); });
  for_each_contact(m, w.rows.list, [&](int slot, int) { active = active | (w.rows.contact[slot].D != T(0)); });
  return active;
}

// Which links feel the contacts of their subtrees.
template <class G, class T>
LS_FN void mark_touched_links(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w) {
  const ConstraintLists& list = w.rows.list;
  for (int link = 0; link < m.num_links; ++link) list.link_touch[link] = kFeelsNothing;
  for_each_contact(m, list, [&](int, int pair) {
    const int first = m.pair_link[2 * pair], second = m.pair_link[2 * pair + 1];
    const int touch = first >= 0 && second >= 0 ? kFeelsWrench : kFeelsWrench | kFeelsStiffness;
    if (first >= 0) list.link_touch[first] |= touch;
    if (second >= 0) list.link_touch[second] |= touch;
  });
  for (int link = m.num_links - 1; link >= 0; --link) {
    if (m.link_parent[link] >= 0) list.link_touch[m.link_parent[link]] |= list.link_touch[link];
  }
}

// Writes down which pairs and rows couple branches now; false where they are those that the tree was made for.
template <class G, class T>
LS_FN bool couplings_changed(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w) {
  const EliminationTree& tree = w.rows.tree;
  const int known = *tree.num_coupled;
  int count = 0, last = -1;
  bool changed = false;
  const auto add = [&](int id) {
    if (id == last) return;  // another contact of the same pair
    changed = changed || count >= known || tree.coupled[count] != id;
    tree.coupled[count++] = last = id;
  };
  for_each_contact(m, w.rows.list, [&](int, int pair) {
    if (m.pair_coupled_dof[2 * pair] >= 0) add(pair);
  });
  const int first_row = m.num_pairs + m.num_body_equalities;
  for_each_scalar(w.rows.list, [&](int row) {
    if (m.scalar_is_coupling[row] != 0) add(first_row + row);
  });
  *tree.num_coupled = count;
  return changed || count != known;
}

// The links that contacts are felt by, and the tree that the Hessian is factored on. For one thread.
template <class G, class T>
LS_FN void plan_hessian(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w) {
  mark_touched_links(m, w);
  if (!couplings_changed(m, w)) return;
  const EliminationTree& tree = w.rows.tree;
  reset_parents(m, tree);
  for_each_contact(m, w.rows.list, [&](int, int pair) {
    merge_chains(tree, m.pair_coupled_dof[2 * pair], m.pair_coupled_dof[2 * pair + 1]);
  });
  for_each_scalar(w.rows.list, [&](int row) {
    if (m.scalar_is_coupling[row] == 0) return;
    for (int e = m.scalar_adr[row] + 1; e < m.scalar_adr[row + 1]; ++e) {
      merge_chains(tree, m.scalar_dof[e - 1], m.scalar_dof[e]);
    }
  });
  finish_tree(tree, m.nv);
}

// Drops limits, scalar rows and contacts of which no world in `worlds` has any: to them they are exact zeros, and the
// others are done. For one thread; returns whether something was dropped.
template <class G, class T>
LS_FN bool drop_settled(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, MaskOf<T> worlds) {
  const ConstraintLists& list = w.rows.list;
  int limits = 0, scalars = 0, contacts = 0;
  for (int i = 0; i < *list.num_limits; ++i) {
    const int limit = list.active_limits[i], row = m.limit_row[limit];
    MaskOf<T> active = w.rows.limit_D[row] != T(0);
    if (!m.limit_is_ball[limit]) active = active | (w.rows.limit_D[row + 1] != T(0));
    if (any(active & worlds)) list.active_limits[limits++] = limit;
  }
  for (int i = 0; i < *list.num_contacts; ++i) {
    const int slot = list.active_contacts[i];
    if (any((w.rows.contact[slot].D != T(0)) & worlds)) list.active_contacts[contacts++] = slot;
  }
  for (int i = 0; i < *list.num_scalars; ++i) {
    const int row = list.active_scalars[i];
    if (any((w.rows.scalar_D[row] != T(0)) & worlds)) list.active_scalars[scalars++] = row;
  }
  const bool dropped = limits != *list.num_limits || scalars != *list.num_scalars || contacts != *list.num_contacts;
  *list.num_limits = limits;
  *list.num_scalars = scalars;
  *list.num_contacts = contacts;
  return dropped;
}

// Finds limits and contacts of the present state; the worlds that have any.
template <class G, class T, class Team>
LS_FN MaskOf<T> find_constraints(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, const Team& team) {
  find_limits(m, w, team);
  find_scalar_rows(m, w, team);
  if (m.num_contact_slots != 0) {
    find_contacts(m, w, team);
  } else {
    team.once([&] { *w.rows.list.num_contacts = 0; });
  }
  team.each(m.num_frictions,
            [&](int i) { w.rows.friction_aref[i] = -(T(m.friction_damping[i]) * w.qvel[m.friction_dof[i]]); });
  return constrained_worlds(m, w);
}

// The motions of all links under the joint motion x [nv].
template <class G, class T, class Team>
[[gnu::noinline]] LS_FN void link_motions(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, const T* x,
                                          const Team& team) {
  if (run_specialised(m, w, kLinkMotions, team, x)) return;
  links_down(m, team, [&](int link) {
    const int parent = m.link_parent[link];
    Motion<G, T> motion = parent < 0 ? Motion<G, T>{} : w.rows.link_motion[parent];
    const int first = m.link_dofadr[link];
    for (int dof = first; dof < first + m.link_dofnum[link]; ++dof) motion = motion + x[dof] * w.cdof[dof];
    w.rows.link_motion[link] = motion;
  });
}

// Where the products of a joint motion with all rows go.
template <class T>
struct RowOut {
  T *limits, *scalars, *contacts;
};
// J x of all active limits, scalar rows and contacts.
template <class G, class T, class Team>
[[gnu::noinline]] LS_FN void row_products(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, const T* x,
                                          RowOut<T> out, const Team& team) {
  const ConstraintLists& list = w.rows.list;
  team.each(*list.num_limits, [&](int i) {
    const int limit = list.active_limits[i];
    for (int side = 0; side < limit_sides(m.limit_is_ball[limit]); ++side) {
      out.limits[m.limit_row[limit] + side] = row_product(m, w, limit, side, x);
    }
  });
  team.each(*list.num_scalars, [&](int i) {
    const int row = list.active_scalars[i];
    out.scalars[row] = scalar_product(m, w, row, x);
  });
  if (*list.num_contacts == 0) return;
  link_motions(m, w, x, team);
  team.each(*list.num_contacts, [&](int i) {
    const int slot = list.active_contacts[i];
    contact_product(m, w.rows.link_motion, w.rows.contact[slot], m.slot_pair[slot],
                    out.contacts + slot * m.contact_rows);
  });
}

// jar = J solution - aref of all rows.
template <class G, class T, class Team>
LS_FN void start_rows(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, const Team& team) {
  const ConstraintLists& list = w.rows.list;
  row_products(m, w, w.rows.solution, RowOut<T>{w.rows.limit_jar, w.rows.scalar_jar, w.rows.contact_jv}, team);
  team.each(*list.num_limits, [&](int i) {
    const int limit = list.active_limits[i];
    for (int side = 0; side < limit_sides(m.limit_is_ball[limit]); ++side) {
      w.rows.limit_jar[m.limit_row[limit] + side] -= w.rows.limit_aref[m.limit_row[limit] + side];
    }
  });
  team.each(*list.num_scalars, [&](int i) {
    const int row = list.active_scalars[i];
    w.rows.scalar_jar[row] -= w.rows.scalar_aref[row];
  });
  team.each(*list.num_contacts, [&](int i) {  // contact_jar holds aref
    const int slot = list.active_contacts[i], first = slot * m.contact_rows;
    for (int k = first; k < first + m.pair_dim[m.slot_pair[slot]]; ++k) {
      w.rows.contact_jar[k] = w.rows.contact_jv[k] - w.rows.contact_jar[k];
    }
  });
  team.each(m.num_frictions,
            [&](int i) { w.rows.friction_jar[i] = w.rows.solution[m.friction_dof[i]] - w.rows.friction_aref[i]; });
}

// The rows of the Hessian begin as those of M.
template <class G, class T, class Team>
LS_FN void start_hessian(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, const Team& team) {
  const EliminationTree& tree = w.rows.tree;
  if (*tree.num_coupled == 0) {
    team.each(m.row_numbers, [&](int i) { w.rows.hessian_rows[i] = w.mass_rows[i]; });
    return;
  }
  team.each(m.nv, [&](int dof) {
    T* const row = w.rows.hessian_rows + tree.row[dof] + 1;
    const T* const source = w.mass_rows + m.dof_row[dof] + 1;
    const std::int32_t* const ancestor = m.dof_ancestor + m.dof_row[dof] + 1;
    for (int t = 0; t < tree.depth[dof]; ++t) row[t] = T(0);
    for (int t = 0; t <= m.dof_depth[dof]; ++t) row[tree.depth[ancestor[t]]] = source[t];
  });
}

// Gradient and Hessian of one limit.
template <class G, class T>
LS_FN void respond_limit(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int limit) {
  const EliminationTree& tree = w.rows.tree;
  const int dof = m.limit_dof[limit];
  for (int side = 0; side < limit_sides(m.limit_is_ball[limit]); ++side) {
    const int row = m.limit_row[limit] + side;
    const T jar = w.rows.limit_jar[row];
    const T stiffness = select(jar < T(0), w.rows.limit_D[row], T(0));
    const T push = stiffness * jar;
    if (!m.limit_is_ball[limit]) {
      w.rows.gradient[dof] += side == 0 ? push : -push;
      w.rows.hessian_rows[tree.row[dof] + 1 + tree.depth[dof]] += stiffness;
      continue;
    }
    const T* axis = w.rows.limit_axis + 3 * row;
    for (int i = 0; i < 3; ++i) {
      w.rows.gradient[dof + i] -= axis[i] * push;
      T* entries = w.rows.hessian_rows + tree.row[dof + i] + 1;
      for (int j = 0; j <= i; ++j) entries[tree.depth[dof + j]] += stiffness * axis[i] * axis[j];
    }
  }
}

template <class G, class T>
LS_FN void respond_friction(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int friction) {
  const int dof = m.friction_dof[friction];
  const ScalarPoint<T> p = dof_friction_point(m, friction, w.rows.friction_jar[friction]);
  w.rows.gradient[dof] += p.force;
  w.rows.hessian_rows[w.rows.tree.row[dof] + 1 + w.rows.tree.depth[dof]] += p.stiffness;
}

template <class G, class T>
[[gnu::always_inline]] LS_FN ContactResponse<G, T> response_of_slot(const ModelConstants<Real<T>>& m,
                                                                    const Workspace<G, T>& w, int slot, int pair) {
  return contact_response(m, w.rows.contact[slot], w.rows.contact_jar + slot * m.contact_rows, pair);
}

// Adds what a contact does to one of its links: the wrench, and the stiffness where the other geom stands still.
template <class G, class T>
[[gnu::always_inline]] LS_FN void add_to_link(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int slot,
                                              int pair, int side, const ContactResponse<G, T>& response) {
  const int link = m.pair_link[2 * pair + side];
  if (link < 0) return;
  const ContactFrame<G, T>& c = w.rows.contact[slot];
  const auto arm = side == 0 ? c.arm_first : c.arm_second;
  const Force<G, T> wrench{response.wrench.n + cross(arm, response.wrench.f), response.wrench.f};
  Force<G, T>& sum = w.rows.link_wrench[link];
  sum = side == 0 ? Force<G, T>{sum.n - wrench.n, sum.f - wrench.f} : sum + wrench;
  if (m.pair_link[2 * pair + 1 - side] >= 0) return;
  Stiffness<G, T>& stiffness = w.rows.link_stiffness[link];
  stiffness = stiffness + (m.pair_dim[pair] > 3 ? moved_to_origin(response.stiffness, arm)
                                                : moved_to_origin(response.stiffness.ff, arm));
}

// The motions at the contact, second link against first, of the dofs that move one against the other: of entry i of the
// pair's chain.
template <class G, class T>
[[gnu::always_inline]] LS_FN void write_chain_motion(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                                     int slot, int pair, int i) {
  const int entry = m.pair_chain_adr[pair] + i;
  const ContactFrame<G, T>& c = w.rows.contact[slot];
  const Motion<G, T> s = w.cdof[m.pair_chain_dof[entry]];
  if (m.pair_chain_sign[entry] == 0) {
    w.rows.chain_motion[i] = {{}, cross(s.w, c.arm_second - c.arm_first)};
    return;
  }
  const bool second = m.pair_chain_sign[entry] > 0;
  const Motion<G, T> moved{s.w, s.v + cross(s.w, second ? c.arm_second : c.arm_first)};
  w.rows.chain_motion[i] = second ? moved : Motion<G, T>{-moved.w, -moved.v};
}

// Adds a contact between two moving links to row i of those that its chain of dofs couples.
template <class G, class T>
[[gnu::always_inline]] LS_FN void add_to_chain_row(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int pair,
                                                   int i, const Stiffness<G, T>& stiffness) {
  const std::int32_t* const dofs = m.pair_chain_dof + m.pair_chain_adr[pair];
  T* const row = w.rows.hessian_rows + w.rows.tree.row[dofs[i]] + 1;
  const Motion<G, T>* const motion = w.rows.chain_motion;
  if (m.pair_dim[pair] <= 3) {
    const auto force = product(stiffness.ff, motion[i].v);
    for (int j = 0; j <= i; ++j) row[w.rows.tree.depth[dofs[j]]] += dot(motion[j].v, force);
  } else {
    const Force<G, T> force = product(stiffness, motion[i]);
    for (int j = 0; j <= i; ++j) row[w.rows.tree.depth[dofs[j]]] += dot(motion[j], force);
  }
}

// Sums what contacts do to the links.
template <class G, class T, class Team>
[[gnu::noinline]] LS_FN void respond_contacts(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                              const Team& team) {
  const ConstraintLists& list = w.rows.list;
  team.each(m.num_links, [&](int link) {
    if (list.link_touch[link] & kFeelsWrench) w.rows.link_wrench[link] = {};
    if (list.link_touch[link] & kFeelsStiffness) w.rows.link_stiffness[link] = {};
  });
  if constexpr (Team::kAlone) {
    for_each_contact(m, list, [&](int slot, int pair) {
      const ContactResponse<G, T> response = response_of_slot(m, w, slot, pair);
      add_to_link(m, w, slot, pair, 0, response);
      add_to_link(m, w, slot, pair, 1, response);
      const int chain = m.pair_chain_adr[pair + 1] - m.pair_chain_adr[pair];
      for (int i = 0; i < chain; ++i) write_chain_motion(m, w, slot, pair, i);
      for (int i = 0; i < chain; ++i) add_to_chain_row(m, w, pair, i, response.stiffness);
    });
  } else {
    team.each(m.num_links, [&](int link) {
      for_each_contact(m, list, [&](int slot, int pair) {
        for (int side = 0; side < 2; ++side) {
          if (m.pair_link[2 * pair + side] != link) continue;
          add_to_link(m, w, slot, pair, side, response_of_slot(m, w, slot, pair));
        }
      });
    });
    for_each_contact(m, list, [&](int slot, int pair) {
      const ContactResponse<G, T> response = response_of_slot(m, w, slot, pair);
      const int chain = m.pair_chain_adr[pair + 1] - m.pair_chain_adr[pair];
      team.each(chain, [&](int i) { write_chain_motion(m, w, slot, pair, i); });
      team.each(chain, [&](int i) { add_to_chain_row(m, w, pair, i, response.stiffness); });
    });
  }
}

// Brings the wrench and (with `stiff`) the stiffness of a link's subtree into gradient and Hessian.
template <class G, class T>
[[gnu::always_inline]] LS_FN void gather_dofs(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int link,
                                              const Force<G, T>& wrench, bool stiff) {
  const EliminationTree& tree = w.rows.tree;
  const bool coupled = *tree.num_coupled != 0;
  for (int dof = m.link_dofadr[link]; dof < m.link_dofadr[link] + m.link_dofnum[link]; ++dof) {
    const Motion<G, T> s = w.cdof[dof];
    w.rows.gradient[dof] += dot(s, wrench);
    if (!stiff) continue;
    const Force<G, T> force = product(w.rows.link_stiffness[link], s);
    T* const row = w.rows.hessian_rows + tree.row[dof] + 1;
    const std::int32_t* const ancestor = m.dof_ancestor + m.dof_row[dof] + 1;
    const auto position = [&](int t) { return coupled ? tree.depth[ancestor[t]] : t; };
    int t = 0;
    if constexpr (!G::kPlanar) {
      if (m.link_has_free_root[link] && m.dof_depth[dof] >= 6) {  // as in write_mass_row
        const Motion<G, T>* turn = w.cdof + ancestor[3];
        row[position(0)] += force.f.x;
        row[position(1)] += force.f.y;
        row[position(2)] += force.f.z;
        row[position(3)] += dot(turn[0].w, force.n);
        row[position(4)] += dot(turn[1].w, force.n);
        row[position(5)] += dot(turn[2].w, force.n);
        t = 6;
      }
    }
    for (; t <= m.dof_depth[dof]; ++t) row[position(t)] += dot(w.cdof[ancestor[t]], force);
  }
}

// Brings the wrenches and stiffnesses of a link and its children into gradient and Hessian.
template <class G, class T, class Team>
[[gnu::always_inline]] LS_FN void gather_link(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int link,
                                              const Team& team) {
  const std::int32_t* const touch = w.rows.list.link_touch;
  if (touch[link] == kFeelsNothing) return;
  const bool stiff = (touch[link] & kFeelsStiffness) != 0;
  Force<G, T> wrench = w.rows.link_wrench[link];
  for (int c = m.link_childadr[link]; c < m.link_childadr[link] + m.link_childnum[link]; ++c) {
    const int child = m.link_children[c];
    if (touch[child] & kFeelsWrench) wrench = wrench + w.rows.link_wrench[child];
    if (touch[child] & kFeelsStiffness) {
      w.rows.link_stiffness[link] = w.rows.link_stiffness[link] + w.rows.link_stiffness[child];
    }
  }
  w.rows.link_wrench[link] = wrench;
  if (stiff && *w.rows.tree.num_coupled == 0 && run_specialised_link(m, w, link, team)) return;
  gather_dofs(m, w, link, wrench, stiff);
}

// gradient = M a - qfrc + J' D (J a - aref) over pushing rows, and the Hessian M + J' D J with it.
template <class G, class T, class Team>
[[gnu::noinline]] LS_FN void write_newton_system(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                                 const Team& team) {
  const ConstraintLists& list = w.rows.list;
  start_hessian(m, w, team);
  team.each(m.nv, [&](int dof) { w.rows.gradient[dof] = w.rows.Ma[dof] - w.qfrc[dof]; });
  team.each(m.num_frictions, [&](int i) { respond_friction(m, w, i); });
  team.each(*list.num_limits, [&](int i) { respond_limit(m, w, list.active_limits[i]); });
  respond_scalars(m, w, team);
  if (*list.num_contacts != 0) {
    respond_contacts(m, w, team);
    links_up(m, team, [&](int link) { gather_link(m, w, link, team); });
  }
  team.each(m.nv, [&](int dof) { w.rows.hessian_rows[w.rows.tree.row[dof]] = -w.rows.gradient[dof]; });
}

// The smooth part of the cost along the search direction: slope at alpha = 0, and curvature.
template <class T>
struct SmoothLine {
  T slope, curvature;
};
// Adds a row that is at `now`, and was at `before` at alpha = 0.
template <class T>
[[gnu::always_inline]] LS_FN void add_scalar_line(const ScalarPoint<T>& before, const ScalarPoint<T>& now, T jv,
                                                  LinePoint<T>& point) {
  point.slope += now.force * jv;
  point.curvature += now.stiffness * jv * jv;
  point.same = point.same & !((before.above ^ now.above) | (before.below ^ now.below));
}

// Slope and curvature of the whole cost at `alpha` along the search direction.
template <class G, class T>
[[gnu::noinline]] LS_FN LinePoint<T> line_point(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, T alpha,
                                                SmoothLine<T> smooth) {
  LinePoint<T> point{smooth.slope + alpha * smooth.curvature, smooth.curvature, MaskOf<T>(true)};
  for_each_limit_row(m, w.rows.list, [&](int, int, int row) {
    add_edge(w.rows.limit_D[row], w.rows.limit_jar[row], w.rows.limit_jv[row], alpha, point);
  });
  for (int i = 0; i < m.num_frictions; ++i) {
    const T jar = w.rows.friction_jar[i], jv = w.rows.search[m.friction_dof[i]];
    add_scalar_line(dof_friction_point(m, i, jar), dof_friction_point(m, i, jar + alpha * jv), jv, point);
  }
  for_each_scalar(w.rows.list, [&](int row) {
    const T jar = w.rows.scalar_jar[row], jv = w.rows.scalar_jv[row];
    add_scalar_line(scalar_point(m, w, row, jar), scalar_point(m, w, row, jar + alpha * jv), jv, point);
  });
  for_each_contact(m, w.rows.list, [&](int slot, int pair) {
    const int first = slot * m.contact_rows;
    add_contact_line(m, pair, w.rows.contact[slot].D, w.rows.contact_jar + first, w.rows.contact_jv + first, alpha,
                     point);
  });
  return point;
}

// The minimum of the cost along the search direction for the worlds in `searching`: Newton's method on the slope inside
// a bracket, from alpha = 1, where the cost is `point`, until the slope is below `small`.
template <class G, class T>
[[gnu::noinline]] LS_FN T line_search(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, MaskOf<T> searching,
                                      T small, SmoothLine<T> smooth, LinePoint<T> point) {
  T low = T(0), high = T(Real<T>(__builtin_huge_val())), alpha = T(1);
  for (int iteration = 0; iteration < 30; ++iteration) {
    searching = searching & (absolute(point.slope) > small);
    if (none(searching)) break;
    low = select(searching & (point.slope < T(0)), alpha, low);
    high = select(searching & (point.slope > T(0)), alpha, high);
    T next = alpha - point.slope / point.curvature;
    const MaskOf<T> outside = !((next > low) & (next < high));
    const T middle = select(is_finite(high), T(Real<T>(0.5)) * (low + high), low + low + T(1));
    next = select(outside, middle, next);
    alpha = select(searching, next, alpha);
    point = line_point(m, w, alpha, smooth);
  }
  return alpha;
}

// Moves solution, M a and all rows by alpha along the search direction.
template <class G, class T, class Team>
[[gnu::noinline]] LS_FN void move_along(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, T alpha,
                                        const Team& team) {
  const ConstraintLists& list = w.rows.list;
  team.each(m.nv, [&](int dof) {
    w.rows.solution[dof] += alpha * w.rows.search[dof];
    w.rows.Ma[dof] += alpha * w.rows.Mv[dof];
  });
  team.each(*list.num_limits, [&](int i) {
    const int limit = list.active_limits[i], first = m.limit_row[limit];
    for (int row = first; row < first + limit_sides(m.limit_is_ball[limit]); ++row) {
      w.rows.limit_jar[row] += alpha * w.rows.limit_jv[row];
    }
  });
  team.each(m.num_frictions, [&](int i) { w.rows.friction_jar[i] += alpha * w.rows.search[m.friction_dof[i]]; });
  team.each(*list.num_scalars, [&](int i) {
    const int row = list.active_scalars[i];
    w.rows.scalar_jar[row] += alpha * w.rows.scalar_jv[row];
  });
  team.each(*list.num_contacts, [&](int i) {
    const int slot = list.active_contacts[i], first = slot * m.contact_rows;
    for (int k = first; k < first + m.pair_dim[m.slot_pair[slot]]; ++k) {
      w.rows.contact_jar[k] += alpha * w.rows.contact_jv[k];
    }
  });
}

// search [nv] = hessian_rows^-1 (their column 0). hessian_rows are scratch afterwards.
template <class G, class T, class Team>
LS_FN void newton_step(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, const Team& team) {
  if (*w.rows.tree.num_coupled == 0 && run_specialised(m, w, kNewtonStep, team)) return;
  solve_on_tree(w.rows.tree, m.nv, w.rows.hessian_rows, w.inverse_diagonal, w.rows.search, team);
}

// y [nv] = M x.
template <class G, class T, class Team>
LS_FN void mass_product(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, const T* x, T* y,
                        const Team& team) {
  if (run_specialised(m, w, kMassProduct, team, x, y)) return;
  multiply_mass(m, w.mass_rows, x, y, team);
}

// One Newton iteration for the worlds not in `done`; returns those that are done after it.
//   smallest: a predicted gain below it is rounding
template <class G, class T, class Team>
LS_FN MaskOf<T> newton_iteration(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, MaskOf<T> done, T smallest,
                                 const Team& team) {
  write_newton_system(m, w, team);
  newton_step(m, w, team);
  mass_product(m, w, w.rows.search, w.rows.Mv, team);
  row_products(m, w, w.rows.search, RowOut<T>{w.rows.limit_jv, w.rows.scalar_jv, w.rows.contact_jv}, team);
  SmoothLine<T> smooth{T(0), T(0)};
  T decrement = T(0);  // minus the slope of the whole cost at alpha = 0
  for (int dof = 0; dof < m.nv; ++dof) {
    smooth.slope += w.rows.search[dof] * (w.rows.Ma[dof] - w.qfrc[dof]);
    smooth.curvature += w.rows.search[dof] * w.rows.Mv[dof];
    decrement -= w.rows.search[dof] * w.rows.gradient[dof];
  }
  const LinePoint<T> full = line_point(m, w, T(1), smooth);
  // No gain larger than rounding is left: a row that stands on its edge must not keep the world going.
  const MaskOf<T> still = !(decrement > smallest);
  T alpha = T(1);
  const MaskOf<T> searching = !(done | full.same | still);
  if (any(searching)) {
    const Real<T> tolerance = sizeof(Real<T>) == 4 ? Real<T>(1e-3) : Real<T>(1e-10);
    alpha = select(searching, line_search(m, w, searching, T(tolerance) * decrement, smooth, full), T(1));
  }
  alpha = select(done, T(0), alpha);
  team.sync();
  move_along(m, w, alpha, team);
  return done | full.same | still;
}

// Finds the acceleration of the worlds in `active` (on entry, solution is the warm start) and leaves it in solution;
// their qfrc becomes M times it: with the constraint forces. Limits and contacts must be found.
template <class G, class T, class Team>
[[gnu::noinline]] LS_FN void solve_constraints(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                               MaskOf<T> active, const Team& team) {
  team.once([&] { plan_hessian(m, w); });
  start_rows(m, w, team);
  mass_product(m, w, w.rows.solution, w.rows.Ma, team);
  // What the forces alone would gain, about: the scale of the cost.
  T scale = T(0);
  for (int dof = 0; dof < m.nv; ++dof) {
    scale += w.qfrc[dof] * w.qfrc[dof] / w.mass_rows[m.dof_row[dof] + 1 + m.dof_depth[dof]];
  }
  const Real<T> rounding = sizeof(Real<T>) == 4 ? Real<T>(1e-12) : Real<T>(1e-27);
  MaskOf<T> done = !active;
  for (int iteration = 0; iteration < m.solver_iterations && !all(done); ++iteration) {
    if (iteration > 0) {
      team.once([&] {
        // The noslip pass wants the rows of settled worlds too.
        if (m.noslip_iterations == 0 && drop_settled(m, w, !done)) plan_hessian(m, w);
      });
    }
    done = newton_iteration(m, w, done, T(rounding) * scale, team);
  }
  team.each(m.nv, [&](int dof) { w.qfrc[dof] = select(active, w.rows.Ma[dof], w.qfrc[dof]); });
}

}  // namespace lockstep::kernels
