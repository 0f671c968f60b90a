// Fills kernels::ModelConstants: links, joints, dofs, forces and limits of an mjModel.
#include "engine/model_constants.h"
#include "engine/constant_packing.h"
#include "engine/link_tree.h"
#include "kernels/workspace.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <iterator>
#include <utility>

#include <mujoco/mujoco.h>

namespace lockstep {
namespace {

using Ints = Packing::Ints;
using Reals = Packing::Reals;

// Which components are not zero, one bit each.
std::int32_t nonzero_axes(const Eigen::Vector3d& v) {
  return (v.x() != 0 ? 1 : 0) | (v.y() != 0 ? 2 : 0) | (v.z() != 0 ? 4 : 0);
}

// A vector of the link's frame: as it is, or in the plane's coordinates with the link at its reference.
Eigen::Vector3d local(const LinkTree& tree, const Link& link, const Eigen::Vector3d& v) {
  return tree.planar ? Eigen::Vector3d(tree.plane.transpose() * link.world.rotation * v) : v;
}

void pack_link_tree(Packing& p) {
  Ints parent, jointadr, jointnum, dofadr, dofnum, childadr, childnum, children, root, free_root, mocapid;
  std::vector<Ints> levels;
  for (std::size_t i = 0; i < p.tree.links.size(); ++i) {
    const Link& link = p.tree.links[i];
    parent.push_back(link.parent);
    jointadr.push_back(std::max(0, p.m.body_jntadr[link.body]));  // -1 in mocap bodies
    jointnum.push_back(p.m.body_jntnum[link.body]);
    dofadr.push_back(std::max(0, p.m.body_dofadr[link.body]));
    mocapid.push_back(link.mocapid);
    dofnum.push_back(p.m.body_dofnum[link.body]);
    childadr.push_back(static_cast<int>(children.size()));
    childnum.push_back(static_cast<int>(link.children.size()));
    children.insert(children.end(), link.children.begin(), link.children.end());
    root.push_back(link.root);
    const int root_body = p.tree.links[static_cast<std::size_t>(link.root)].body;
    const bool has_joint = p.m.body_jntnum[root_body] > 0;
    free_root.push_back(has_joint && p.m.jnt_type[p.m.body_jntadr[root_body]] == mjJNT_FREE ? 1 : 0);
    levels.resize(std::max(levels.size(), static_cast<std::size_t>(link.depth) + 1));
    levels[static_cast<std::size_t>(link.depth)].push_back(static_cast<int>(i));
  }
  Ints level_adr{0}, level_links;
  for (const Ints& level : levels) {
    level_links.insert(level_links.end(), level.begin(), level.end());
    level_adr.push_back(static_cast<int>(level_links.size()));
  }
  p.c.num_links = static_cast<int>(p.tree.links.size());
  p.c.num_link_levels = static_cast<int>(levels.size());
  p.set(p.c.link_parent, parent);
  p.set(p.c.link_jointadr, jointadr);
  p.set(p.c.link_jointnum, jointnum);
  p.set(p.c.link_dofadr, dofadr);
  p.set(p.c.link_dofnum, dofnum);
  p.set(p.c.link_childadr, childadr);
  p.set(p.c.link_childnum, childnum);
  p.set(p.c.link_children, children);
  p.set(p.c.link_root, root);
  p.set(p.c.link_has_free_root, free_root);
  p.set(p.c.link_mocapid, mocapid);
  p.set(p.c.link_level_adr, level_adr);
  p.set(p.c.link_levels, level_links);
}

// An inertia as isotropic * 1 + sum of weight * axis axis', with as few terms as it allows.
struct InertiaTerms {
  double isotropic = 0;
  std::vector<std::pair<double, Eigen::Vector3d>> terms;
};

InertiaTerms inertia_terms(const Eigen::Matrix3d& inertia) {
  const double scale = inertia.trace();
  const double off_diagonal = std::max({std::abs(inertia(0, 1)), std::abs(inertia(0, 2)), std::abs(inertia(1, 2))});
  Eigen::Vector3d values = inertia.diagonal();
  Eigen::Matrix3d axes = Eigen::Matrix3d::Identity();
  if (off_diagonal > 1e-16 * scale) {
    const Eigen::SelfAdjointEigenSolver<Eigen::Matrix3d> solver(inertia);
    values = solver.eigenvalues();
    axes = solver.eigenvectors();
  }
  const double same = 4e-16 * scale;
  InertiaTerms result;
  result.isotropic = values[2];
  if (std::abs(values[0] - values[1]) <= same) result.isotropic = values[0];
  for (int k = 0; k < 3; ++k) {
    const double weight = values[k] - result.isotropic;
    if (std::abs(weight) > same) result.terms.emplace_back(weight, axes.col(k));
  }
  return result;
}

void pack_poses(Packing& p) {
  Ints is_turned, offset_axes;
  Reals pos, rot, offset, turn;
  for (const Link& link : p.tree.links) {
    Eigen::Vector3d position = link.frame.position;
    Eigen::Matrix3d rotation = link.frame.rotation;
    if (p.tree.planar) {
      if (link.parent >= 0) {
        position = local(p.tree, p.tree.links[static_cast<std::size_t>(link.parent)], position);
        position.z() = 0;
      }
      rotation.setZero();
      rotation(0, 0) = 1;  // cosine and sine of no turn: planar frames are the plane's at the reference
    }
    append(pos, position);
    append(rot, rotation);
    offset_axes.push_back(nonzero_axes(position));
    is_turned.push_back(p.tree.planar || rotation.isIdentity(0) ? 0 : 1);
  }
  for (std::size_t body = 0; body < p.tree.body_link.size(); ++body) {
    const RigidPose pose = constant_pose(p.tree, p.tree.body_link[body], p.tree.body_in_link[body]);
    append(offset, pose.position);
    append(turn, pose.rotation);
  }
  p.set(p.c.link_pos, pos);
  p.set(p.c.link_rot, rot);
  p.set(p.c.link_is_turned, is_turned);
  p.set(p.c.link_offset_axes, offset_axes);
  p.set(p.c.body_link, Ints(p.tree.body_link.begin(), p.tree.body_link.end()));
  p.set(p.c.body_offset, offset);
  p.set(p.c.body_turn, turn);
}

kernels::JointKind joint_kind(const LinkTree& tree, int type, const Eigen::Vector3d& axis) {
  if (type == mjJNT_FREE) return kernels::kFree;
  if (type == mjJNT_BALL) return kernels::kBall;
  if (type == mjJNT_SLIDE) return kernels::kSlide;
  if (tree.planar) return kernels::kHinge;
  constexpr std::array kAligned{kernels::kHingeX, kernels::kHingeY, kernels::kHingeZ};
  for (int k = 0; k < 3; ++k) {
    if (std::abs(axis[k]) == 1) return kAligned[static_cast<std::size_t>(k)];
  }
  return kernels::kHinge;
}

void pack_joints(Packing& p) {
  const mjModel& m = p.m;
  Ints kinds, slide_mode, has_offset;
  Reals axes, senses, anchors, references;
  for (int joint = 0; joint < m.njnt; ++joint) {
    const int body = m.jnt_bodyid[joint];
    const Link& link = p.tree.links[static_cast<std::size_t>(p.tree.body_link[static_cast<std::size_t>(body)])];
    const Eigen::Vector3d axis = local(
        p.tree, link, Eigen::Vector3d(m.jnt_axis[3 * joint], m.jnt_axis[3 * joint + 1], m.jnt_axis[3 * joint + 2]));
    Eigen::Vector3d anchor =
        local(p.tree, link, Eigen::Vector3d(m.jnt_pos[3 * joint], m.jnt_pos[3 * joint + 1], m.jnt_pos[3 * joint + 2]));
    if (p.tree.planar) anchor.z() = 0;
    const kernels::JointKind kind = joint_kind(p.tree, m.jnt_type[joint], axis);
    bool turned_before = false;
    for (int other = m.body_jntadr[body]; other < joint; ++other) turned_before |= m.jnt_type[other] != mjJNT_SLIDE;
    kinds.push_back(kind);
    slide_mode.push_back(link.parent >= 0 ? kernels::kMovesLink
                         : turned_before  ? kernels::kMovesOriginAndShifts
                                          : kernels::kMovesOrigin);
    has_offset.push_back(anchor.isZero(0) || kind == kernels::kFree ? 0 : 1);
    append(axes, axis);
    append(anchors, anchor);
    senses.push_back(kind == kernels::kHinge && p.tree.planar ? (axis.z() > 0 ? 1 : -1) : (axis.sum() > 0 ? 1 : -1));
    references.push_back(kind >= kernels::kSlide ? m.qpos0[m.jnt_qposadr[joint]] : 0);
  }
  p.c.num_joints = static_cast<int>(m.njnt);
  p.set(p.c.joint_kind, kinds);
  p.set(p.c.joint_slide_mode, slide_mode);
  p.set(p.c.joint_has_offset, has_offset);
  p.set(p.c.jnt_qposadr, Ints(m.jnt_qposadr, m.jnt_qposadr + m.njnt));
  p.set(p.c.jnt_dofadr, Ints(m.jnt_dofadr, m.jnt_dofadr + m.njnt));
  p.set(p.c.jnt_axis, axes);
  p.set(p.c.joint_sense, senses);
  p.set(p.c.jnt_pos, anchors);
  p.set(p.c.joint_reference, references);
}

void pack_dofs(Packing& p) {
  const mjModel& m = p.m;
  const auto nv = static_cast<std::size_t>(m.nv);
  Ints link(nv), depth(nv), end(nv), row(nv), ancestor;
  std::vector<Ints> levels;
  for (int dof = 0; dof < m.nv; ++dof) {
    const auto i = static_cast<std::size_t>(dof);
    const int parent = m.dof_parentid[dof];
    link[i] = p.tree.body_link[static_cast<std::size_t>(m.dof_bodyid[dof])];
    depth[i] = parent < 0 ? 0 : depth[static_cast<std::size_t>(parent)] + 1;
    row[i] = static_cast<int>(ancestor.size());
    ancestor.push_back(-1);  // the right side
    Ints chain;
    for (int a = dof; a >= 0; a = m.dof_parentid[a]) {
      chain.push_back(a);
      end[static_cast<std::size_t>(a)] = dof + 1;
    }
    ancestor.insert(ancestor.end(), chain.rbegin(), chain.rend());
    levels.resize(std::max(levels.size(), static_cast<std::size_t>(depth[i]) + 1));
    levels[static_cast<std::size_t>(depth[i])].push_back(dof);
  }
  Ints level_adr{0}, level_dofs;
  for (const Ints& level : levels) {
    level_dofs.insert(level_dofs.end(), level.begin(), level.end());
    level_adr.push_back(static_cast<int>(level_dofs.size()));
  }
  p.c.row_numbers = static_cast<int>(ancestor.size());
  p.c.num_dof_levels = static_cast<int>(levels.size());
  p.set(p.c.dof_link, link);
  p.set(p.c.dof_depth, depth);
  p.set(p.c.dof_end, end);
  p.set(p.c.dof_row, row);
  p.set(p.c.dof_ancestor, ancestor);
  p.set(p.c.dof_level_adr, level_adr);
  p.set(p.c.dof_levels, level_dofs);
}

// Coefficients of a dof's damping, with what an actuator on its joint adds: scaled by the square of the gear.
std::array<double, 3> dof_damping(const mjModel& m, int dof) {
  const mjtNum* higher = m.dof_dampingpoly + mjNPOLY * dof;
  std::array<double, 3> b{m.dof_damping[dof], higher[0], higher[1]};
  const int actuator = m.jnt_actuatorid[m.dof_jntid[dof]];
  if (actuator < 0) return b;
  const double gear = m.actuator_gear[6 * m.actuator_outadr[actuator]];
  const mjtNum* added = m.actuator_dampingpoly + mjNPOLY * actuator;
  b[0] += gear * gear * m.actuator_damping[actuator];
  b[1] += gear * gear * added[0];
  b[2] += gear * gear * added[1];
  return b;
}

kernels::ActivationKind activation_kind(int dyntype) {
  switch (dyntype) {
    case mjDYN_INTEGRATOR:
      return kernels::kIntegrator;
    case mjDYN_FILTER:
      return kernels::kFilter;
    case mjDYN_FILTEREXACT:
      return kernels::kFilterExact;
    case mjDYN_MUSCLE:
      return kernels::kMuscleActivation;
    default:
      return kernels::kNoActivation;
  }
}

void pack_actuator_groups(Packing& p, const std::vector<int>& order) {
  const mjModel& m = p.m;
  Ints adr, has_range;
  Reals range;
  int last_joint = -1;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const int joint = m.actuator_trnid[2 * order[i]];
    if (joint == last_joint) continue;
    last_joint = joint;
    adr.push_back(static_cast<int>(i));
    has_range.push_back(m.jnt_actfrclimited[joint] ? 1 : 0);
    append(range, m.jnt_actfrcrange + 2 * joint, 2);
  }
  p.c.num_actuated = static_cast<int>(adr.size());
  adr.push_back(static_cast<int>(order.size()));
  p.set(p.c.actuated_adr, adr);
  p.set(p.c.actuated_has_range, has_range);
  p.set(p.c.actuated_range, range);
}

void pack_actuator_ranges(Packing& p, const std::vector<int>& order) {
  const mjModel& m = p.m;
  Ints has_ctrl, has_force, has_act;
  Reals ctrl, force, act;
  for (const int a : order) {
    const int control = m.actuator_ctrladr[a];
    has_ctrl.push_back(m.actuator_ctrllimited[control] && !p.disabled(mjDSBL_CLAMPCTRL) ? 1 : 0);
    has_force.push_back(m.actuator_forcelimited[a] ? 1 : 0);
    has_act.push_back(m.actuator_actlimited[a] ? 1 : 0);
    append(ctrl, m.actuator_ctrlrange + 2 * control, 2);
    append(force, m.actuator_forcerange + 2 * a, 2);
    append(act, m.actuator_actrange + 2 * a, 2);
  }
  p.set(p.c.actuator_has_ctrlrange, has_ctrl);
  p.set(p.c.actuator_has_forcerange, has_force);
  p.set(p.c.actuator_has_actrange, has_act);
  p.set(p.c.actuator_ctrlrange, ctrl);
  p.set(p.c.actuator_forcerange, force);
  p.set(p.c.actuator_actrange, act);
}

void pack_actuators(Packing& p) {
  const mjModel& m = p.m;
  const ActuatorOrder actuators = actuator_order(m);
  const std::vector<int> order = actuators.all();
  Ints dof, qposadr, ctrladr, actadr, activation, early, gain_kind, bias_kind;
  Reals gear, time_constant;
  for (const int a : order) {
    ctrladr.push_back(m.actuator_ctrladr[a]);
    actadr.push_back(m.actuator_actadr[a]);
    activation.push_back(activation_kind(m.actuator_dyntype[a]));
    early.push_back(m.actuator_actearly[a] ? 1 : 0);
    gain_kind.push_back(m.actuator_gaintype[a] == mjGAIN_AFFINE ? kernels::kAffine : kernels::kNoVelocityOrLength);
    bias_kind.push_back(m.actuator_biastype[a] == mjBIAS_AFFINE ? kernels::kAffine : kernels::kNoVelocityOrLength);
    gear.push_back(m.actuator_gear[6 * m.actuator_outadr[a]]);
    time_constant.push_back(std::max(mjMINVAL, m.actuator_dynprm[mjNDYN * a]));
  }
  for (const int a : actuators.simple) {
    const int joint = m.actuator_trnid[2 * a];
    dof.push_back(m.jnt_dofadr[joint]);
    qposadr.push_back(m.jnt_qposadr[joint]);
  }
  p.c.num_actuators = static_cast<int>(order.size());
  p.set(p.c.actuator_dof, dof);
  p.set(p.c.actuator_qposadr, qposadr);
  p.set(p.c.actuator_ctrladr, ctrladr);
  p.set(p.c.actuator_actadr, actadr);
  p.set(p.c.actuator_activation, activation);
  p.set(p.c.actuator_acts_early, early);
  p.set(p.c.actuator_gain_kind, gain_kind);
  p.set(p.c.actuator_bias_kind, bias_kind);
  p.set(p.c.actuator_gear, gear);
  p.set(p.c.actuator_time_constant, time_constant);
  pack_actuator_groups(p, actuators.simple);
  pack_actuator_ranges(p, order);
  pack_general_actuators(p, actuators.general);
}

void pack_options(Packing& p) {
  const mjModel& m = p.m;
  p.c.nq = static_cast<int>(m.nq);
  p.c.nv = static_cast<int>(m.nv);
  p.c.nu = static_cast<int>(m.nu);
  p.c.na = static_cast<int>(m.na);
  p.c.nbody = static_cast<int>(m.nbody);
  p.c.nmocap = static_cast<int>(m.nmocap);
  p.c.planar = p.tree.planar ? 1 : 0;
  p.c.timestep = m.opt.timestep;
  p.c.solver_iterations = std::max(m.opt.iterations, 20);
  p.c.noslip_iterations = m.opt.noslip_iterations;
  p.c.noslip_least_gain = m.opt.noslip_tolerance * m.stat.meaninertia * static_cast<double>(std::max(p.c.nv, 1));
  std::copy(p.tree.plane.data(), p.tree.plane.data() + 9, p.c.plane);
  p.c.integrator = kernels::Integrator::kEuler;
  if (m.opt.integrator == mjINT_RK4) p.c.integrator = kernels::Integrator::kRk4;
  if (m.opt.integrator == mjINT_IMPLICITFAST) p.c.integrator = kernels::Integrator::kImplicitFast;
  const bool damped =
      p.c.integrator == kernels::Integrator::kEuler && p.c.num_dampers > 0 && !p.disabled(mjDSBL_EULERDAMP);
  p.c.has_constraints = p.c.num_limits + p.c.num_frictions + p.c.num_scalar_rows + p.c.num_contact_slots > 0 ? 1 : 0;
  p.c.has_implicit_diagonal = damped || p.c.integrator == kernels::Integrator::kImplicitFast ? 1 : 0;
}

template <class R>
ConstantStorage<R> store(Packing& p) {
  ConstantStorage<R> storage;
  static_cast<kernels::ModelSizes&>(storage.numbers) = p.c;
  storage.numbers.specialised = nullptr;
  storage.numbers.timestep = static_cast<R>(p.c.timestep);
  storage.numbers.noslip_least_gain = static_cast<R>(p.c.noslip_least_gain);
  for (int k = 0; k < 9; ++k) storage.numbers.plane[k] = static_cast<R>(p.c.plane[k]);
  Ints ints;
  std::vector<R> reals;
  kernels::for_each_array(p.c, [&](auto*& array) {
    const std::size_t size = p.size_of(&array);
    if constexpr (std::is_same_v<std::remove_reference_t<decltype(array)>, const std::int32_t*>) {
      storage.offsets.push_back(ints.size());
      ints.insert(ints.end(), array, array + size);
    } else {
      storage.offsets.push_back(reals.size());
      const auto rounded = [](double x) { return static_cast<R>(x); };
      const auto rest = [](double x) { return static_cast<R>(x - static_cast<double>(static_cast<R>(x))); };
      if (p.is_rest(&array)) {
        std::transform(array, array + size, std::back_inserter(reals), rest);
      } else {
        std::transform(array, array + size, std::back_inserter(reals), rounded);
      }
    }
  });
  // One number more, so that an empty array at the end still points into the buffer.
  storage.ints = HostBuffer<std::int32_t>(ints.size() + 1);
  storage.reals = HostBuffer<R>(reals.size() + 1);
  std::copy(ints.begin(), ints.end(), storage.ints.data());
  std::copy(reals.begin(), reals.end(), storage.reals.data());
  storage.numbers = storage.bound_to(storage.ints.data(), storage.reals.data());
  return storage;
}

}  // namespace

void pack_gravity(Packing& p) {
  const Eigen::Vector3d world = p.disabled(mjDSBL_GRAVITY)
                                    ? Eigen::Vector3d(Eigen::Vector3d::Zero())
                                    : Eigen::Vector3d(p.m.opt.gravity[0], p.m.opt.gravity[1], p.m.opt.gravity[2]);
  const Eigen::Vector3d gravity = p.tree.planar ? Eigen::Vector3d(p.tree.plane.transpose() * world) : world;
  p.set(p.c.gravity, Reals(gravity.data(), gravity.data() + 3));
  p.set(p.c.world_gravity, Reals(world.data(), world.data() + 3));
}

void pack_link_masses(Packing& p) {
  Ints com_axes, num_terms, term_axis;
  Reals mass, subtree, com, isotropic, weights, vectors;
  for (const Link& link : p.tree.links) {
    mass.push_back(link.mass);
    subtree.push_back(link.subtree_mass);
    Eigen::Vector3d centre = local(p.tree, link, link.com);
    if (p.tree.planar) centre.z() = 0;
    append(com, centre);
    com_axes.push_back(p.varied.inertias ? 7 : nonzero_axes(centre));
    InertiaTerms inertia = inertia_terms(link.inertia);
    if (p.tree.planar) {
      const Eigen::Vector3d normal = link.world.rotation.transpose() * p.tree.plane.col(2);
      inertia = {normal.dot(link.inertia * normal), {}};
    }
    isotropic.push_back(inertia.isotropic);
    num_terms.push_back(p.varied.inertias && !p.tree.planar ? 2 : static_cast<int>(inertia.terms.size()));
    inertia.terms.resize(2, {0, Eigen::Vector3d::Zero()});
    for (const auto& [weight, axis] : inertia.terms) {
      weights.push_back(weight);
      append(vectors, axis);
      int aligned = -1;
      for (int k = 0; k < 3 && !p.varied.inertias; ++k) aligned = std::abs(axis[k]) == 1 ? k : aligned;
      term_axis.push_back(aligned);
    }
  }
  p.set(p.c.link_mass, mass);
  p.set(p.c.link_subtree_mass, subtree);
  p.set(p.c.link_com, com);
  p.set(p.c.link_com_axes, com_axes);
  p.set(p.c.link_isotropic, isotropic);
  p.set(p.c.link_num_terms, num_terms);
  p.set(p.c.link_term_axis, term_axis);
  p.set(p.c.link_term_weight, weights);
  p.set(p.c.link_term_vector, vectors);
}

void pack_armature(Packing& p) {
  const mjModel& m = p.m;
  Reals armature(m.dof_armature, m.dof_armature + m.nv);
  for (int dof = 0; dof < m.nv; ++dof) {
    const int actuator = m.jnt_actuatorid[m.dof_jntid[dof]];
    if (actuator < 0) continue;
    const double gear = m.actuator_gear[6 * m.actuator_outadr[actuator]];
    armature[static_cast<std::size_t>(dof)] += gear * gear * m.actuator_armature[actuator];
  }
  p.set(p.c.dof_armature, armature);
}

void pack_passive(Packing& p) {
  const mjModel& m = p.m;
  Ints springs, dampers, is_linear;
  Reals stiffness, reference, damping;
  for (int joint = 0; joint < m.njnt && !p.disabled(mjDSBL_SPRING); ++joint) {
    const mjtNum* higher = m.jnt_stiffnesspoly + mjNPOLY * joint;
    const bool is_slack = m.jnt_stiffness[joint] == 0 && higher[0] == 0 && higher[1] == 0;
    if (is_slack && !VariedParts::has(p.varied.springs, joint)) continue;
    springs.push_back(joint);
    stiffness.insert(stiffness.end(), {m.jnt_stiffness[joint], higher[0], higher[1]});
    const int type = m.jnt_type[joint];
    const int count = type == mjJNT_FREE ? 7 : type == mjJNT_BALL ? 4 : 1;
    append(reference, m.qpos_spring + m.jnt_qposadr[joint], count);
    reference.resize(7 * springs.size());
  }
  for (int dof = 0; dof < m.nv && !p.disabled(mjDSBL_DAMPER); ++dof) {
    const std::array<double, 3> b = dof_damping(m, dof);
    if (b == std::array<double, 3>{} && !VariedParts::has(p.varied.dampers, dof)) continue;
    dampers.push_back(dof);
    is_linear.push_back(b[1] == 0 && b[2] == 0 ? 1 : 0);
    damping.insert(damping.end(), b.begin(), b.end());
  }
  p.c.num_springs = static_cast<int>(springs.size());
  p.c.num_dampers = static_cast<int>(dampers.size());
  p.set(p.c.spring_joint, springs);
  p.set(p.c.spring_stiffness, stiffness);
  p.set(p.c.spring_reference, reference);
  p.set(p.c.damper_dof, dampers);
  p.set(p.c.damper_damping, damping);
  p.set(p.c.damper_is_linear, is_linear);
}

void pack_gains(Packing& p) {
  const mjModel& m = p.m;
  Reals gain, bias;
  constexpr std::array<mjtNum, 3> kNone{};
  for (const int a : actuator_order(m).all()) {
    const bool muscle = m.actuator_gaintype[a] == mjGAIN_MUSCLE;  // has curves of its own
    append(gain, muscle ? kNone.data() : m.actuator_gainprm + mjNGAIN * a, 3);
    append(bias, m.actuator_biasprm + mjNBIAS * a, 3);
  }
  p.set(p.c.actuator_gain, gain);
  p.set(p.c.actuator_bias, bias);
}

template <class R>
kernels::ModelConstants<R> ConstantStorage<R>::bound_to(const std::int32_t* int_copy, const R* real_copy) const {
  kernels::ModelConstants<R> bound = numbers;
  std::size_t index = 0;
  kernels::for_each_array(bound, [&](auto*& array) {
    if constexpr (std::is_same_v<std::remove_reference_t<decltype(array)>, const std::int32_t*>) {
      array = int_copy + offsets[index];
    } else {
      array = real_copy + offsets[index];
    }
    ++index;
  });
  return bound;
}
template struct ConstantStorage<float>;
template struct ConstantStorage<double>;

void pack_all(Packing& packing) {
  pack_link_tree(packing);
  pack_link_masses(packing);
  pack_poses(packing);
  pack_joints(packing);
  pack_dofs(packing);
  pack_armature(packing);
  pack_passive(packing);
  pack_actuators(packing);
  pack_gains(packing);
  pack_limits(packing);
  pack_friction_loss(packing);
  pack_scalar_rows(packing);
  pack_contacts(packing);
  pack_options(packing);
  pack_gravity(packing);
  pack_tendons(packing);
  pack_body_forces(packing);
  pack_sensors(packing);
  packing.set_markers();
}

ConstantSets stored(Packing& packing) { return {store<float>(packing), store<double>(packing)}; }

ConstantSets pack_constants(const mjModel& model) {
  const LinkTree tree = link_tree(model);
  Packing packing(model, tree);
  pack_all(packing);
  return stored(packing);
}

long scratch_size(const kernels::ModelConstants<double>& constants) {
  double* const nowhere = nullptr;
  if (constants.planar) return kernels::Workspace<kernels::Planar, double>(constants, nowhere).size;
  return kernels::Workspace<kernels::Spatial, double>(constants, nowhere).size;
}
long step_scratch_size(const kernels::ModelConstants<double>& constants) {
  double* const nowhere = nullptr;
  if (constants.planar) return kernels::Workspace<kernels::Planar, double>(constants, nowhere).step_size;
  return kernels::Workspace<kernels::Spatial, double>(constants, nowhere).step_size;
}

}  // namespace lockstep
