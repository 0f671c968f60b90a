// Runs the stages of native physics on the scalar kernels, and whole steps on those of this machine's instruction set.
#include "apps/model_check.h"
#include "apps/control_range.h"
#include "apps/converged_model.h"
#include "apps/native_acceleration.h"
#include "engine/batch.h"
#include "engine/contact_pairs.h"
#include "engine/isa.h"
#include "engine/native_support.h"
#include "kernels/philox.h"
#include "kernels/poses.h"
#include "kernels/sensors.h"
#include "kernels/team.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <mujoco/mujoco.h>

namespace lockstep::apps {
namespace {

// Rounding of a chain of some thousand operations, with room for ill-conditioned mass matrices, and the constraint
// solver's tolerance on top; float has 2^29 times the rounding of double but is used on the same states.
constexpr double kAllowedStage = 1e-9, kAllowedAcceleration = 1e-6, kAllowedSensors = 1e-8, kAllowedStep = 1e-8,
                 kAllowedFloat = 1e-2;
constexpr double kAllowedFloatAcceleration = 1e-3, kFloatShare = 0.999;  // of that share of the states

using MjData = std::unique_ptr<mjData, decltype(&mj_deleteData)>;

double largest_entry(std::span<const double> x) {
  double largest = 0;
  for (const double entry : x) largest = std::max(largest, std::abs(entry));
  return largest;
}

double relative_deviation(std::span<const double> ours, std::span<const double> theirs, double least_scale) {
  double largest = 0;
  for (std::size_t i = 0; i < theirs.size(); ++i) {
    const double difference = std::abs(ours[i] - theirs[i]);
    if (!(difference <= largest)) largest = difference;  // keeps NaN
  }
  const double scale = std::max(largest_entry(theirs), least_scale);
  return scale > 0 ? largest / scale : largest;
}

constexpr double kReported = std::numeric_limits<double>::infinity();

class Deviations {
 public:
  // Whether the contacts of the state at hand are defined only to ccd_tolerance (has_iterative_contact).
  void set_iterative(bool iterative) { iterative_ = iterative; }

  // The scale is the largest entry of MuJoCo's array.
  void add(const std::string& stage, std::span<const double> ours, std::span<const double> theirs) {
    add(stage, relative_deviation(ours, theirs, 0), kAllowedStage);
  }
  // Of a stage that contacts have a part in: apart, and not judged, where those are not defined.
  void add_with_contacts(const std::string& stage, double deviation, double allowed) {
    add(iterative_ ? stage + ", iterative contacts" : stage, deviation, iterative_ ? kReported : allowed);
  }
  void add(const std::string& stage, double deviation, double allowed) {
    const auto known = std::find_if(list_.begin(), list_.end(), [&](const auto& d) { return d.stage == stage; });
    if (known == list_.end()) {
      list_.push_back({stage, deviation, allowed});
    } else if (!(deviation <= known->deviation)) {
      known->deviation = deviation;
    }
  }
  [[nodiscard]] std::vector<StageDeviation> list() const { return list_; }

 private:
  std::vector<StageDeviation> list_;
  bool iterative_ = false;
};

std::span<const double> numbers(const mjtNum* data, mjtSize count) { return {data, static_cast<std::size_t>(count)}; }

// A random state in d: from qpos0 along a random velocity, so that quaternions stay normal.
void randomise(const mjModel& m, mjData* d, std::uint64_t seed, int state) {
  mj_resetData(&m, d);
  const kernels::RandomStream stream{.seed = seed, .stream = 3};
  std::uint32_t index = 0;
  const auto normal = [&] { return kernels::normal<double>(stream, static_cast<std::uint32_t>(state), 0, index++); };
  for (mjtSize i = 0; i < m.nv; ++i) d->qvel[i] = normal();
  mj_integratePos(&m, d->qpos, d->qvel, 1);
  for (mjtSize i = 0; i < m.nv; ++i) d->qvel[i] = normal();
  for (mjtSize i = 0; i < m.nu; ++i) {
    const auto [low, high, home] = control_range(m, static_cast<int>(i));
    d->ctrl[i] = std::clamp(0.5 * (low + high) + 0.25 * (high - low) * normal(), low, high);
  }
  for (mjtSize i = 0; i < m.na; ++i) d->act[i] = 0.3 * normal();
}

// What accelerations are compared by: what forces alone would do counts too, since what constraints do to it may
// cancel.
double acceleration_scale(const mjModel& m, const mjData& d) { return largest_entry(numbers(d.qacc_smooth, m.nv)); }

// Pairs whose contacts MuJoCo finds by iteration, to ccd_tolerance: no other search finds the same points to rounding.
// Of a height field each prism is searched so.
bool is_iterative(int first, int second) {
  if (first > second) std::swap(first, second);
  if (first == mjGEOM_PLANE) return false;
  if (first == mjGEOM_HFIELD || first == mjGEOM_ELLIPSOID || second == mjGEOM_ELLIPSOID) return true;
  return first == mjGEOM_CYLINDER || (second == mjGEOM_CYLINDER && first != mjGEOM_SPHERE);
}

// Whether MuJoCo's own answer depends on such a contact: its deviation is then reported, not judged.
bool has_iterative_contact(const mjModel& m, const mjData& d) {
  return std::any_of(d.contact, d.contact + d.ncon, [&](const mjContact& contact) {
    return is_iterative(m.geom_type[contact.geom[0]], m.geom_type[contact.geom[1]]);
  });
}

// The forces of all constraints if qacc were qacc_smooth: d.qfrc_constraint.
void constraint_forces_of_mujoco(const mjModel& m, mjData& d) {
  std::vector<double> jar(static_cast<std::size_t>(d.nefc));
  mj_mulJacVec(&m, &d, jar.data(), d.qacc_smooth);
  for (std::size_t row = 0; row < jar.size(); ++row) jar[row] -= d.efc_aref[row];
  mju_zero(d.qfrc_constraint, static_cast<int>(m.nv));
  if (d.nefc > 0) mj_constraintUpdate(&m, &d, jar.data(), nullptr, 0);
}

// One world of the model on the scalar kernels.
class ScalarWorld {
 public:
  explicit ScalarWorld(const Model& model)
      : model_(model),
        layout_(model.state_layout()),
        state_(static_cast<std::size_t>(layout_.size)),
        arena_(static_cast<std::size_t>(model.scratch_size())) {}

  void set(const mjData& d) {
    const auto put = [&](int field, const mjtNum* source, int count) {
      std::copy_n(source, count, state_.data() + field);
    };
    put(layout_.qpos, d.qpos, model_.nq());
    put(layout_.qvel, d.qvel, model_.nv());
    put(layout_.act, d.act, model_.na());
    put(layout_.ctrl, d.ctrl, model_.nu());
    put(layout_.qacc_warmstart, d.qacc_warmstart, model_.nv());
    put(layout_.mocap_pos, d.mocap_pos, 3 * model_.constants<double>().nmocap);
    put(layout_.mocap_quat, d.mocap_quat, 4 * model_.constants<double>().nmocap);
    state_[static_cast<std::size_t>(layout_.time)] = d.time;
  }
  void compare_poses(const mjData& d, Deviations& deviations) {
    std::vector<double> xpos(static_cast<std::size_t>(3 * model_.nbody())), xmat(3 * xpos.size());
    kernels::poses(model_.constants<double>(), block(), arena_.data(), xpos.data(), xmat.data(), kernels::Solo{});
    deviations.add("xpos", xpos, numbers(d.xpos, 3 * model_.nbody()));
    deviations.add("xmat", xmat, numbers(d.xmat, 9 * model_.nbody()));
  }
  void compare_forces(const mjData& d, Deviations& deviations) {
    const auto& constants = model_.constants<double>();
    if (constants.planar != 0) {
      compare_forces_in<kernels::Planar>(constants, d, deviations);
    } else {
      compare_forces_in<kernels::Spatial>(constants, d, deviations);
    }
  }
  // `d` is left with the forces of its constraints at qacc_smooth.
  void compare_constraints(mjData& d, Deviations& deviations) {
    const auto& c = model_.constants<double>();
    if (c.has_constraints == 0) return;
    constraint_forces_of_mujoco(*model_.mj(), d);
    const std::vector<double> ours = c.planar != 0 ? constraint_forces<kernels::Planar>(c, d.qacc_smooth)
                                                   : constraint_forces<kernels::Spatial>(c, d.qacc_smooth);
    deviations.add_with_contacts("qfrc_constraint",
                                 relative_deviation(ours, numbers(d.qfrc_constraint, model_.nv()), 0), kAllowedStage);
  }
  void compare_acceleration(const mjData& d, Deviations& deviations) {
    std::vector<double> qacc(static_cast<std::size_t>(model_.nv()));
    kernels::acceleration(model_.constants<double>(), block(), arena_.data(), qacc.data(), kernels::Solo{});
    deviations.add_with_contacts(
        "qacc", relative_deviation(qacc, numbers(d.qacc, model_.nv()), acceleration_scale(*model_.mj(), d)),
        kAllowedAcceleration);
  }
  // Those that the kernels have; the others read as not-a-number.
  void compare_sensors(const mjData& d, Deviations& deviations) {
    const auto& c = model_.constants<double>();
    std::vector<double> ours(static_cast<std::size_t>(c.nsensordata)), theirs(ours.size());
    kernels::sensors(c, block(), arena_.data(), ours.data(), kernels::Solo{});
    for (int sensor = 0; sensor < c.num_sensors; ++sensor) {
      const auto adr = static_cast<std::size_t>(c.sensor_adr[sensor]);
      const auto dim = static_cast<std::size_t>(c.sensor_dim[sensor]);
      const bool known = c.sensor_kind[sensor] != kernels::kForeignSensor;
      if (known) std::copy_n(d.sensordata + adr, dim, theirs.data() + adr);
      if (!known) std::fill_n(ours.data() + adr, dim, 0.0);
    }
    if (c.num_sensors > 0) {
      deviations.add_with_contacts("sensordata", relative_deviation(ours, theirs, 0), kAllowedSensors);
    }
  }

 private:
  kernels::StateBlock<double> block() { return {state_.data(), 1}; }

  template <class Geometry>
  void compare_forces_in(const kernels::ModelConstants<double>& c, const mjData& d, Deviations& deviations) {
    const kernels::Solo team;
    const kernels::Workspace<Geometry, double> w(c, arena_.data());
    const int nv = model_.nv();
    load_state(c, w, block(), team);
    mass_and_bias(c, w, team);
    compare_mass(c, w.mass_rows, d, deviations);
    if (c.ntendon > 0) {
      deviations.add("ten_length", numbers(w.ten_length, c.ntendon), numbers(d.ten_length, c.ntendon));
      deviations.add("ten_velocity", numbers(w.ten_velocity, c.ntendon), numbers(d.ten_velocity, c.ntendon));
      deviations.add("ten_J", numbers(w.ten_J, c.num_tendon_entries), numbers(d.ten_J, c.num_tendon_entries));
    }
    std::vector<double> force(static_cast<std::size_t>(nv));
    const auto take = [&](double sign) {
      for (int dof = 0; dof < nv; ++dof) force[static_cast<std::size_t>(dof)] = sign * w.qfrc[dof];
      std::fill_n(w.qfrc, nv, 0.0);
    };
    take(-1);
    deviations.add("qfrc_bias", force, numbers(d.qfrc_bias, nv));
    add_passive(c, w, team);
    take(1);
    deviations.add("qfrc_passive", force, numbers(d.qfrc_passive, nv));
    add_actuation(c, w, static_cast<double*>(nullptr), team);
    take(1);
    deviations.add("qfrc_actuator", force, numbers(d.qfrc_actuator, nv));
    if (model_.na() > 0) {
      deviations.add("act_dot", numbers(w.act_dot, model_.na()), numbers(d.act_dot, model_.na()));
    }
  }
  // [nv] the same from the kernels' rows.
  template <class Geometry>
  std::vector<double> constraint_forces(const kernels::ModelConstants<double>& c, const double* qacc) {
    const kernels::Solo team;
    const kernels::Workspace<Geometry, double> w(c, arena_.data());
    std::vector<double> force(static_cast<std::size_t>(model_.nv()));
    load_state(c, w, block(), team);
    smooth_forces(c, w, team);
    if (!find_constraints(c, w, team)) return force;
    std::copy_n(qacc, model_.nv(), w.rows.solution);
    plan_hessian(c, w);
    start_rows(c, w, team);
    // The gradient of the cost is M qacc - qfrc_smooth - qfrc_constraint: the first two are set to zero.
    std::fill_n(w.rows.Ma, model_.nv(), 0.0);
    std::fill_n(w.qfrc, model_.nv(), 0.0);
    write_newton_system(c, w, team);
    std::transform(w.rows.gradient, w.rows.gradient + model_.nv(), force.begin(), std::negate<>{});
    return force;
  }
  void compare_mass(const kernels::ModelConstants<double>& c, const double* rows, const mjData& d,
                    Deviations& deviations) const {
    const int nv = model_.nv();
    std::vector<double> theirs(static_cast<std::size_t>(nv * nv)), ours(theirs.size());
    mj_fullM(model_.mj(), const_cast<mjData*>(&d), theirs.data());  // reads it
    for (int dof = 0; dof < nv; ++dof) {
      for (int t = 0; t <= c.dof_depth[dof]; ++t) {
        const int entry = c.dof_row[dof] + 1 + t, ancestor = c.dof_ancestor[entry];
        ours[static_cast<std::size_t>(dof * nv + ancestor)] = rows[entry];
        ours[static_cast<std::size_t>(ancestor * nv + dof)] = rows[entry];
      }
    }
    deviations.add("M", ours, theirs);
  }

  const Model& model_;
  kernels::StateLayout layout_;
  HostBuffer<double> state_, arena_;
};

// The states after one step of mj_step and of a batch on this machine's kernels.
void compare_steps(const std::shared_ptr<const Model>& model, int states, std::uint64_t seed, Precision precision,
                   Deviations& deviations) {
  const auto reference = converged(*model->mj());
  const mjModel& m = *reference;
  const MjData d(mj_makeData(&m), mj_deleteData);
  const auto batch = Batch::make(model, {.num_worlds = states, .backend = "cpu", .precision = precision});
  for (int state = 0; state < states; ++state) {
    randomise(m, d.get(), seed, state);
    batch->set_state(state, numbers(d->qpos, m.nq), numbers(d->qvel, m.nv), numbers(d->act, m.na));
    batch->set_ctrl(state, numbers(d->ctrl, m.nu));
  }
  batch->step(1);
  const bool is_float = precision == Precision::kFloat;
  const std::string suffix = is_float ? " after a step, float" : " after a step";
  const double allowed = is_float ? kAllowedFloat : kAllowedStep;
  std::vector<double> qpos(static_cast<std::size_t>(m.nq)), qvel(static_cast<std::size_t>(m.nv)),
      act(static_cast<std::size_t>(m.na));
  for (int state = 0; state < states; ++state) {
    randomise(m, d.get(), seed, state);
    mj_step(&m, d.get());
    batch->get_state(state, qpos, qvel, act);
    deviations.set_iterative(has_iterative_contact(m, *d));
    const auto compare = [&](const char* name, std::span<const double> ours, std::span<const double> theirs) {
      deviations.add_with_contacts(name + suffix, relative_deviation(ours, theirs, 0), allowed);
    };
    compare("qpos", qpos, numbers(d->qpos, m.nq));
    compare("qvel", qvel, numbers(d->qvel, m.nv));
    if (m.na > 0) compare("act", act, numbers(d->act, m.na));
  }
}

// Rounds a state to numbers that float holds too.
void round_to_float(const mjModel& m, mjData& d) {
  const auto round = [](mjtNum* numbers_of_it, mjtSize count) {
    std::transform(numbers_of_it, numbers_of_it + count, numbers_of_it,
                   [](double x) { return static_cast<double>(static_cast<float>(x)); });
  };
  round(d.qpos, m.nq);
  round(d.qvel, m.nv);
  round(d.act, m.na);
  round(d.ctrl, m.nu);
}

// The accelerations of this machine's float kernels against MuJoCo's in double at the same states: the deviation that
// all but one state in a thousand stay below.
void compare_float_accelerations(const Model& model, int states, std::uint64_t seed, Deviations& deviations) {
  const auto reference = converged(*model.mj());
  const mjModel& m = *reference;
  const MjData d(mj_makeData(&m), mj_deleteData);
  const auto& native = physics_kernels<float>(chosen_isa());
  BatchState worlds(m, {.num_worlds = states, .precision = Precision::kFloat}, native.lanes);
  std::vector<double> expected, scales;
  std::vector<bool> judged;
  for (int state = 0; state < states; ++state) {
    randomise(m, d.get(), seed, state);
    round_to_float(m, *d);
    worlds.set_state(state, numbers(d->qpos, m.nq), numbers(d->qvel, m.nv), numbers(d->act, m.na));
    worlds.set_ctrl(state, numbers(d->ctrl, m.nu));
    mj_forward(&m, d.get());
    expected.insert(expected.end(), d->qacc, d->qacc + m.nv);
    scales.push_back(acceleration_scale(m, *d));
    judged.push_back(!has_iterative_contact(m, *d));
  }
  const std::vector<double> ours = native_acceleration(model, native, worlds);
  const auto nv = static_cast<std::size_t>(m.nv);
  std::vector<double> relative;
  for (std::size_t state = 0; state < scales.size(); ++state) {
    if (!judged[state]) continue;
    relative.push_back(relative_deviation(std::span(ours).subspan(state * nv, nv),
                                          std::span(expected).subspan(state * nv, nv), scales[state]));
  }
  std::sort(relative.begin(), relative.end());
  if (relative.empty()) return;
  const auto rank = static_cast<std::size_t>(std::ceil(kFloatShare * static_cast<double>(relative.size()))) - 1;
  deviations.add("qacc, float, of 99.9 %", relative[rank], kAllowedFloatAcceleration);
}

std::string plural(std::string_view name) {
  if (name == "equality") return "equalities";
  if (name == "dof with friction loss") return "dofs with friction loss";
  if (name.starts_with("pair of")) return "pairs" + std::string(name.substr(4));
  return std::string(name) + "s";
}

// What the model has of the things that the kernels support in all their kinds.
std::vector<std::string> native_features(const mjModel& m, const std::vector<std::string>& missing) {
  std::vector<std::string> features;
  const auto add = [&](long count, std::string_view name) {
    if (count > 0) features.push_back(fmt::format("{} {}", count, count == 1 ? std::string(name) : plural(name)));
  };
  const auto joints = [&](int type) { return std::count(m.jnt_type, m.jnt_type + m.njnt, type); };
  add(joints(mjJNT_FREE), "free joint");
  add(joints(mjJNT_BALL), "ball joint");
  add(joints(mjJNT_SLIDE), "slide joint");
  add(joints(mjJNT_HINGE), "hinge joint");
  const auto nonzero = [](const mjtNum* values, mjtSize count) {
    return std::count_if(values, values + count, [](mjtNum x) { return x != 0; });
  };
  const bool limits = (m.opt.disableflags & (mjDSBL_CONSTRAINT | mjDSBL_LIMIT)) == 0;
  add(limits ? std::count_if(m.jnt_limited, m.jnt_limited + m.njnt, [](auto b) { return b != 0; }) : 0, "joint limit");
  add(nonzero(m.jnt_stiffness, m.njnt), "spring");
  add(nonzero(m.dof_damping, m.nv), "damper");
  add(nonzero(m.dof_armature, m.nv), "armature");
  add(nonzero(m.body_gravcomp, m.nbody), "gravity compensation");
  add(m.nmocap, "mocap pose");
  const auto lacks = [&](std::string_view word) {
    return std::any_of(missing.begin(), missing.end(),
                       [&](const std::string& text) { return text.find(word) != std::string::npos; });
  };
  if (!lacks("contacts")) add(static_cast<long>(contact_pairs(m).size()), "pair of geoms that may touch");
  const bool constrained = (m.opt.disableflags & mjDSBL_CONSTRAINT) == 0;
  if (constrained) add(nonzero(m.dof_frictionloss, m.nv), "dof with friction loss");
  if (constrained && !lacks("equality")) add(m.neq, "equality");
  if (m.opt.solver != mjSOL_NEWTON) {
    features.push_back(
        fmt::format("solver {}: solved by Newton, to the optimum", m.opt.solver == mjSOL_PGS ? "PGS" : "CG"));
  }
  if (!lacks("tendon")) add(m.ntendon, "tendon");
  if (!lacks("fluid") && (m.opt.density != 0 || m.opt.viscosity != 0)) features.emplace_back("fluid forces");
  if (!lacks("actuator") && !lacks("activation")) add(m.nactuator, "actuator");
  if (!lacks("integrator")) {
    features.emplace_back(m.opt.integrator == mjINT_RK4     ? "integrator RK4"
                          : m.opt.integrator == mjINT_EULER ? "integrator Euler"
                                                            : "integrator implicitfast");
  }
  return features;
}

}  // namespace

bool ModelCheck::passed() const {
  return std::all_of(stages.begin(), stages.end(), [](const StageDeviation& s) { return s.passed(); });
}

ModelCheck check_model(const std::shared_ptr<const Model>& model, int states, std::uint64_t seed) {
  ModelCheck check{.model = model->name(),
                   .native = model->is_native(),
                   .native_features = native_features(*model->mj(), model->native_support()),
                   .fallback_features = model->native_support(),
                   .silent_sensors = missing_native_sensors(*model->mj()),
                   .stages = {},
                   .states = states};
  if (!check.native) return check;
  Deviations deviations;
  const auto reference = converged(*model->mj());
  const MjData d(mj_makeData(reference.get()), mj_deleteData);
  ScalarWorld world(*model);
  for (int state = 0; state < states; ++state) {
    randomise(*reference, d.get(), seed, state);
    mj_forward(reference.get(), d.get());
    const bool iterative = has_iterative_contact(*reference, *d);
    check.iterative_states += iterative ? 1 : 0;
    deviations.set_iterative(iterative);
    world.set(*d);
    world.compare_poses(*d, deviations);
    world.compare_forces(*d, deviations);
    world.compare_constraints(*d, deviations);
    world.compare_acceleration(*d, deviations);
    world.compare_sensors(*d, deviations);
  }
  compare_float_accelerations(*model, states, seed, deviations);
  compare_steps(model, states, seed, Precision::kDouble, deviations);
  compare_steps(model, states, seed, Precision::kFloat, deviations);
  check.stages = deviations.list();
  return check;
}

}  // namespace lockstep::apps
