// Runs the stages of native physics on the scalar kernels, and whole steps on those of this machine's instruction set.
#include "apps/model_check.h"
#include "apps/control_range.h"
#include "apps/converged_model.h"
#include "apps/iterative_contacts.h"
#include "apps/native_acceleration.h"
#include "apps/scalar_world.h"
#include "engine/batch.h"
#include "engine/contact_pairs.h"
#include "engine/isa.h"
#include "engine/native_support.h"
#include "kernels/philox.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <mujoco/mujoco.h>

namespace lockstep::apps {
namespace {

// After one step; float has 2^29 times the rounding of double but is used on the same states.
constexpr double kAllowedStep = 1e-8, kAllowedFloat = 1e-2;
constexpr double kAllowedFloatAcceleration = 1e-3;

using MjData = std::unique_ptr<mjData, decltype(&mj_deleteData)>;

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
  if (relative.empty()) return;
  deviations.add("qacc, float, of 99.9 %", most_of(std::move(relative)), kAllowedFloatAcceleration);
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
    if (iterative) world.compare_on_contacts_of_mujoco(*d, deviations);
  }
  compare_float_accelerations(*model, states, seed, deviations);
  compare_steps(model, states, seed, Precision::kDouble, deviations);
  compare_steps(model, states, seed, Precision::kFloat, deviations);
  check.stages = deviations.list();
  return check;
}

}  // namespace lockstep::apps
