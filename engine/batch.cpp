// Chooses the backend of a batch, and says why.
#include "engine/batch.h"
#include "engine/backends.h"
#include "engine/error.h"
#include "engine/model.h"

#include <algorithm>
#include <array>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <mujoco/mujoco.h>

namespace lockstep {
namespace {

const std::array<std::string, 4> kBackends{"auto", "cpu", "cuda", "mujoco"};
const std::array<std::string, 3> kSpecialise{"off", "auto", "require"};

void check_choice(const char* what, const std::string& value, std::span<const std::string> known) {
  if (std::find(known.begin(), known.end(), value) != known.end()) return;
  const std::string near = nearest_name(value, known);
  throw Error(
      fmt::format("unknown {} '{}'", what, value), "batch",
      fmt::format("{}use one of {}", near.empty() ? "" : "did you mean '" + near + "'? ", fmt::join(known, ", ")));
}

// Code compiled for a model runs on the CPU's lanes alone.
void refuse_required_code(const BatchConfig& config, const std::string& backend) {
  if (config.specialise != "require") return;
  throw Error(fmt::format("the backend {} has no code compiled for a model", backend), "batch.specialise",
              "use the cpu backend, or specialise = auto");
}

void check(const BatchConfig& config) {
  const auto at_least_one = [](const char* name, int value) {
    if (value < 1) {
      throw Error(fmt::format("{} = {} is below 1", name, value), "batch", fmt::format("set {} to at least 1", name));
    }
  };
  at_least_one("num_worlds", config.num_worlds);
  at_least_one("threads", config.threads);
  if (config.lanes < 0) {
    throw Error(fmt::format("lanes = {} is below 0", config.lanes), "batch", "set lanes to 0 for the widest there is");
  }
  check_choice("backend", config.backend, kBackends);
  check_choice("specialise", config.specialise, kSpecialise);
  if (config.backend == "cuda" && config.own_heights) {
    throw Error("the backend cuda has one height field for all worlds", "batch.backend", "use the cpu backend");
  }
  if (config.varied == nullptr) return;
  if (config.backend == "cuda" || config.backend == "mujoco") {
    throw Error(fmt::format("the backend {} has no parameters of worlds", config.backend), "batch.backend",
                "use the cpu backend, or let all worlds share the model's parameters");
  }
  if (config.specialise != "off") {
    throw Error(fmt::format("specialise = {} with worlds that differ in their parameters", config.specialise),
                "batch.specialise", "set it to off: code compiled for a model holds its numbers");
  }
}

}  // namespace

void Batch::set_parameters(int, const ParameterValues&, int) {
  throw std::logic_error("the worlds of this batch share their parameters: name those that vary in its config");
}

void Batch::set_heights(int, std::span<const float>) {
  throw std::logic_error("the worlds of this batch share their height fields: ask for own_heights in its config");
}

void Batch::get_heights(int, std::span<float> heights) const {
  std::copy_n(model().mj()->hfield_data, heights.size(), heights.begin());
}

void Batch::set_all_ctrl(View<const double, 2> ctrl) {
  const auto nu = static_cast<std::size_t>(ctrl.extent(1));
  for (int world = 0; world < ctrl.extent(0); ++world) {
    set_ctrl(world, std::span<const double>(ctrl.data_handle() + static_cast<std::size_t>(world) * nu, nu));
  }
}

std::unique_ptr<Batch> Batch::make(std::shared_ptr<const Model> model, const BatchConfig& config) {
  check(config);
  if (config.backend == "cpu") return make_cpu_batch(std::move(model), config);
  if (config.backend != "auto") refuse_required_code(config, config.backend);
  if (config.backend == "cuda") return make_cuda_batch(std::move(model), config);
  if (config.backend == "mujoco") return make_mujoco_batch(std::move(model), config, "");
  if (model->is_native() || config.varied != nullptr) return make_cpu_batch(std::move(model), config);
  refuse_required_code(config, "mujoco");
  std::string reason = fmt::format("the native kernels lack: {}", fmt::join(model->native_support(), ", "));
  return make_mujoco_batch(std::move(model), config, std::move(reason));
}

}  // namespace lockstep
