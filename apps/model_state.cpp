// Reads the JSON, checks it against the model, and runs one world of the compiled kernels.
#include "apps/model_state.h"
#include "engine/backends.h"
#include "engine/batch_state.h"
#include "engine/error.h"
#include "engine/isa.h"
#include "engine/physics_kernels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <span>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <mujoco/mujoco.h>
#include <nlohmann/json.hpp>

namespace lockstep::apps {
namespace {

struct Field {
  const char* name;
  std::vector<double> ModelState::*numbers;
  std::size_t size;
};

std::array<Field, 8> fields_of(const Model& model) {
  const auto size = [](mjtSize count) { return static_cast<std::size_t>(count); };
  const mjModel& m = *model.mj();
  return {{{"qpos", &ModelState::qpos, size(m.nq)},
           {"qvel", &ModelState::qvel, size(m.nv)},
           {"act", &ModelState::act, size(m.na)},
           {"ctrl", &ModelState::ctrl, size(m.nu)},
           {"mocap_pos", &ModelState::mocap_pos, size(3 * m.nmocap)},
           {"mocap_quat", &ModelState::mocap_quat, size(4 * m.nmocap)},
           {"qfrc_applied", &ModelState::qfrc_applied, size(m.nv)},
           {"xfrc_applied", &ModelState::xfrc_applied, size(6 * m.nbody)}}};
}

ModelState initial_state(const Model& model) {
  const mjModel& m = *model.mj();
  const std::unique_ptr<mjData, decltype(&mj_deleteData)> d(mj_makeData(&m), mj_deleteData);
  const auto copy = [](const mjtNum* numbers, mjtSize count) { return std::vector<double>(numbers, numbers + count); };
  return {.qpos = copy(d->qpos, m.nq),
          .qvel = copy(d->qvel, m.nv),
          .act = copy(d->act, m.na),
          .ctrl = copy(d->ctrl, m.nu),
          .mocap_pos = copy(d->mocap_pos, 3 * m.nmocap),
          .mocap_quat = copy(d->mocap_quat, 4 * m.nmocap),
          .qfrc_applied = copy(d->qfrc_applied, m.nv),
          .xfrc_applied = copy(d->xfrc_applied, 6 * m.nbody)};
}

std::vector<double> read_numbers(const nlohmann::json& value, const Field& field, const std::string& where) {
  if (!value.is_array() || value.size() != field.size) {
    throw Error(fmt::format("{} is {}", field.name,
                            value.is_array() ? fmt::format("an array of {} numbers", value.size()) : "no array"),
                where, fmt::format("give an array of {} numbers, as the model has", field.size));
  }
  std::vector<double> numbers;
  numbers.reserve(field.size);
  for (const nlohmann::json& number : value) {
    if (!number.is_number() || !std::isfinite(number.get<double>())) {
      throw Error(fmt::format("{}[{}] is {}, no finite number", field.name, numbers.size(), number.dump()), where,
                  "give finite numbers");
    }
    numbers.push_back(number.get<double>());
  }
  return numbers;
}

nlohmann::json parse(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) throw Error("the state file cannot be read", file.string(), "check the path");
  nlohmann::json json = nlohmann::json::parse(in, nullptr, false);
  if (json.is_discarded() || !json.is_object()) {
    throw Error("the state file is no JSON object", file.string(),
                R"(write one like {"qpos": [0, 1], "qvel": [0, 0], "ctrl": [0.5], "steps": 10})");
  }
  return json;
}

}  // namespace

ModelState read_model_state(const std::filesystem::path& file, const Model& model) {
  const nlohmann::json json = parse(file);
  ModelState state = initial_state(model);
  const auto fields = fields_of(model);
  for (const auto& [key, value] : json.items()) {
    if (key == "steps") {
      if (!value.is_number_integer() || value.get<long>() < 0 || value.get<long>() > 1'000'000) {
        throw Error(fmt::format("steps is {}", value.dump()), file.string(), "give a whole number from 0 to 1000000");
      }
      state.steps = value.get<int>();
      continue;
    }
    const auto field = std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return key == f.name; });
    if (field == fields.end()) {
      std::vector<std::string> names{"steps"};
      for (const Field& f : fields) names.emplace_back(f.name);
      const std::string near = nearest_name(key, names);
      throw Error(
          fmt::format("unknown key '{}'", key), file.string(),
          near.empty() ? fmt::format("keys are {}", fmt::join(names, ", ")) : fmt::format("did you mean '{}'?", near));
    }
    state.*(field->numbers) = read_numbers(value, *field, file.string());
  }
  return state;
}

NativeMotion run_natively(const std::shared_ptr<const Model>& model, const ModelState& state) {
  if (!model->is_native()) {
    throw Error(fmt::format("the native kernels lack: {}", fmt::join(model->native_support(), ", ")), model->name(),
                "its steps are MuJoCo's own: use mj_step");
  }
  const kernels::PhysicsKernels<double>& native = physics_kernels<double>(chosen_isa());
  const BatchConfig config{.num_worlds = 1, .precision = Precision::kDouble, .applied_forces = true};
  const kernels::ModelConstants<double> constants = constants_of<double>(*model, config);
  BatchState worlds(*model->mj(), config, native.lanes);
  worlds.set_state(0, state.qpos, state.qvel, state.act);
  worlds.set_ctrl(0, state.ctrl);
  worlds.set_mocap(0, state.mocap_pos, state.mocap_quat);
  worlds.set_applied(0, state.qfrc_applied, state.xfrc_applied);
  const std::span<double> block = worlds.block<double>(0);
  const auto lanes = static_cast<std::size_t>(native.lanes);
  HostBuffer<double> arena(static_cast<std::size_t>(scratch_size(constants)) * lanes);
  HostBuffer<double> qacc(std::max<std::size_t>(1, state.qvel.size()) * lanes);
  native.acceleration(constants, block.data(), arena.data(), qacc.data());
  NativeMotion motion{.qacc = {}, .qpos = state.qpos, .qvel = state.qvel, .act = state.act};
  for (std::size_t dof = 0; dof < state.qvel.size(); ++dof) motion.qacc.push_back(qacc[dof * lanes]);
  native.step(constants, block.data(), arena.data(), state.steps, nullptr);
  worlds.get_state(0, motion.qpos, motion.qvel, motion.act);
  motion.fault = worlds.fault(0);
  return motion;
}

}  // namespace lockstep::apps
