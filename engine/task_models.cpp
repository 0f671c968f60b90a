// Finds the model files of the task suites: environment variable, cache at configure time, this user's cache.
#include "engine/task_models.h"
#include "engine/error.h"
#include "engine/user_cache.h"
#include "generated/model_paths.h"

#include <array>
#include <cstdlib>
#include <string>
#include <system_error>
#include <vector>

namespace lockstep {
namespace {

// Folder in a cache that a package is unpacked to; empty for a package that is not one of ours.
std::string_view cache_folder(std::string_view package) {
  if (package == "dm_control") return model_paths::kDmControlFolder;
  if (package == "gymnasium") return model_paths::kGymnasiumFolder;
  if (package == "mjlab") return model_paths::kMjlabFolder;
  return {};
}

}  // namespace

std::filesystem::path task_model(std::string_view package_path) {
  std::vector<std::filesystem::path> places;
  const char* models = std::getenv("LOCKSTEP_MODELS");
  if (models != nullptr && *models != '\0') places.emplace_back(models);
  const std::string_view folder = cache_folder(package_path.substr(0, package_path.find('/')));
  if (!folder.empty()) {
    places.push_back(std::filesystem::path(model_paths::kCacheAtConfigure) / folder);
    if (const auto cache = user_cache(); !cache.empty() && cache != model_paths::kCacheAtConfigure) {
      places.push_back(cache / folder);
    }
  }
  std::string looked_at;
  for (const auto& place : places) {
    auto file = place / package_path;
    std::error_code ignored;
    if (std::filesystem::is_regular_file(file, ignored)) return file;
    looked_at += (looked_at.empty() ? "" : ", ") + place.string();
  }
  throw MissingResource(
      "task model '" + std::string(package_path) + "' was not found",
      looked_at.empty() ? "no folder to look in" : looked_at,
      "run `make setup`, or set LOCKSTEP_MODELS to the folder that holds dm_control/, gymnasium/ and mjlab/");
}

}  // namespace lockstep
