// The names, and where each model's file is in its package.
#include "engine/model_sets.h"
#include "engine/error.h"
#include "engine/mjlab_robots.h"
#include "engine/task_models.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include <fmt/format.h>

namespace lockstep {
namespace {

constexpr std::array kGymnasium{
    "ant",    "half_cheetah", "hopper",  "humanoid", "humanoidstandup", "inverted_double_pendulum", "inverted_pendulum",
    "pusher", "reacher",      "swimmer", "walker2d"};
constexpr std::array kDmControl{"acrobot",    "ball_in_cup", "cartpole", "cheetah",      "dog",         "finger",
                                "fish",       "hopper",      "humanoid", "humanoid_CMU", "manipulator", "pendulum",
                                "point_mass", "quadruped",   "reacher",  "stacker",      "swimmer",     "walker"};
constexpr std::array kMjlab{"go1", "g1"};

// Where v5 of an environment has a file of its own, that one.
std::string gymnasium_file(const std::string& model) {
  const bool has_version = model == "pusher" || model == "walker2d";
  return fmt::format("gymnasium/envs/mujoco/assets/{}{}.xml", model, has_version ? "_v5" : "");
}

std::vector<std::string> all_names() {
  std::vector<std::string> names;
  for (const char* model : kGymnasium) names.push_back(fmt::format("gymnasium/{}", model));
  for (const char* model : kDmControl) names.push_back(fmt::format("dm_control/{}", model));
  for (const char* model : kMjlab) names.push_back(fmt::format("mjlab/{}", model));
  return names;
}

// "SUITE/MODEL" as its two parts.
std::pair<std::string, std::string> split(const std::string& name) {
  const std::size_t slash = name.find('/');
  return {name.substr(0, slash), name.substr(slash + 1)};
}

void refuse_unknown(const std::string& name) {
  const std::vector<std::string>& names = known_models();
  if (std::find(names.begin(), names.end(), name) != names.end()) return;
  const std::string near = nearest_name(name, names);
  throw Error(fmt::format("no model of the sets is called '{}'", name), "model sets",
              near.empty() ? "`lockstep bench physics --help` has the list" : fmt::format("did you mean '{}'?", near));
}

}  // namespace

const std::vector<std::string>& known_models() {
  static const std::vector<std::string> names = all_names();
  return names;
}

std::vector<std::string> known_models(std::string_view wanted) {
  std::vector<std::string> names;
  std::copy_if(known_models().begin(), known_models().end(), std::back_inserter(names),
               [&](const std::string& name) { return name == wanted || name.starts_with(fmt::format("{}/", wanted)); });
  return names;
}

std::filesystem::path known_model_file(const std::string& name) {
  refuse_unknown(name);
  const auto [suite, model] = split(name);
  if (suite == "mjlab") return task_model(fmt::format("mjlab/asset_zoo/robots/unitree_{0}/xmls/{0}.xml", model));
  if (suite == "gymnasium") return task_model(gymnasium_file(model));
  return task_model(fmt::format("dm_control/suite/{}.xml", model));
}

std::shared_ptr<const Model> load_known_model(const std::string& name, const Model::Adjust& adjust) {
  refuse_unknown(name);
  const auto [suite, model] = split(name);
  return suite == "mjlab" ? mjlab_robot(model, adjust) : Model::from_file(known_model_file(name), adjust);
}

}  // namespace lockstep
