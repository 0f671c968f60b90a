// `lockstep info`: what this program was built from and what it finds on this machine, for bug reports.
#include "apps/commands.h"
#include "apps/machine.h"
#include "engine/checkpoint.h"
#include "engine/error.h"
#include "engine/isa.h"
#include "engine/task_models.h"
#include "generated/model_paths.h"

#include <cstdlib>
#include <filesystem>
#include <string>

#include <Eigen/Core>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spdlog/version.h>
#include <toml++/toml.h>

#if LOCKSTEP_HAS_CUDA
#include <cuda_runtime_api.h>
#endif

namespace lockstep::apps {
namespace {

// The value of an environment variable, or `otherwise` where it is not set.
std::string variable(const char* name, const std::string& otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? otherwise : value;
}

std::string gpu() {
#if LOCKSTEP_HAS_CUDA
  int devices = 0;
  const cudaError_t status = cudaGetDeviceCount(&devices);
  if (status != cudaSuccess || devices == 0)
    return fmt::format("none that CUDA can use ({}): worlds run on the CPU", cudaGetErrorString(status));
  cudaDeviceProp properties{};
  if (cudaGetDeviceProperties(&properties, 0) != cudaSuccess) return "CUDA cannot describe it";
  return fmt::format("{}, {:.0f} GiB", properties.name, static_cast<double>(properties.totalGlobalMem) / (1 << 30));
#else
  return "not compiled in: no nvcc was found when this program was configured";
#endif
}

std::string display() {
  const std::string x11 = variable("DISPLAY", ""), wayland = variable("WAYLAND_DISPLAY", "");
  if (x11.empty() && wayland.empty()) return "none: everything but `lockstep view` works (or use xvfb-run)";
  return x11.empty() ? "Wayland " + wayland : "X11 " + x11;
}

// Where the program of this name lies on PATH.
std::string on_path(const std::string& program) {
  const std::string path = variable("PATH", "");
  for (size_t start = 0; start <= path.size();) {
    const size_t end = std::min(path.find(':', start), path.size());
    const std::filesystem::path file = std::filesystem::path(path.substr(start, end - start)) / program;
    std::error_code ignored;
    if (std::filesystem::is_regular_file(file, ignored)) return file.string();
    start = end + 1;
  }
  return "not found: runs have no video (Debian: apt-get install ffmpeg)";
}

std::string task_models() {
  try {
    return task_model("dm_control/suite/cartpole.xml").parent_path().string();
  } catch (const MissingResource& missing) {
    return "not found: " + missing.fix();
  }
}

JsonRow facts() {
  JsonRow row;
  row["version"] = program_version();
  row.update(machine_description());
  row["isa"] = fmt::format("{} (best here: {}; LOCKSTEP_ISA chooses)", isa_name(chosen_isa()), isa_name(best_isa()));
  row["gpu"] = gpu();
  row["display"] = display();
  row["window"] = LOCKSTEP_HAS_VIEWER != 0 ? "built in" : "not built in: GLFW, OpenGL or ImGui was missing";
  row["ffmpeg"] = on_path("ffmpeg");
  row["libraries"] =
      fmt::format("Eigen {}.{}.{}, CLI11 {}, toml++ {}.{}.{}, fmt {}.{}.{}, spdlog {}.{}.{}, nlohmann-json {}.{}.{}",
                  EIGEN_WORLD_VERSION, EIGEN_MAJOR_VERSION, EIGEN_MINOR_VERSION, CLI11_VERSION, TOML_LIB_MAJOR,
                  TOML_LIB_MINOR, TOML_LIB_PATCH, FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100,
                  SPDLOG_VER_MAJOR, SPDLOG_VER_MINOR, SPDLOG_VER_PATCH, NLOHMANN_JSON_VERSION_MAJOR,
                  NLOHMANN_JSON_VERSION_MINOR, NLOHMANN_JSON_VERSION_PATCH);
  row["cache"] = variable("LOCKSTEP_CACHE", model_paths::kCacheAtConfigure);
  row["task_models"] = task_models();
  return row;
}

int info(CommandContext& context) {
  const JsonRow row = facts();
  for (const auto& [name, value] : row.items())
    context.print("{:<12} {}\n", name, value.is_string() ? value.get<std::string>() : value.dump());
  context.row(row);
  return kDone;
}

}  // namespace

void add_info(CLI::App& app, CommandContext& context) {
  CLI::App& command = context.add(app, "info", "show versions, processor, GPU, display and folders, for bug reports",
                                  "  lockstep info\n  lockstep info --json -\n");
  context.on_run(command, [&context] { return info(context); });
}

}  // namespace lockstep::apps
