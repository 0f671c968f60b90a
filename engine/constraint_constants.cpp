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

RigidPose pose_in_body(const mjModel& m, int geom) {
  const mjtNum* quat = m.geom_quat + 4 * geom;
  RigidPose pose;
  pose.position = Eigen::Map<const Eigen::Vector3d>(m.geom_pos + 3 * geom);
  pose.rotation = Eigen::Quaterniond(quat[0], quat[1], quat[2], quat[3]).normalized().toRotationMatrix();
  return pose;
}

// The geoms of the pairs, in the model's order; returns the kernels' index of each geom.
std::vector<int> pack_geoms(Packing& p, const std::vector<ContactPair>& pairs) {
  const mjModel& m = p.m;
  std::vector<int> index(static_cast<std::size_t>(m.ngeom), -1);
  for (const ContactPair& pair : pairs) {
    index[static_cast<std::size_t>(pair.first)] = index[static_cast<std::size_t>(pair.second)] = 0;
  }
  Ints link, type, ids;
  Reals offset, turn, size;
  for (int geom = 0; geom < m.ngeom; ++geom) {
    if (index[static_cast<std::size_t>(geom)] < 0) continue;
    index[static_cast<std::size_t>(geom)] = static_cast<int>(link.size());
    const int body = m.geom_bodyid[geom];
    const auto b = static_cast<std::size_t>(body);
    const RigidPose pose = constant_pose(p.tree, p.tree.body_link[b], p.tree.body_in_link[b] * pose_in_body(m, geom));
    link.push_back(p.tree.body_link[b]);
    ids.push_back(geom);
    type.push_back(m.geom_type[geom]);
    append(offset, pose.position);
    append(turn, pose.rotation);
    append(size, m.geom_size + 3 * geom, 3);
  }
  p.c.num_geoms = static_cast<int>(link.size());
  p.set(p.c.geom_link, link);
  p.set(p.c.geom_type, type);
  p.set(p.c.geom_offset, offset);
  p.set(p.c.geom_turn, turn);
  p.set(p.c.geom_size, size);
  pack_shapes(p, ids);
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

// Appends what moves two links against each other: dofs of one chain that are not in the other, rising.
void append_chain(const Packing& p, int first, int second, Ints& dofs, Ints& signs) {
  const Ints chains[2] = {chain_of(p, first), chain_of(p, second)};
  std::vector<std::pair<int, int>> items;
  for (int side = 0; side < 2; ++side) {
    for (const int dof : chains[side]) {
      const Ints& other = chains[1 - side];
      if (std::find(other.begin(), other.end(), dof) == other.end()) items.emplace_back(dof, side == 0 ? -1 : 1);
    }
  }
  std::sort(items.begin(), items.end());
  for (const auto& [dof, sign] : items) {
    dofs.push_back(dof);
    signs.push_back(sign);
  }
}

void pack_chains(Packing& p, const std::vector<std::pair<int, int>>& links) {
  Ints adr{0}, dofs, signs, coupled;
  for (const auto& [first, second] : links) {
    const std::size_t start = dofs.size();
    if (first >= 0 && second >= 0) {
      append_chain(p, first, second, dofs, signs);
      ++p.c.num_couplings;
    }
    adr.push_back(static_cast<int>(dofs.size()));
    // One link may be an ancestor of the other: then no branches meet.
    const auto begin = signs.begin() + static_cast<std::ptrdiff_t>(start);
    const bool branches =
        std::find(begin, signs.end(), 1) != signs.end() && std::find(begin, signs.end(), -1) != signs.end();
    coupled.push_back(branches ? chain_of(p, first).back() : -1);
    coupled.push_back(branches ? chain_of(p, second).back() : -1);
  }
  p.set(p.c.pair_chain_adr, adr);
  p.set(p.c.pair_chain_dof, dofs);
  p.set(p.c.pair_chain_sign, signs);
  p.set(p.c.pair_coupled_dof, coupled);
}

// Numbers of each pair's rows: R of the first row is (1 - imp) / imp times pair_diagonal; an edge has 2 mu^2 of it,
// with mu = friction / sqrt(impratio) (MuJoCo computation chapter, "Friction cones": the pyramid matches the ellipse).
void pack_pair_rows(Packing& p, const std::vector<ContactPair>& pairs) {
  const mjModel& m = p.m;
  Reals reach, margin, friction, mus, diagonal, edge_scale, stiffness, damping, solimp;
  const bool elliptic = m.opt.cone == mjCONE_ELLIPTIC;
  for (const ContactPair& pair : pairs) {
    const double radius = m.geom_rbound[pair.first] + m.geom_rbound[pair.second];
    reach.push_back((radius + pair.margin) * (1 + 1e-6));  // a bound must not cut what rounding moved to its edge
    margin.push_back(pair.margin);
    friction.insert(friction.end(), pair.friction.begin(), pair.friction.end());
    const double slide = pair.friction[0], mu = slide / std::sqrt(std::max(mjMINVAL, m.opt.impratio));
    mus.push_back(mu);
    const double weight =
        m.body_invweight0[2 * m.geom_bodyid[pair.first]] + m.body_invweight0[2 * m.geom_bodyid[pair.second]];
    const bool edges = pair.dim > 1 && !elliptic;
    diagonal.push_back(edges ? weight * (1 + slide * slide) : weight);
    edge_scale.push_back(edges ? 2 * mu * mu : 1);
    const std::array<double, 5> impedance = clipped_impedance(pair.solimp.data());
    solimp.insert(solimp.end(), impedance.begin(), impedance.end());
    const auto [k, b] = reference_gains(p, pair.solref.data(), impedance[1]);
    stiffness.push_back(k);
    damping.push_back(b);
  }
  p.set(p.c.pair_reach, reach);
  p.set(p.c.pair_margin, margin);
  p.set(p.c.pair_friction, friction);
  p.set(p.c.pair_mu, mus);
  p.set(p.c.pair_diagonal, diagonal);
  p.set(p.c.pair_edge_scale, edge_scale);
  p.set(p.c.pair_stiffness, stiffness);
  p.set(p.c.pair_damping, damping);
  p.set(p.c.pair_solimp, solimp);
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

void pack_friction_loss(Packing& p) {
  const mjModel& m = p.m;
  Ints dofs;
  Reals loss, D, damping;
  const bool off = p.disabled(mjDSBL_CONSTRAINT) || p.disabled(mjDSBL_FRICTIONLOSS);
  for (int dof = 0; dof < m.nv && !off; ++dof) {
    if (m.dof_frictionloss[dof] <= 0) continue;
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
  pack_friction_loss(p);
  std::vector<ContactPair> pairs = contact_pairs(m);
  const auto types = [&](const ContactPair& pair) {
    return std::pair(m.geom_type[pair.first], m.geom_type[pair.second]);
  };
  std::stable_sort(pairs.begin(), pairs.end(),
                   [&](const ContactPair& a, const ContactPair& b) { return types(a) < types(b); });
  const std::vector<int> index = pack_geoms(p, pairs);
  Ints geoms, links, bodies, slots{0}, slot_pair, dims;
  std::vector<std::pair<int, int>> link_pairs;
  for (const ContactPair& pair : pairs) {
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
  p.c.num_pairs = static_cast<int>(pairs.size());
  p.c.num_contact_slots = static_cast<int>(slot_pair.size());
  p.c.has_elliptic_cones = m.opt.cone == mjCONE_ELLIPTIC ? 1 : 0;
  p.set(p.c.pair_geom, geoms);
  p.set(p.c.pair_link, links);
  p.set(p.c.pair_body, bodies);
  p.set(p.c.pair_slot, slots);
  p.set(p.c.slot_pair, slot_pair);
  p.set(p.c.pair_dim, dims);
  pack_chains(p, link_pairs);
  pack_pair_rows(p, pairs);
}

}  // namespace lockstep
