// Fills the constants of tendons, general actuators, fluid and gravity compensation (kernels/force_constants.h).
#include "engine/constant_packing.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace lockstep {
namespace {

RigidPose pose_of(const mjtNum* pos, const mjtNum* quat) {
  return {{pos[0], pos[1], pos[2]},
          Eigen::Quaterniond(quat[0], quat[1], quat[2], quat[3]).normalized().toRotationMatrix()};
}

using Ints = Packing::Ints;
using Reals = Packing::Reals;

// The entries of a sparse matrix by column, sums of a column in the order of rows.
struct ByColumn {
  Ints adr{0}, entry, row;
};
ByColumn by_column(const Ints& rowadr, const Ints& rownnz, const Ints& colind, int columns) {
  ByColumn result;
  for (int column = 0; column < columns; ++column) {
    for (std::size_t row = 0; row < rowadr.size(); ++row) {
      for (int k = rowadr[row]; k < rowadr[row] + rownnz[row]; ++k) {
        if (colind[static_cast<std::size_t>(k)] != column) continue;
        result.entry.push_back(k);
        result.row.push_back(static_cast<int>(row));
      }
    }
    result.adr.push_back(static_cast<int>(result.entry.size()));
  }
  return result;
}

int marker_of_site(Packing& p, int site) { return p.add_marker(p.m.site_bodyid[site], site_frame(p.m, site)); }

// 1 if the dof moves the body.
bool dof_moves_body(const mjModel& m, int dof, int body) {
  while (body > 0 && m.body_dofnum[body] == 0) body = m.body_parentid[body];
  if (body == 0) return false;
  for (int d = m.body_dofadr[body] + m.body_dofnum[body] - 1; d >= 0; d = m.dof_parentid[d]) {
    if (d == dof) return true;
  }
  return false;
}

void pack_fixed_tendons(Packing& p) {
  const mjModel& m = p.m;
  Ints adr{0}, qposadr, entry;
  Reals coef;
  for (int tendon = 0; tendon < m.ntendon; ++tendon) {
    const int first = m.tendon_adr[tendon];
    for (int k = first; k < first + m.tendon_num[tendon] && m.wrap_type[first] == mjWRAP_JOINT; ++k) {
      const int joint = m.wrap_objid[k];
      qposadr.push_back(m.jnt_qposadr[joint]);
      coef.push_back(m.wrap_prm[k]);
      const int* row = m.ten_J_colind + m.ten_J_rowadr[tendon];
      const int* found = std::find(row, row + m.ten_J_rownnz[tendon], m.jnt_dofadr[joint]);
      entry.push_back(static_cast<int>(found - m.ten_J_colind));
    }
    adr.push_back(static_cast<int>(qposadr.size()));
  }
  p.c.num_fixed_terms = static_cast<int>(qposadr.size());
  p.set(p.c.fixed_adr, adr);
  p.set(p.c.fixed_qposadr, qposadr);
  p.set(p.c.fixed_entry, entry);
  p.set(p.c.fixed_coef, coef);
}

bool is_wrap_geom(int wrap_type) { return wrap_type == mjWRAP_SPHERE || wrap_type == mjWRAP_CYLINDER; }

// The pieces of spatial tendons from site to site.
class Segments {
 public:
  // From the site at k of mjModel's wrap arrays to the next, by way of a geom if one stands between them.
  void add(Packing& p, int tendon, int k, double divisor) {
    const mjModel& m = p.m;
    const bool wraps = is_wrap_geom(m.wrap_type[k + 1]);
    const int a = m.wrap_objid[k], b = m.wrap_objid[k + (wraps ? 2 : 1)];
    from_.push_back(marker_of_site(p, a));
    to_.push_back(marker_of_site(p, b));
    scale_.push_back(1 / divisor);
    wrap_.push_back(wraps ? static_cast<int>(radius_.size()) : -1);
    int geom_body = 0;
    if (wraps) geom_body = add_geom(p, k + 1);
    moves_adr_.push_back(static_cast<int>(moves_.size()));
    for (int e = m.ten_J_rowadr[tendon]; e < m.ten_J_rowadr[tendon] + m.ten_J_rownnz[tendon]; ++e) {
      const int dof = m.ten_J_colind[e];
      const auto bit = [&](int body, int value) { return dof_moves_body(m, dof, body) ? value : 0; };
      moves_.push_back(bit(m.site_bodyid[a], 1) | bit(m.site_bodyid[b], 2) | bit(geom_body, 4));
    }
  }
  [[nodiscard]] int size() const { return static_cast<int>(from_.size()); }
  void set(Packing& p) {
    p.c.num_segments = size();
    p.c.num_segment_moves = static_cast<int>(moves_.size());
    p.set(p.c.segment_from, from_);
    p.set(p.c.segment_to, to_);
    p.set(p.c.segment_wrap, wrap_);
    p.set(p.c.segment_moves_adr, moves_adr_);
    p.set(p.c.segment_moves, moves_);
    p.set(p.c.segment_scale, scale_);
    p.set(p.c.wrap_marker, wrap_marker_);
    p.set(p.c.wrap_is_cylinder, is_cylinder_);
    p.set(p.c.wrap_side, side_);
    p.set(p.c.wrap_radius, radius_);
  }

 private:
  int add_geom(Packing& p, int k) {
    const mjModel& m = p.m;
    const int geom = m.wrap_objid[k], side = static_cast<int>(std::lround(m.wrap_prm[k])), body = m.geom_bodyid[geom];
    wrap_marker_.push_back(p.add_marker(body, geom_frame(m, geom), {MarkerSource::kGeom, geom}));
    is_cylinder_.push_back(m.wrap_type[k] == mjWRAP_CYLINDER ? 1 : 0);
    side_.push_back(side < 0 ? -1 : marker_of_site(p, side));
    radius_.push_back(m.geom_size[3 * geom]);
    return body;
  }
  Ints from_, to_, wrap_, moves_adr_, moves_, wrap_marker_, is_cylinder_, side_;
  Reals scale_, radius_;
};

void pack_segments(Packing& p) {
  const mjModel& m = p.m;
  Ints adr{0};
  Segments segments;
  for (int tendon = 0; tendon < m.ntendon; ++tendon) {
    const int first = m.tendon_adr[tendon], end = first + m.tendon_num[tendon];
    double divisor = 1;
    for (int k = first; k < end && m.wrap_type[first] != mjWRAP_JOINT; ++k) {
      if (m.wrap_type[k] == mjWRAP_PULLEY) divisor = m.wrap_prm[k];
      if (m.wrap_type[k] != mjWRAP_SITE || k + 1 >= end || m.wrap_type[k + 1] == mjWRAP_PULLEY) continue;
      segments.add(p, tendon, k, divisor);
    }
    adr.push_back(segments.size());
  }
  p.set(p.c.segment_adr, adr);
  segments.set(p);
}

bool any_nonzero(const Reals& list) {
  return std::any_of(list.begin(), list.end(), [](double x) { return x != 0; });
}

// Springs, dampers and armature of tendons, with what actuators on them add, scaled by the square of their gear.
void pack_tendon_passive(Packing& p) {
  const mjModel& m = p.m;
  Reals stiffness, range, damping, armature;
  for (int t = 0; t < m.ntendon; ++t) {
    const mjtNum* higher = m.tendon_stiffnesspoly + mjNPOLY * t;
    const double spring = p.disabled(mjDSBL_SPRING) ? 0 : 1;
    stiffness.insert(stiffness.end(), {spring * m.tendon_stiffness[t], spring * higher[0], spring * higher[1]});
    range.insert(range.end(), {m.tendon_lengthspring[2 * t], m.tendon_lengthspring[2 * t + 1]});
    std::array<double, 3> b{m.tendon_damping[t], m.tendon_dampingpoly[mjNPOLY * t],
                            m.tendon_dampingpoly[mjNPOLY * t + 1]};
    armature.push_back(m.tendon_armature[t]);
    if (const int a = m.tendon_actuatorid[t]; a >= 0) {
      const double square = std::pow(m.actuator_gear[6 * m.actuator_outadr[a]], 2);
      armature.back() += square * m.actuator_armature[a];
      b[0] += square * m.actuator_damping[a];
      b[1] += square * m.actuator_dampingpoly[mjNPOLY * a];
      b[2] += square * m.actuator_dampingpoly[mjNPOLY * a + 1];
    }
    if (armature.back() != 0 && m.wrap_type[m.tendon_adr[t]] != mjWRAP_JOINT) p.c.has_moving_armature = 1;
    if (p.disabled(mjDSBL_DAMPER)) b = {};
    damping.insert(damping.end(), b.begin(), b.end());
  }
  p.c.has_tendon_passive = any_nonzero(stiffness) || any_nonzero(damping) ? 1 : 0;
  p.c.has_tendon_armature = any_nonzero(armature) ? 1 : 0;
  if (any_nonzero(damping) && p.c.integrator == kernels::Integrator::kImplicitFast) p.c.has_implicit_rows = 1;
  p.set(p.c.tendon_stiffness, stiffness);
  p.set(p.c.tendon_lengthspring, range);
  p.set(p.c.tendon_damping, damping);
  p.set(p.c.tendon_armature, armature);
}

kernels::TransmissionKind transmission_kind(const mjModel& m, int actuator) {
  const bool in_parent = m.actuator_trntype[actuator] == mjTRN_JOINTINPARENT;
  switch (m.actuator_trntype[actuator]) {
    case mjTRN_TENDON:
      return kernels::kTendon;
    case mjTRN_SITE:
      return m.actuator_trnid[2 * actuator + 1] >= 0 ? kernels::kSiteInSite : kernels::kSite;
    case mjTRN_SLIDERCRANK:
      return kernels::kSliderCrank;
    default:
      break;
  }
  switch (m.jnt_type[m.actuator_trnid[2 * actuator]]) {
    case mjJNT_FREE:
      return in_parent ? kernels::kFreeInParent : kernels::kFreeJoint;
    case mjJNT_BALL:
      return in_parent ? kernels::kBallInParent : kernels::kBallJoint;
    default:
      return kernels::kScalarJoint;
  }
}

// The dofs of one general actuator's moment row, rising; for sites with what they move: bit 0 the target, bit 1 the
// second site.
struct MomentRow {
  Ints dofs, moves;
};
MomentRow site_row(const mjModel& m, int actuator, kernels::TransmissionKind kind) {
  MomentRow row;
  const int target = m.site_bodyid[m.actuator_trnid[2 * actuator]];
  const int second = kind == kernels::kSite ? 0 : m.site_bodyid[m.actuator_trnid[2 * actuator + 1]];
  for (int dof = 0; dof < m.nv; ++dof) {
    const int moves = (dof_moves_body(m, dof, target) ? 1 : 0) | (dof_moves_body(m, dof, second) ? 2 : 0);
    // A dof that moves both sites changes no pose between them.
    if (moves == 0 || (kind == kernels::kSiteInSite && moves == 3)) continue;
    row.dofs.push_back(dof);
    row.moves.push_back(moves);
  }
  return row;
}
MomentRow moment_row(const mjModel& m, int actuator) {
  const kernels::TransmissionKind kind = transmission_kind(m, actuator);
  const int id = m.actuator_trnid[2 * actuator];
  MomentRow row;
  switch (kind) {
    case kernels::kTendon:
      row.dofs.assign(m.ten_J_colind + m.ten_J_rowadr[id], m.ten_J_colind + m.ten_J_rowadr[id] + m.ten_J_rownnz[id]);
      break;
    case kernels::kSite:
    case kernels::kSiteInSite:
    case kernels::kSliderCrank:
      return site_row(m, actuator, kind);
    default: {
      const int type = m.jnt_type[id];
      for (int k = 0; k < (type == mjJNT_FREE ? 6 : type == mjJNT_BALL ? 3 : 1); ++k) {
        row.dofs.push_back(m.jnt_dofadr[id] + k);
      }
    }
  }
  row.moves.assign(row.dofs.size(), 0);
  return row;
}

// Joints and tendons that general actuators drive and whose total actuator force has a range.
void pack_clamps(Packing& p, const std::vector<int>& general) {
  const mjModel& m = p.m;
  std::vector<char> is_driven(static_cast<std::size_t>(m.nv)), pulled(static_cast<std::size_t>(m.ntendon));
  for (const int a : general) {
    for (const int dof : moment_row(m, a).dofs) is_driven[static_cast<std::size_t>(dof)] = 1;
    if (transmission_kind(m, a) == kernels::kTendon) pulled[static_cast<std::size_t>(m.actuator_trnid[2 * a])] = 1;
  }
  Ints dofs, tendons;
  Reals dof_range, tendon_range;
  for (int dof = 0; dof < m.nv; ++dof) {
    const int joint = m.dof_jntid[dof];
    const bool lifted = p.c.has_lifted_dofs != 0 && m.jnt_actgravcomp[joint] != 0;
    if (!m.jnt_actfrclimited[joint] || !(lifted || is_driven[static_cast<std::size_t>(dof)] != 0)) continue;
    if (m.jnt_type[joint] != mjJNT_HINGE && m.jnt_type[joint] != mjJNT_SLIDE) continue;
    dofs.push_back(dof);
    dof_range.insert(dof_range.end(), {m.jnt_actfrcrange[2 * joint], m.jnt_actfrcrange[2 * joint + 1]});
  }
  for (int t = 0; t < m.ntendon; ++t) {
    if (!m.tendon_actfrclimited[t] || pulled[static_cast<std::size_t>(t)] == 0) continue;
    tendons.push_back(t);
    tendon_range.insert(tendon_range.end(), {m.tendon_actfrcrange[2 * t], m.tendon_actfrcrange[2 * t + 1]});
  }
  p.c.num_clamped_dofs = static_cast<int>(dofs.size());
  p.c.num_clamped_tendons = static_cast<int>(tendons.size());
  p.set(p.c.clamped_dof, dofs);
  p.set(p.c.clamped_dof_range, dof_range);
  p.set(p.c.clamped_tendon, tendons);
  p.set(p.c.clamped_tendon_range, tendon_range);
}

bool is_scalar_joint(const mjModel& m, int actuator) { return transmission_kind(m, actuator) == kernels::kScalarJoint; }
bool is_muscle(const mjModel& m, int actuator) {
  return m.actuator_gaintype[actuator] == mjGAIN_MUSCLE || m.actuator_biastype[actuator] == mjBIAS_MUSCLE ||
         m.actuator_dyntype[actuator] == mjDYN_MUSCLE;
}

// The period of the set-point of a servo on a rotation in space, else 0: the force drives to the nearest of the
// set-points that mean the same rotation.
double circle_of_setpoint(const mjModel& m, int actuator) {
  const mjtNum* gear = m.actuator_gear + 6 * m.actuator_outadr[actuator];
  const kernels::TransmissionKind kind = transmission_kind(m, actuator);
  const bool is_ball = kind == kernels::kBallJoint || kind == kernels::kBallInParent;
  const bool turns_site = kind == kernels::kSiteInSite && gear[0] == 0 && gear[1] == 0 && gear[2] == 0;
  const double kp = m.actuator_gainprm[mjNGAIN * actuator];
  const bool is_servo = m.actuator_gaintype[actuator] == mjGAIN_FIXED &&
                        m.actuator_biastype[actuator] == mjBIAS_AFFINE && kp != 0 &&
                        m.actuator_biasprm[mjNBIAS * actuator + 1] == -kp;
  if (!is_servo || !(is_ball || turns_site)) return 0;
  const mjtNum* about = is_ball ? gear : gear + 3;
  return 2 * M_PI * Eigen::Vector3d(about[0], about[1], about[2]).norm();
}

// Whether the force depends on the velocity.
bool has_slope(const mjModel& m, int actuator) {
  const int gain = m.actuator_gaintype[actuator];
  return gain == mjGAIN_MUSCLE || (gain == mjGAIN_AFFINE && m.actuator_gainprm[mjNGAIN * actuator + 2] != 0) ||
         (m.actuator_biastype[actuator] == mjBIAS_AFFINE && m.actuator_biasprm[mjNBIAS * actuator + 2] != 0);
}

void pack_moments(Packing& p, const std::vector<int>& general) {
  Ints rowadr, rownnz, colind, moves;
  for (const int a : general) {
    const MomentRow row = moment_row(p.m, a);
    rowadr.push_back(static_cast<int>(colind.size()));
    rownnz.push_back(static_cast<int>(row.dofs.size()));
    colind.insert(colind.end(), row.dofs.begin(), row.dofs.end());
    moves.insert(moves.end(), row.moves.begin(), row.moves.end());
  }
  const ByColumn columns = by_column(rowadr, rownnz, colind, static_cast<int>(p.m.nv));
  p.c.num_moments = static_cast<int>(colind.size());
  p.set(p.c.moment_rowadr, rowadr);
  p.set(p.c.moment_rownnz, rownnz);
  p.set(p.c.moment_colind, colind);
  p.set(p.c.moment_moves, moves);
  p.set(p.c.moment_dof_adr, columns.adr);
  p.set(p.c.moment_dof_entry, columns.entry);
  p.set(p.c.moment_dof_row, columns.row);
}

// The curves of one muscle. MuJoCo's parameters: range[2], force, scale, lmin, lmax, vmax, fpmax, fvmax.
std::array<double, kernels::kMuscleNumbers> muscle_numbers(const mjModel& m, int actuator, const mjtNum* prm) {
  const int out = m.actuator_outadr[actuator];
  const mjtNum* range = m.actuator_lengthrange + 2 * out;
  const double optimal = (range[1] - range[0]) / std::max(mjMINVAL, prm[1] - prm[0]);
  std::array<double, kernels::kMuscleNumbers> numbers{};
  numbers[kernels::kPeakForce] = prm[2] < 0 ? prm[3] / std::max(mjMINVAL, m.actuator_acc0[out]) : prm[2];
  numbers[kernels::kLengthScale] = 1 / std::max(mjMINVAL, optimal);
  numbers[kernels::kLengthOffset] = prm[0] - range[0] * numbers[kernels::kLengthScale];
  numbers[kernels::kVelocityScale] = 1 / std::max(mjMINVAL, optimal * prm[6]);
  numbers[kernels::kShortest] = prm[4];
  numbers[kernels::kLongest] = prm[5];
  numbers[kernels::kPeakPassive] = prm[7];
  numbers[kernels::kPeakLengthening] = prm[8];
  return numbers;
}

void pack_muscles(Packing& p, const std::vector<int>& general) {
  const mjModel& m = p.m;
  Ints gain, bias;
  Reals numbers, times;
  const auto add = [&](int actuator, bool is_muscle, const mjtNum* prm) {
    if (!is_muscle) return -1;
    const auto curves = muscle_numbers(m, actuator, prm);
    numbers.insert(numbers.end(), curves.begin(), curves.end());
    return static_cast<int>(numbers.size()) / kernels::kMuscleNumbers - 1;
  };
  for (const int a : general) {
    gain.push_back(add(a, m.actuator_gaintype[a] == mjGAIN_MUSCLE, m.actuator_gainprm + mjNGAIN * a));
    bias.push_back(add(a, m.actuator_biastype[a] == mjBIAS_MUSCLE, m.actuator_biasprm + mjNBIAS * a));
    times.insert(times.end(), m.actuator_dynprm + mjNDYN * a, m.actuator_dynprm + mjNDYN * a + 3);
  }
  p.set(p.c.general_muscle_gain, gain);
  p.set(p.c.general_muscle_bias, bias);
  p.set(p.c.muscle, numbers);
  p.set(p.c.muscle_times, times);
}

bool is_in_disabled_group(const mjModel& m, int actuator) {
  const int group = m.actuator_group[actuator];
  return group >= 0 && group <= 30 && (m.opt.disableactuator & (1 << group)) != 0;
}

// Sides of the box of uniform density with the body's mass and inertia.
Eigen::Vector3d equivalent_box(const mjtNum* inertia, double mass) {
  const double x = inertia[0], y = inertia[1], z = inertia[2];
  const auto side = [&](double square) { return std::sqrt(std::max(mjMINVAL, square) / mass * 6); };
  return {side(y + z - x), side(x + z - y), side(x + y - z)};
}

// Half the size of the geom along its axes.
Eigen::Vector3d semi_axes(const mjModel& m, int geom) {
  const mjtNum* size = m.geom_size + 3 * geom;
  switch (m.geom_type[geom]) {
    case mjGEOM_SPHERE:
      return {size[0], size[0], size[0]};
    case mjGEOM_CAPSULE:
      return {size[0], size[0], size[1] + size[0]};
    case mjGEOM_CYLINDER:
      return {size[0], size[0], size[1]};
    default:
      return {size[0], size[1], size[2]};
  }
}

bool is_ellipsoid_in_fluid(const mjModel& m, int geom) { return m.geom_fluid[mjNFLUID * geom] > 0; }

// MuJoCo's geom_fluid: interaction, blunt, slender, angular drag, Kutta, Magnus, virtual mass [3] and inertia [3].
void append_ellipsoid(const mjModel& m, int geom, Reals& list) {
  const mjtNum* fluid = m.geom_fluid + mjNFLUID * geom;
  const Eigen::Vector3d r = semi_axes(m, geom);
  list.insert(list.end(), r.data(), r.data() + 3);
  list.insert(list.end(), fluid + 1, fluid + mjNFLUID);
  list.push_back(fluid[0]);
}

// Bodies are boxes in the fluid unless one of their geoms is to be an ellipsoid.
void pack_fluid(Packing& p) {
  const mjModel& m = p.m;
  const bool is_passive = !(p.disabled(mjDSBL_SPRING) && p.disabled(mjDSBL_DAMPER));
  const bool is_wet = (m.opt.density > 0 || m.opt.viscosity > 0) && is_passive;
  Ints box_adr{0}, box_marker, ellipsoid_adr{0}, ellipsoid_marker;
  Reals sides, ellipsoids;
  for (int link = 0; link < static_cast<int>(p.tree.links.size()); ++link) {
    for (int body = 1; body < m.nbody && is_wet; ++body) {
      if (p.tree.body_link[static_cast<std::size_t>(body)] != link || m.body_mass[body] < mjMINVAL) continue;
      bool is_box = true;
      for (int geom = m.body_geomadr[body]; geom < m.body_geomadr[body] + m.body_geomnum[body]; ++geom) {
        if (!is_ellipsoid_in_fluid(m, geom)) continue;
        is_box = false;
        ellipsoid_marker.push_back(p.add_marker(body, geom_frame(m, geom), {MarkerSource::kGeom, geom}));
        append_ellipsoid(m, geom, ellipsoids);
      }
      if (!is_box) continue;
      box_marker.push_back(p.add_marker(body, inertial_frame(m, body), {MarkerSource::kInertia, body}));
      const Eigen::Vector3d box = equivalent_box(m.body_inertia + 3 * body, m.body_mass[body]);
      sides.insert(sides.end(), box.data(), box.data() + 3);
    }
    box_adr.push_back(static_cast<int>(box_marker.size()));
    ellipsoid_adr.push_back(static_cast<int>(ellipsoid_marker.size()));
  }
  p.c.num_fluid_boxes = static_cast<int>(box_marker.size());
  p.c.num_fluid_ellipsoids = static_cast<int>(ellipsoid_marker.size());
  p.set(p.c.fluid_medium, {m.opt.density, m.opt.viscosity, m.opt.wind[0], m.opt.wind[1], m.opt.wind[2]});
  p.set(p.c.fluid_box_adr, box_adr);
  p.set(p.c.fluid_box_marker, box_marker);
  p.set(p.c.fluid_box, sides);
  p.set(p.c.fluid_ellipsoid_adr, ellipsoid_adr);
  p.set(p.c.fluid_ellipsoid_marker, ellipsoid_marker);
  p.set(p.c.fluid_ellipsoid, ellipsoids);
}

// Where forces from outside act.
void pack_applied(Packing& p) {
  const mjModel& m = p.m;
  Ints adr{0}, bodies, marker;
  for (int link = 0; link < static_cast<int>(p.tree.links.size()); ++link) {
    for (int body = 1; body < m.nbody; ++body) {
      if (p.tree.body_link[static_cast<std::size_t>(body)] != link) continue;
      bodies.push_back(body);
      marker.push_back(p.add_marker(body, inertial_frame(m, body), {MarkerSource::kInertia, body}));
    }
    adr.push_back(static_cast<int>(bodies.size()));
  }
  p.set(p.c.applied_adr, adr);
  p.set(p.c.applied_body, bodies);
  p.set(p.c.applied_marker, marker);
}

bool lifts(const Packing& p) {
  const bool passive = !(p.disabled(mjDSBL_SPRING) && p.disabled(mjDSBL_DAMPER));
  const bool gravity = Eigen::Vector3d(p.m.opt.gravity[0], p.m.opt.gravity[1], p.m.opt.gravity[2]).norm() != 0;
  return passive && gravity && !p.disabled(mjDSBL_GRAVITY);
}

void pack_lift(Packing& p) {
  const mjModel& m = p.m;
  Ints marker;
  Reals mass;
  for (int link = 0; link < static_cast<int>(p.tree.links.size()) && lifts(p); ++link) {
    const LiftedMass lifted = lifted_mass(p, link);
    if (lifted.mass == 0) continue;
    marker.push_back(p.add_marker(p.tree.links[static_cast<std::size_t>(link)].body,
                                  {lifted.centre, Eigen::Matrix3d::Identity()}, {MarkerSource::kLifted, link}));
    mass.push_back(lifted.mass);
  }
  p.c.num_lifted = static_cast<int>(marker.size());
  p.set(p.c.lifted_marker, marker);
  p.set(p.c.lifted_mass, mass);
  Ints by_actuators;
  for (int dof = 0; dof < m.nv; ++dof) {
    by_actuators.push_back(m.jnt_actgravcomp[m.dof_jntid[dof]] && p.c.num_lifted > 0 ? 1 : 0);
  }
  p.set(p.c.dof_lifted_by_actuators, by_actuators);
}

}  // namespace

LiftedMass lifted_mass(const Packing& p, int link) {
  double total = 0;
  Eigen::Vector3d moment = Eigen::Vector3d::Zero();
  for (int body = 1; body < p.m.nbody; ++body) {
    const auto index = static_cast<std::size_t>(body);
    const double lifted = p.m.body_gravcomp[body] * p.m.body_mass[body];
    if (p.tree.body_link[index] != link || lifted == 0) continue;
    total += lifted;
    moment += lifted * (p.tree.body_in_link[index] * inertial_frame(p.m, body)).position;
  }
  return {total, total == 0 ? moment : Eigen::Vector3d(moment / total)};
}

RigidPose constant_pose(const LinkTree& tree, int index, const RigidPose& pose) {
  if (!tree.planar || index < 0) return pose;
  // The link's point comes from the plane's coordinates: what is constant is where its tree starts, and the offset
  // along the normal.
  const Link& link = tree.links[static_cast<std::size_t>(index)];
  const Eigen::Vector3d start = tree.links[static_cast<std::size_t>(link.root)].world.position;
  const Eigen::Vector3d normal = tree.plane.col(2);
  const Eigen::Vector3d along = normal * normal.dot(link.world.position - start);
  return {along + link.world.rotation * pose.position, link.world.rotation * pose.rotation};
}

int Packing::add_marker(int body, const RigidPose& pose_in_body, MarkerSource source) {
  const auto index = static_cast<std::size_t>(body);
  const int link = tree.body_link[index];
  const RigidPose pose = constant_pose(tree, link, tree.body_in_link[index] * pose_in_body);
  marker_link_.push_back(link);
  marker_source.push_back(source);
  marker_offset_.insert(marker_offset_.end(), pose.position.data(), pose.position.data() + 3);
  marker_turn_.insert(marker_turn_.end(), pose.rotation.data(), pose.rotation.data() + 9);
  return static_cast<int>(marker_link_.size()) - 1;
}

int Packing::add_marker(int body, const mjtNum* pos, const mjtNum* quat) {
  return add_marker(body, pose_of(pos, quat));
}

void Packing::set_markers() {
  c.num_markers = static_cast<int>(marker_link_.size());
  set(c.marker_link, marker_link_);
  set(c.marker_offset, marker_offset_);
  set(c.marker_turn, marker_turn_);
}

ActuatorOrder actuator_order(const mjModel& m) {
  ActuatorOrder order;
  if ((m.opt.disableflags & mjDSBL_ACTUATION) != 0) return order;
  // A joint whose total force has a range, and that others than its own actuators drive too, has its sum made there.
  std::vector<char> is_shared(static_cast<std::size_t>(m.nv));
  for (int a = 0; a < m.nactuator; ++a) {
    if (is_scalar_joint(m, a) && !is_muscle(m, a)) continue;
    for (const int dof : moment_row(m, a).dofs) is_shared[static_cast<std::size_t>(dof)] = 1;
  }
  for (int a = 0; a < m.nactuator; ++a) {
    if (is_in_disabled_group(m, a)) continue;
    bool is_simple = is_scalar_joint(m, a) && !is_muscle(m, a);
    if (is_simple) {
      const int joint = m.actuator_trnid[2 * a], dof = m.jnt_dofadr[joint];
      const bool clamped = m.jnt_actfrclimited[joint] != 0;
      is_simple = !(clamped && (is_shared[static_cast<std::size_t>(dof)] != 0 || m.jnt_actgravcomp[joint] != 0));
    }
    (is_simple ? order.simple : order.general).push_back(a);
  }
  const auto dof = [&](int a) { return m.jnt_dofadr[m.actuator_trnid[2 * a]]; };
  std::stable_sort(order.simple.begin(), order.simple.end(), [&](int a, int b) { return dof(a) < dof(b); });
  return order;
}

void pack_tendons(Packing& p) {
  const mjModel& m = p.m;
  const Ints rowadr(m.ten_J_rowadr, m.ten_J_rowadr + m.ntendon), rownnz(m.ten_J_rownnz, m.ten_J_rownnz + m.ntendon);
  const Ints colind(m.ten_J_colind, m.ten_J_colind + m.nJten);
  const ByColumn columns = by_column(rowadr, rownnz, colind, static_cast<int>(m.nv));
  p.c.ntendon = static_cast<int>(m.ntendon);
  p.c.num_tendon_entries = static_cast<int>(m.nJten);
  p.set(p.c.ten_J_rowadr, rowadr);
  p.set(p.c.ten_J_rownnz, rownnz);
  p.set(p.c.ten_J_colind, colind);
  p.set(p.c.ten_dof_adr, columns.adr);
  p.set(p.c.ten_dof_entry, columns.entry);
  p.set(p.c.ten_dof_tendon, columns.row);
  pack_fixed_tendons(p);
  pack_segments(p);
  pack_tendon_passive(p);
}

void pack_general_actuators(Packing& p, const std::vector<int>& general) {
  const mjModel& m = p.m;
  Ints kind, target, second;
  Reals gear, rod, circle;
  for (const int a : general) {
    kind.push_back(transmission_kind(m, a));
    const mjtNum* gears = m.actuator_gear + 6 * m.actuator_outadr[a];
    gear.insert(gear.end(), gears, gears + 6);
    rod.push_back(m.actuator_cranklength[a]);
    circle.push_back(circle_of_setpoint(m, a));
    const int id = m.actuator_trnid[2 * a], other = m.actuator_trnid[2 * a + 1];
    const bool has_sites = kind.back() >= kernels::kSite;
    const bool is_joint = !has_sites && kind.back() != kernels::kTendon;
    target.push_back(has_sites ? marker_of_site(p, id) : is_joint ? m.jnt_qposadr[id] : id);
    second.push_back(has_sites && other >= 0 ? marker_of_site(p, other) : -1);
    if (has_slope(m, a) && m.opt.integrator == mjINT_IMPLICITFAST) p.c.has_implicit_rows = 1;
  }
  p.c.num_general = static_cast<int>(general.size());
  const bool by_actuators = std::any_of(m.jnt_actgravcomp, m.jnt_actgravcomp + m.njnt, [](auto b) { return b != 0; });
  p.c.has_lifted_dofs = by_actuators && m.ngravcomp > 0 && lifts(p) ? 1 : 0;
  p.set(p.c.general_kind, kind);
  p.set(p.c.general_target, target);
  p.set(p.c.general_second, second);
  p.set(p.c.general_gear, gear);
  p.set(p.c.general_rod, rod);
  p.set(p.c.general_circle, circle);
  pack_moments(p, general);
  pack_muscles(p, general);
  pack_clamps(p, general);
}

void pack_body_forces(Packing& p) {
  pack_fluid(p);
  pack_lift(p);
  p.c.has_link_forces = p.c.num_fluid_boxes + p.c.num_fluid_ellipsoids + p.c.num_lifted > 0 ? 1 : 0;
  pack_applied(p);
  Ints lone;
  for (int link = 0; link < static_cast<int>(p.tree.links.size()); ++link) {
    const int joint = p.m.body_jntadr[p.tree.links[static_cast<std::size_t>(link)].body];
    if (joint < 0) continue;
    const bool is_lone =
        p.m.jnt_type[joint] == mjJNT_FREE && p.tree.links[static_cast<std::size_t>(link)].children.empty();
    if (is_lone && p.c.integrator == kernels::Integrator::kImplicitFast) lone.push_back(link);
  }
  p.c.num_lone_bodies = static_cast<int>(lone.size());
  p.set(p.c.lone_link, lone);
}

}  // namespace lockstep
