// Compares a model with the list of what the native kernels support.
#include "engine/native_support.h"
#include "engine/contact_pairs.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include <fmt/format.h>
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

// The elements of one kind that have a feature which the kernels lack.
class Offenders {
 public:
  void note(bool lacks, int id) {
    if (!lacks) return;
    if (count_ == 0) first_ = id;
    ++count_;
  }
  // "feature (joint 'knee' and 2 more)", where there is any.
  void report(const mjModel& m, mjtObj kind, const char* feature, Missing& missing) const {
    if (count_ == 0) return;
    const std::string others = count_ > 1 ? fmt::format(" and {} more", count_ - 1) : "";
    missing.push_back(fmt::format("{} ({}{})", feature, element_name(m, kind, first_), others));
  }

 private:
  int first_ = -1, count_ = 0;
};

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
  Offenders inside, plastic, solref;
  for (int t = 0; t < m.ntendon; ++t) {
    bool passes = false;
    for (int k = m.tendon_adr[t]; k < m.tendon_adr[t] + m.tendon_num[t]; ++k) passes |= may_pass_inside(m, k);
    inside.note(passes, t);
    plastic.note(m.tendon_plasticadr[t] >= 0 || m.tendon_springyield[t] != 0, t);
    solref.note((m.tendon_limited[t] != 0 && has_mixed_signs(m.tendon_solref_lim + mjNREF * t)) ||
                    (m.tendon_frictionloss[t] != 0 && has_mixed_signs(m.tendon_solref_fri + mjNREF * t)),
                t);
  }
  inside.report(m, mjOBJ_TENDON, "tendons with a side site inside the geom, or moving against it", missing);
  plastic.report(m, mjOBJ_TENDON, "plastic tendons", missing);
  solref.report(m, mjOBJ_TENDON, "a tendon's solref of mixed sign", missing);
}

void check_equalities(const mjModel& m, Missing& missing) {
  if (disabled(m, mjDSBL_CONSTRAINT) || disabled(m, mjDSBL_EQUALITY)) return;
  constexpr std::array kTypes{int{mjEQ_CONNECT}, int{mjEQ_WELD}, int{mjEQ_JOINT}, int{mjEQ_TENDON}};
  Offenders type, solref;
  for (int e = 0; e < m.neq; ++e) {
    type.note(!is_one_of(m.eq_type[e], kTypes), e);
    solref.note(has_mixed_signs(m.eq_solref + mjNREF * e), e);
  }
  type.report(m, mjOBJ_EQUALITY, "an equality constraint (native: connect, weld, joint, tendon)", missing);
  solref.report(m, mjOBJ_EQUALITY, "an equality's solref of mixed sign", missing);
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
  Offenders type, followed_ball, solref;
  bool gravity = false;
  for (int joint = 0; joint < m.njnt; ++joint) {
    type.note(!is_one_of(m.jnt_type[joint], kTypes), joint);
    const int body = m.jnt_bodyid[joint];
    const bool is_last = joint + 1 == m.body_jntadr[body] + m.body_jntnum[body];
    followed_ball.note(m.jnt_type[joint] == mjJNT_BALL && !is_last, joint);
    solref.note(m.jnt_limited[joint] && has_mixed_signs(m.jnt_solref + mjNREF * joint), joint);
    gravity |= m.jnt_actgravcomp[joint] != 0;
  }
  type.report(m, mjOBJ_JOINT, "a joint type (native: free, ball, slide, hinge)", missing);
  followed_ball.report(m, mjOBJ_JOINT, "a ball joint followed by another joint of its body", missing);
  solref.report(m, mjOBJ_JOINT, "a limit's solref of mixed sign", missing);
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

// Whether an actuator's length is that of a hinge, a slide or a tendon.
bool moves_one_number(const mjModel& m, int actuator) {
  const int transmission = m.actuator_trntype[actuator];
  if (transmission == mjTRN_TENDON) return true;
  if (transmission != mjTRN_JOINT && transmission != mjTRN_JOINTINPARENT) return false;
  const int type = m.jnt_type[m.actuator_trnid[2 * actuator]];
  return type == mjJNT_SLIDE || type == mjJNT_HINGE;
}

void check_actuators(const mjModel& m, Missing& missing) {
  constexpr std::array kTransmissions{int{mjTRN_JOINT}, int{mjTRN_JOINTINPARENT}, int{mjTRN_TENDON}, int{mjTRN_SITE},
                                      int{mjTRN_SLIDERCRANK}};
  constexpr std::array kDynamics{int{mjDYN_NONE}, int{mjDYN_INTEGRATOR}, int{mjDYN_FILTER}, int{mjDYN_FILTEREXACT},
                                 int{mjDYN_MUSCLE}};
  constexpr std::array kGains{int{mjGAIN_FIXED}, int{mjGAIN_AFFINE}, int{mjGAIN_MUSCLE}};
  constexpr std::array kBiases{int{mjBIAS_NONE}, int{mjBIAS_AFFINE}, int{mjBIAS_MUSCLE}};
  Offenders transmission, wound, asleep, dynamics, gain, bias, shape, delay, reflected;
  for (int a = 0; a < m.nactuator; ++a) {
    transmission.note(!is_one_of(m.actuator_trntype[a], kTransmissions), a);
    const int dyntype = m.actuator_dyntype[a], group = m.actuator_group[a];
    wound.note(is_rotation_in_space(m, a) && dyntype != mjDYN_NONE, a);
    asleep.note(m.actuator_actnum[a] != 0 && group >= 0 && group <= 30 && (m.opt.disableactuator & (1 << group)) != 0,
                a);
    dynamics.note(!is_one_of(dyntype, kDynamics) || m.actuator_actnum[a] != (dyntype == mjDYN_NONE ? 0 : 1), a);
    gain.note(!is_one_of(m.actuator_gaintype[a], kGains), a);
    bias.note(!is_one_of(m.actuator_biastype[a], kBiases), a);
    shape.note(m.actuator_ctrlnum[a] != 1 || m.actuator_outnum[a] != 1, a);
    delay.note(m.actuator_delay[a] != 0 || m.actuator_historyadr[a] >= 0, a);
    reflected.note(!moves_one_number(m, a) && (m.actuator_damping[a] != 0 || m.actuator_armature[a] != 0 ||
                                               any_nonzero(m.actuator_dampingpoly + mjNPOLY * a, mjNPOLY)),
                   a);
  }
  const auto report = [&](const Offenders& offenders, const char* feature) {
    offenders.report(m, mjOBJ_ACTUATOR, feature, missing);
  };
  report(transmission, "an actuator transmission (native: joint, jointinparent, tendon, site, slidercrank)");
  report(wound, "an actuator with activation on a rotation in space");
  report(asleep, "an actuator with activation in a disabled group");
  report(dynamics, "activation dynamics (native: none, integrator, filter, filterexact, muscle)");
  report(gain, "an actuator gain (native: fixed, affine, muscle)");
  report(bias, "an actuator bias (native: none, affine, muscle)");
  report(shape, "an actuator with several controls or outputs");
  report(delay, "delayed actuators");
  report(reflected, "damping or armature of actuators on other things than hinges, slides and tendons");
}

}  // namespace

std::string element_name(const mjModel& m, int kind, int id) {
  const auto type = static_cast<mjtObj>(kind);
  const char* const name = mj_id2name(&m, type, id);
  if (name != nullptr) return fmt::format("{} '{}'", mju_type2Str(type), name);
  return fmt::format("{} {}", mju_type2Str(type), id);
}

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
