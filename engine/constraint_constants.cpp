// Packs joint limits, friction loss, geoms and pairs of geoms for the native kernels.
#include "engine/constant_packing.h"
#include "engine/contact_pairs.h"
#include "kernels/collide.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <mujoco/mujoco.h>

namespace lockstep {
namespace {

using Ints = Packing::Ints;
using Reals = Packing::Reals;

// The geoms of the pairs, in the model's order; returns the kernels' index of each geom.
std::vector<int> pack_geoms(Packing& p) {
  const mjModel& m = p.m;
  std::vector<int> index(static_cast<std::size_t>(m.ngeom), -1);
  for (const ContactPair& pair : p.pairs) {
    index[static_cast<std::size_t>(pair.first)] = index[static_cast<std::size_t>(pair.second)] = 0;
  }
  Ints link, type;
  for (int geom = 0; geom < m.ngeom; ++geom) {
    if (index[static_cast<std::size_t>(geom)] < 0) continue;
    index[static_cast<std::size_t>(geom)] = static_cast<int>(link.size());
    link.push_back(p.tree.body_link[static_cast<std::size_t>(m.geom_bodyid[geom])]);
    p.geoms.push_back(geom);
    type.push_back(m.geom_type[geom]);
  }
  p.c.num_geoms = static_cast<int>(link.size());
  p.set(p.c.geom_link, link);
  p.set(p.c.geom_type, type);
  pack_geom_places(p);
  pack_shapes(p, p.geoms);
  return index;
}

// The dofs that move a link, from the root on.
Ints chain_of(const Packing& p, int link) {
  Ints chain;
  for (; link >= 0; link = p.tree.links[static_cast<std::size_t>(link)].parent) {
    const int body = p.tree.links[static_cast<std::size_t>(link)].body;
    for (int k = p.m.body_dofnum[body] - 1; k >= 0; --k) chain.push_back(p.m.body_dofadr[body] + k);
  }
  std::reverse(chain.begin(), chain.end());
  return chain;
}

// Appends what moves two links against each other, rising: dofs of one chain that are not in the other. Those of both
// move the two points of an equality apart too, while they do not coincide.
void append_chain(const Packing& p, int first, int second, bool one_point, Ints& dofs, Ints& signs) {
  const Ints chains[2] = {chain_of(p, first), chain_of(p, second)};
  std::vector<std::pair<int, int>> items;
  for (int side = 0; side < 2; ++side) {
    for (const int dof : chains[side]) {
      const Ints& other = chains[1 - side];
      const bool moves_both = std::find(other.begin(), other.end(), dof) != other.end();
      if (!moves_both) items.emplace_back(dof, side == 0 ? -1 : 1);
      if (moves_both && !one_point && side == 0) items.emplace_back(dof, 0);
    }
  }
  std::sort(items.begin(), items.end());
  for (const auto& [dof, sign] : items) {
    dofs.push_back(dof);
    signs.push_back(sign);
  }
}

void pack_chains(Packing& p, const std::vector<std::pair<int, int>>& links) {
  Ints adr{0}, dofs, signs, coupled, last;
  for (std::size_t pair = 0; pair < links.size(); ++pair) {
    const auto [first, second] = links[pair];
    const std::size_t start = dofs.size();
    if (first >= 0 && second >= 0) {
      append_chain(p, first, second, pair < static_cast<std::size_t>(p.c.num_pairs), dofs, signs);
      ++p.c.num_couplings;
    }
    adr.push_back(static_cast<int>(dofs.size()));
    for (const int link : {first, second}) {
      const Ints chain = chain_of(p, link);
      last.push_back(chain.empty() ? -1 : chain.back());
    }
    // One link may be an ancestor of the other: then no branches meet.
    const auto begin = signs.begin() + static_cast<std::ptrdiff_t>(start);
    const bool branches =
        std::find(begin, signs.end(), 1) != signs.end() && std::find(begin, signs.end(), -1) != signs.end();
    coupled.insert(coupled.end(), {branches ? *(last.end() - 2) : -1, branches ? last.back() : -1});
  }
  p.set(p.c.pair_chain_adr, adr);
  p.set(p.c.pair_chain_dof, dofs);
  p.set(p.c.pair_chain_sign, signs);
  p.set(p.c.pair_coupled_dof, coupled);
  p.set(p.c.pair_last_dof, last);
}

// Equalities of two bodies or of two sites that hold from the start, in the model's order.
Ints body_equalities(const Packing& p) {
  Ints list;
  if (p.disabled(mjDSBL_CONSTRAINT) || p.disabled(mjDSBL_EQUALITY)) return list;
  for (int e = 0; e < p.m.neq; ++e) {
    if (p.m.eq_active0[e] && (p.m.eq_type[e] == mjEQ_CONNECT || p.m.eq_type[e] == mjEQ_WELD)) list.push_back(e);
  }
  return list;
}

struct EqualityBodies {
  int first, second;
};
EqualityBodies bodies_of(const mjModel& m, int equality) {
  const int first = m.eq_obj1id[equality], second = m.eq_obj2id[equality];
  if (m.eq_objtype[equality] == mjOBJ_SITE) return {m.site_bodyid[first], m.site_bodyid[second]};
  return {first, second};
}

// The two frames that an equality makes coincide. eq_data of bodies: connect holds the anchor in the first body, then
// in the second; weld the anchor in the second, then position and quaternion of the first's frame there.
void append_frames(Packing& p, int equality, Ints& markers) {
  const mjModel& m = p.m;
  if (m.eq_objtype[equality] == mjOBJ_SITE) {
    for (const int site : {m.eq_obj1id[equality], m.eq_obj2id[equality]}) {
      markers.push_back(p.add_marker(m.site_bodyid[site], site_frame(m, site)));
    }
    return;
  }
  const mjtNum* data = m.eq_data + mjNEQDATA * equality;
  const mjtNum upright[4] = {1, 0, 0, 0};
  const bool weld = m.eq_type[equality] == mjEQ_WELD;
  markers.push_back(p.add_marker(m.eq_obj1id[equality], weld ? data + 3 : data, weld ? data + 6 : upright));
  markers.push_back(p.add_marker(m.eq_obj2id[equality], weld ? data : data + 3, upright));
}

// Numbers that the rows of all pairs and body equalities share.
struct RowNumbers {
  Reals friction, diagonal, stiffness, damping, solimp;

  void append_reference(const Packing& p, const double* solref, const double* solimp_of_row) {
    const std::array<double, 5> impedance = clipped_impedance(solimp_of_row);
    solimp.insert(solimp.end(), impedance.begin(), impedance.end());
    const auto [k, b] = reference_gains(p, solref, impedance[1]);
    stiffness.push_back(k);
    damping.push_back(b);
  }
};

void append_equality_rows(const Packing& p, RowNumbers& rows) {
  const mjModel& m = p.m;
  for (const int e : body_equalities(p)) {
    const auto [first, second] = bodies_of(m, e);
    const double weight = m.body_invweight0[2 * first] + m.body_invweight0[2 * second];
    const double turning_weight = m.body_invweight0[2 * first + 1] + m.body_invweight0[2 * second + 1];
    rows.diagonal.push_back(weight);
    rows.friction.insert(rows.friction.end(), {weight / std::max(mjMINVAL, turning_weight), 0, 0, 0, 0});
    rows.append_reference(p, m.eq_solref + mjNREF * e, m.eq_solimp + mjNIMP * e);
  }
}

void pack_equality_frames(Packing& p, const Ints& equalities) {
  const mjModel& m = p.m;
  Ints markers;
  Reals torquescale;
  for (const int e : equalities) {
    append_frames(p, e, markers);
    torquescale.push_back(m.eq_type[e] == mjEQ_WELD ? m.eq_data[mjNEQDATA * e + 10] : 0);
  }
  p.c.num_body_equalities = static_cast<int>(equalities.size());
  p.set(p.c.equality_marker, markers);
  p.set(p.c.equality_torquescale, torquescale);
}

// Numbers of each pair's rows: R of the first row is (1 - imp) / imp times pair_diagonal; an edge has 2 mu^2 of it,
// with mu = friction / sqrt(impratio) (MuJoCo computation chapter, "Friction cones": the pyramid matches the ellipse).
void append_contact_rows(Packing& p, RowNumbers& rows) {
  const mjModel& m = p.m;
  Reals reach, margin, mus, edge_scale;
  const bool elliptic = m.opt.cone == mjCONE_ELLIPTIC;
  for (const ContactPair& pair : p.pairs) {
    const double radius = m.geom_rbound[pair.first] + m.geom_rbound[pair.second];
    reach.push_back((radius + pair.margin) * (1 + 1e-6));  // a bound must not cut what rounding moved to its edge
    margin.push_back(pair.margin);
    rows.friction.insert(rows.friction.end(), pair.friction.begin(), pair.friction.end());
    const double slide = pair.friction[0], mu = slide / std::sqrt(std::max(mjMINVAL, m.opt.impratio));
    mus.push_back(mu);
    const double weight =
        m.body_invweight0[2 * m.geom_bodyid[pair.first]] + m.body_invweight0[2 * m.geom_bodyid[pair.second]];
    const bool edges = pair.dim > 1 && !elliptic;
    rows.diagonal.push_back(edges ? weight * (1 + slide * slide) : weight);
    edge_scale.push_back(edges ? 2 * mu * mu : 1);
    rows.append_reference(p, pair.solref.data(), pair.solimp.data());
  }
  p.set(p.c.pair_reach, reach);
  p.set(p.c.pair_margin, margin);
  p.set(p.c.pair_mu, mus);
  p.set(p.c.pair_edge_scale, edge_scale);
}

}  // namespace

void append(Packing::Reals& list, const Eigen::Vector3d& v) { list.insert(list.end(), {v.x(), v.y(), v.z()}); }
void append(Packing::Reals& list, const double* values, int count) { list.insert(list.end(), values, values + count); }
void append(Packing::Reals& list, const Eigen::Matrix3d& columns) {
  list.insert(list.end(), columns.data(), columns.data() + 9);
}

std::pair<double, double> reference_gains(const Packing& p, const double* solref, double largest_impedance) {
  const double square = largest_impedance * largest_impedance;
  if (solref[0] <= 0) {
    return {-solref[0] / std::max(mjMINVAL, square), -solref[1] / std::max(mjMINVAL, largest_impedance)};
  }
  const double time = p.disabled(mjDSBL_REFSAFE) ? solref[0] : std::max(solref[0], 2 * p.m.opt.timestep);
  return {1 / std::max(mjMINVAL, square * time * time * solref[1] * solref[1]),
          2 / std::max(mjMINVAL, largest_impedance * time)};
}

std::array<double, 5> clipped_impedance(const double* solimp) {
  return {std::clamp(solimp[0], mjMINIMP, mjMAXIMP), std::clamp(solimp[1], mjMINIMP, mjMAXIMP),
          std::max(0.0, solimp[2]), std::clamp(solimp[3], mjMINIMP, mjMAXIMP), std::max(1.0, solimp[4])};
}

void pack_geom_places(Packing& p) {
  const mjModel& m = p.m;
  Reals offset, turn, size;
  for (const int geom : p.geoms) {
    const auto body = static_cast<std::size_t>(m.geom_bodyid[geom]);
    const RigidPose pose =
        constant_pose(p.tree, p.tree.body_link[body], p.tree.body_in_link[body] * geom_frame(m, geom));
    append(offset, pose.position);
    append(turn, pose.rotation);
    append(size, m.geom_size + 3 * geom, 3);
  }
  p.set(p.c.geom_offset, offset);
  p.set(p.c.geom_turn, turn);
  p.set(p.c.geom_size, size);
}

void pack_pair_rows(Packing& p) {
  RowNumbers rows;
  append_contact_rows(p, rows);
  append_equality_rows(p, rows);
  p.set(p.c.pair_friction, std::move(rows.friction));
  p.set(p.c.pair_diagonal, std::move(rows.diagonal));
  p.set(p.c.pair_stiffness, std::move(rows.stiffness));
  p.set(p.c.pair_damping, std::move(rows.damping));
  p.set(p.c.pair_solimp, std::move(rows.solimp));
}

void pack_friction_loss(Packing& p) {
  const mjModel& m = p.m;
  Ints dofs;
  Reals loss, D, damping;
  const bool off = p.disabled(mjDSBL_CONSTRAINT) || p.disabled(mjDSBL_FRICTIONLOSS);
  for (int dof = 0; dof < m.nv && !off; ++dof) {
    if (m.dof_frictionloss[dof] <= 0 && !VariedParts::has(p.varied.frictions, dof)) continue;
    const std::array<double, 5> impedance = clipped_impedance(m.dof_solimp + mjNIMP * dof);
    const bool flat = impedance[0] == impedance[1] || impedance[2] <= mjMINVAL;
    const double at_zero = flat ? 0.5 * (impedance[0] + impedance[1]) : impedance[0];
    dofs.push_back(dof);
    loss.push_back(m.dof_frictionloss[dof]);
    D.push_back(1 / std::max(mjMINVAL, (1 - at_zero) / at_zero * m.dof_invweight0[dof]));
    damping.push_back(reference_gains(p, m.dof_solref + mjNREF * dof, impedance[1]).second);
  }
  p.c.num_frictions = static_cast<int>(dofs.size());
  p.set(p.c.friction_dof, dofs);
  p.set(p.c.friction_loss, loss);
  p.set(p.c.friction_D, D);
  p.set(p.c.friction_damping, damping);
}

void pack_limits(Packing& p) {
  const mjModel& m = p.m;
  Ints is_ball, dof, qposadr, row;
  Reals low, high, margin, invweight, stiffness, damping, solimp;
  const bool off = p.disabled(mjDSBL_CONSTRAINT) || p.disabled(mjDSBL_LIMIT);
  for (int joint = 0; joint < m.njnt && !off; ++joint) {
    if (!m.jnt_limited[joint] || m.jnt_type[joint] == mjJNT_FREE) continue;
    const bool ball = m.jnt_type[joint] == mjJNT_BALL;
    const mjtNum* range = m.jnt_range + 2 * joint;
    is_ball.push_back(ball ? 1 : 0);
    dof.push_back(m.jnt_dofadr[joint]);
    qposadr.push_back(m.jnt_qposadr[joint]);
    row.push_back(p.c.num_rows);
    p.c.num_rows += ball ? 1 : 2;
    low.push_back(range[0]);
    high.push_back(ball ? std::max(range[0], range[1]) : range[1]);
    margin.push_back(m.jnt_margin[joint]);
    invweight.push_back(m.dof_invweight0[m.jnt_dofadr[joint]]);
    const std::array<double, 5> impedance = clipped_impedance(m.jnt_solimp + mjNIMP * joint);
    const auto [k, b] = reference_gains(p, m.jnt_solref + mjNREF * joint, impedance[1]);
    stiffness.push_back(k);
    damping.push_back(b);
    solimp.insert(solimp.end(), impedance.begin(), impedance.end());
  }
  p.c.num_limits = static_cast<int>(dof.size());
  p.set(p.c.limit_is_ball, is_ball);
  p.set(p.c.limit_dof, dof);
  p.set(p.c.limit_qposadr, qposadr);
  p.set(p.c.limit_row, row);
  p.set(p.c.limit_low, low);
  p.set(p.c.limit_high, high);
  p.set_rest(p.c.limit_low_rest, low);
  p.set_rest(p.c.limit_high_rest, high);
  p.set(p.c.limit_margin, margin);
  p.set(p.c.limit_invweight, invweight);
  p.set(p.c.limit_stiffness, stiffness);
  p.set(p.c.limit_damping, damping);
  p.set(p.c.limit_solimp, solimp);
}

void pack_contacts(Packing& p) {
  const mjModel& m = p.m;
  p.pairs = contact_pairs(m);
  const auto types = [&](const ContactPair& pair) {
    return std::pair(m.geom_type[pair.first], m.geom_type[pair.second]);
  };
  // By types, so that a collider's code is used many times in a row; the noslip pass sweeps in MuJoCo's own order.
  std::stable_sort(p.pairs.begin(), p.pairs.end(), [&](const ContactPair& a, const ContactPair& b) {
    if (m.opt.noslip_iterations > 0) return is_earlier_in_mujoco(m, a, b);
    return types(a) < types(b);
  });
  const std::vector<int> index = pack_geoms(p);
  Ints geoms, links, bodies, slots{0}, slot_pair, dims;
  std::vector<std::pair<int, int>> link_pairs;
  for (const ContactPair& pair : p.pairs) {
    const int first = index[static_cast<std::size_t>(pair.first)];
    const int second = index[static_cast<std::size_t>(pair.second)];
    link_pairs.emplace_back(p.c.geom_link[first], p.c.geom_link[second]);
    geoms.insert(geoms.end(), {first, second});
    links.insert(links.end(), {link_pairs.back().first, link_pairs.back().second});
    bodies.insert(bodies.end(), {m.geom_bodyid[pair.first], m.geom_bodyid[pair.second]});
    dims.push_back(pair.dim);
    p.c.contact_rows = std::max(p.c.contact_rows, pair.dim);
    const auto [type_first, type_second] = types(pair);
    slot_pair.insert(slot_pair.end(), static_cast<std::size_t>(kernels::max_contacts(type_first, type_second)),
                     static_cast<int>(slots.size()) - 1);
    slots.push_back(static_cast<int>(slot_pair.size()));
  }
  p.c.num_pairs = static_cast<int>(p.pairs.size());
  const Ints equalities = body_equalities(p);
  for (const int e : equalities) {
    // The first body's rows count positive: in a contact these are the second's.
    const auto [second, first] = bodies_of(m, e);
    link_pairs.emplace_back(p.tree.body_link[static_cast<std::size_t>(first)],
                            p.tree.body_link[static_cast<std::size_t>(second)]);
    links.insert(links.end(), {link_pairs.back().first, link_pairs.back().second});
    bodies.insert(bodies.end(), {first, second});
    dims.push_back(m.eq_type[e] == mjEQ_WELD ? 6 : 3);
    p.c.contact_rows = std::max(p.c.contact_rows, dims.back());
    slot_pair.insert(slot_pair.end(), static_cast<std::size_t>(dims.back() / 3), static_cast<int>(slots.size()) - 1);
    slots.push_back(static_cast<int>(slot_pair.size()));
  }
  p.c.num_contact_slots = static_cast<int>(slot_pair.size());
  p.c.has_elliptic_cones = m.opt.cone == mjCONE_ELLIPTIC ? 1 : 0;
  p.set(p.c.pair_geom, geoms);
  p.set(p.c.pair_link, links);
  p.set(p.c.pair_body, bodies);
  p.set(p.c.pair_slot, slots);
  p.set(p.c.slot_pair, slot_pair);
  p.set(p.c.pair_dim, dims);
  pack_chains(p, link_pairs);
  pack_equality_frames(p, equalities);
  pack_pair_rows(p);
}

}  // namespace lockstep
