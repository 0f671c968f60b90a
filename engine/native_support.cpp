// Compares a model with the list of what the native kernels support.
#include "engine/native_support.h"
#include "engine/contact_pairs.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include <mujoco/mujoco.h>

namespace lockstep {
namespace {

bool disabled(const mjModel& m, int flag) { return (m.opt.disableflags & flag) != 0; }

template <std::size_t N>
bool is_one_of(int value, const std::array<int, N>& list) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

bool any_nonzero(const mjtNum* values, long count) {
  return std::any_of(values, values + count, [](mjtNum x) { return x != 0; });
}

using Missing = std::vector<std::string>;

void check_options(const mjModel& m, Missing& missing) {
  constexpr std::array kIntegrators{int{mjINT_EULER}, int{mjINT_RK4}, int{mjINT_IMPLICITFAST}};
  if (!is_one_of(m.opt.integrator, kIntegrators))
    missing.emplace_back("this integrator (native: Euler, RK4, implicitfast)");
  constexpr int kKnownDisable = (1 << 20) - 1;
  if ((m.opt.disableflags & ~kKnownDisable) != 0) missing.emplace_back("an unknown disable flag");
  constexpr int kEnable = mjENBL_OVERRIDE | mjENBL_ENERGY | mjENBL_FWDINV | mjENBL_INVDISCRETE | mjENBL_SPECULATIVE;
  if ((m.opt.enableflags & mjENBL_SLEEP) != 0) missing.emplace_back("sleeping islands");
  if ((m.opt.enableflags & mjENBL_DIAGEXACT) != 0) missing.emplace_back("the exact constraint diagonal (diagexact)");
  if ((m.opt.enableflags & ~(kEnable | mjENBL_SLEEP | mjENBL_DIAGEXACT)) != 0) missing.emplace_back("an enable flag");
  const bool is_wet = m.opt.density != 0 || m.opt.viscosity != 0;
  if (is_wet && m.opt.integrator == mjINT_IMPLICITFAST) missing.emplace_back("fluid forces under implicitfast");
}

// A geom that a tendon may have to pass on its inside: its side site is in it, or may come to be.
bool may_pass_inside(const mjModel& m, int wrap) {
  if (m.wrap_type[wrap] != mjWRAP_SPHERE && m.wrap_type[wrap] != mjWRAP_CYLINDER) return false;
  const int site = static_cast<int>(m.wrap_prm[wrap]), geom = m.wrap_objid[wrap];
  if (m.wrap_prm[wrap] < 0) return false;
  if (m.site_bodyid[site] != m.geom_bodyid[geom]) return true;
  std::array<mjtNum, 3> offset{}, local{};
  mju_sub3(offset.data(), m.site_pos + 3 * site, m.geom_pos + 3 * geom);
  std::array<mjtNum, 4> back{};
  mju_negQuat(back.data(), m.geom_quat + 4 * geom);
  mju_rotVecQuat(local.data(), offset.data(), back.data());
  if (m.wrap_type[wrap] == mjWRAP_CYLINDER) local[2] = 0;
  return mju_norm3(local.data()) <= m.geom_size[3 * geom] * (1 + 1e-9);
}

bool has_mixed_signs(const mjtNum* solref) { return (solref[0] > 0) != (solref[1] > 0); }

void check_tendons(const mjModel& m, Missing& missing) {
  bool inside = false, plastic = false, solref = false;
  for (int k = 0; k < m.nwrap; ++k) inside |= may_pass_inside(m, k);
  for (int tendon = 0; tendon < m.ntendon; ++tendon) {
    plastic |= m.tendon_plasticadr[tendon] >= 0 || m.tendon_springyield[tendon] != 0;
    solref |= m.tendon_limited[tendon] != 0 && has_mixed_signs(m.tendon_solref_lim + mjNREF * tendon);
    solref |= m.tendon_frictionloss[tendon] != 0 && has_mixed_signs(m.tendon_solref_fri + mjNREF * tendon);
  }
  if (inside) missing.emplace_back("tendons with a side site inside the geom, or moving against it");
  if (plastic) missing.emplace_back("plastic tendons");
  if (solref) missing.emplace_back("a tendon's solref of mixed sign");
}

void check_equalities(const mjModel& m, Missing& missing) {
  if (disabled(m, mjDSBL_CONSTRAINT) || disabled(m, mjDSBL_EQUALITY)) return;
  bool type = false, solref = false;
  for (int e = 0; e < m.neq; ++e) {
    type |= m.eq_type[e] != mjEQ_JOINT && m.eq_type[e] != mjEQ_TENDON && m.eq_type[e] != mjEQ_CONNECT &&
            m.eq_type[e] != mjEQ_WELD;
    solref |= has_mixed_signs(m.eq_solref + mjNREF * e);
  }
  if (type) missing.emplace_back("equality constraints of flexes");
  if (solref) missing.emplace_back("an equality's solref of mixed sign");
}

void check_elements(const mjModel& m, Missing& missing) {
  const std::pair<mjtSize, const char*> must_be_absent[] = {
      {m.nflex, "flexes"},
      {m.nplugin, "plugins"},
      {m.nplastic, "plastic joints"},
  };
  for (const auto& [count, name] : must_be_absent) {
    if (count != 0) missing.emplace_back(name);
  }
  check_equalities(m, missing);
  for (std::string& feature : missing_contact_features(m)) missing.push_back(std::move(feature));
}

void check_joints(const mjModel& m, Missing& missing) {
  constexpr std::array kTypes{int{mjJNT_FREE}, int{mjJNT_BALL}, int{mjJNT_SLIDE}, int{mjJNT_HINGE}};
  bool type = false, followed_ball = false, solref = false, gravity = false;
  for (int joint = 0; joint < m.njnt; ++joint) {
    type |= !is_one_of(m.jnt_type[joint], kTypes);
    const int body = m.jnt_bodyid[joint];
    const bool is_last = joint + 1 == m.body_jntadr[body] + m.body_jntnum[body];
    followed_ball |= m.jnt_type[joint] == mjJNT_BALL && !is_last;
    const mjtNum* ref = m.jnt_solref + mjNREF * joint;
    solref |= m.jnt_limited[joint] && has_mixed_signs(ref);
    gravity |= m.jnt_actgravcomp[joint] != 0;
  }
  if (type) missing.emplace_back("a joint type (native: free, ball, slide, hinge)");
  if (followed_ball) missing.emplace_back("a ball joint followed by another joint of its body");
  if (solref) missing.emplace_back("a limit's solref of mixed sign");
  if (gravity && m.ngravcomp != 0 && disabled(m, mjDSBL_ACTUATION)) {
    missing.emplace_back("gravity compensation by actuators that are disabled");
  }
}

bool is_rotation_in_space(const mjModel& m, int actuator) {
  const int type = m.actuator_trntype[actuator];
  if (type == mjTRN_SITE) return m.actuator_trnid[2 * actuator + 1] >= 0;
  return (type == mjTRN_JOINT || type == mjTRN_JOINTINPARENT) &&
         m.jnt_type[m.actuator_trnid[2 * actuator]] == mjJNT_BALL;
}

void check_actuators(const mjModel& m, Missing& missing) {
  constexpr std::array kTransmissions{int{mjTRN_JOINT}, int{mjTRN_JOINTINPARENT}, int{mjTRN_TENDON}, int{mjTRN_SITE},
                                      int{mjTRN_SLIDERCRANK}};
  constexpr std::array kDynamics{int{mjDYN_NONE}, int{mjDYN_INTEGRATOR}, int{mjDYN_FILTER}, int{mjDYN_FILTEREXACT},
                                 int{mjDYN_MUSCLE}};
  constexpr std::array kGains{int{mjGAIN_FIXED}, int{mjGAIN_AFFINE}, int{mjGAIN_MUSCLE}};
  constexpr std::array kBiases{int{mjBIAS_NONE}, int{mjBIAS_AFFINE}, int{mjBIAS_MUSCLE}};
  bool transmission = false, wound = false, asleep = false, dynamics = false, gain = false, bias = false, shape = false,
       delay = false, reflected = false;
  for (int a = 0; a < m.nactuator; ++a) {
    transmission |= !is_one_of(m.actuator_trntype[a], kTransmissions);
    const bool on_joint = m.actuator_trntype[a] == mjTRN_JOINT || m.actuator_trntype[a] == mjTRN_JOINTINPARENT;
    const int type = on_joint ? m.jnt_type[m.actuator_trnid[2 * a]] : -1;
    const bool on_scalar = type == mjJNT_SLIDE || type == mjJNT_HINGE || m.actuator_trntype[a] == mjTRN_TENDON;
    wound |= is_rotation_in_space(m, a) && m.actuator_dyntype[a] != mjDYN_NONE;
    const int dyntype = m.actuator_dyntype[a];
    const int group = m.actuator_group[a];
    asleep |= m.actuator_actnum[a] != 0 && group >= 0 && group <= 30 && (m.opt.disableactuator & (1 << group)) != 0;
    dynamics |= !is_one_of(dyntype, kDynamics) || m.actuator_actnum[a] != (dyntype == mjDYN_NONE ? 0 : 1);
    gain |= !is_one_of(m.actuator_gaintype[a], kGains);
    bias |= !is_one_of(m.actuator_biastype[a], kBiases);
    shape |= m.actuator_ctrlnum[a] != 1 || m.actuator_outnum[a] != 1;
    delay |= m.actuator_delay[a] != 0 || m.actuator_historyadr[a] >= 0;
    reflected |= !on_scalar && (m.actuator_damping[a] != 0 || m.actuator_armature[a] != 0 ||
                                any_nonzero(m.actuator_dampingpoly + mjNPOLY * a, mjNPOLY));
  }
  if (transmission)
    missing.emplace_back("an actuator transmission (native: joint, jointinparent, tendon, site, slidercrank)");
  if (wound) missing.emplace_back("an actuator with activation on a rotation in space");
  if (asleep) missing.emplace_back("an actuator with activation in a disabled group");
  if (dynamics) missing.emplace_back("activation dynamics (native: none, integrator, filter, filterexact, muscle)");
  if (gain) missing.emplace_back("an actuator gain (native: fixed, affine, muscle)");
  if (bias) missing.emplace_back("an actuator bias (native: none, affine, muscle)");
  if (shape) missing.emplace_back("an actuator with several controls or outputs");
  if (delay) missing.emplace_back("delayed actuators");
  if (reflected)
    missing.emplace_back("damping or armature of actuators on other things than hinges, slides and tendons");
}

}  // namespace

std::vector<std::string> missing_native_features(const mjModel& m) {
  Missing missing;
  check_options(m, missing);
  check_elements(m, missing);
  check_tendons(m, missing);
  check_joints(m, missing);
  check_actuators(m, missing);
  return missing;
}

}  // namespace lockstep
