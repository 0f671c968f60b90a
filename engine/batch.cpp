// Chooses the backend of a batch, and says why.
#include "engine/batch.h"
#include "engine/backends.h"
#include "engine/error.h"
#include "engine/model.h"

#include <array>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace lockstep {
namespace {

const std::array<std::string, 4> kBackends{"auto", "cpu", "cuda", "mujoco"};

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
  for (const std::string& known : kBackends) {
    if (config.backend == known) return;
  }
  const std::string near = nearest_name(config.backend, kBackends);
  throw Error(fmt::format("unknown backend '{}'", config.backend), "batch",
              fmt::format("{}use one of auto, cpu, cuda, mujoco", near.empty() ? "" : "did you mean '" + near + "'? "));
}

}  // namespace

void Batch::set_all_ctrl(View<const double, 2> ctrl) {
  const auto nu = static_cast<std::size_t>(ctrl.extent(1));
  for (int world = 0; world < ctrl.extent(0); ++world) {
    set_ctrl(world, std::span<const double>(ctrl.data_handle() + static_cast<std::size_t>(world) * nu, nu));
  }
}

std::unique_ptr<Batch> Batch::make(std::shared_ptr<const Model> model, const BatchConfig& config) {
  check(config);
  if (config.backend == "cpu") return make_cpu_batch(std::move(model), config);
  if (config.backend == "cuda") return make_cuda_batch(std::move(model), config);
  if (config.backend == "mujoco") return make_mujoco_batch(std::move(model), config, "");
  if (model->is_native()) return make_cpu_batch(std::move(model), config);
  std::string reason = fmt::format("the native kernels lack: {}", fmt::join(model->native_support(), ", "));
  return make_mujoco_batch(std::move(model), config, std::move(reason));
}

}  // namespace lockstep
