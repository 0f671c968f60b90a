// Finds tasks by name and makes environments of them.
#include "envs/env.h"
#include "engine/error.h"
#include "envs/option_values.h"
#include "envs/task_environment.h"
#include "envs/task_names.h"
#include "envs/xland/tasks.h"

#include <array>
#include <cctype>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace lockstep::envs {

std::string normalized(std::string_view name) {
  std::string result;
  for (const char c : name) {
    result += c == '_' || c == '/' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return result;
}

namespace {

void check(const EnvironmentConfig& config) {
  const auto at_least_one = [](std::string_view name, int value) {
    if (value < 1) {
      throw Error(fmt::format("{} = {} is below 1", name, value), "environment",
                  fmt::format("set {} to at least 1", name));
    }
  };
  at_least_one("num_worlds", config.num_worlds);
  at_least_one("threads", config.threads);
  const auto one_of = [](std::string_view name, const std::string& value, std::span<const std::string> known) {
    for (const std::string& candidate : known) {
      if (value == candidate) return;
    }
    throw Error(fmt::format("unknown {} '{}'", name, value), "environment",
                fmt::format("set {} to one of: {}", name, fmt::join(known, ", ")));
  };
  one_of("precision", config.precision, std::array<std::string, 2>{"float", "double"});
  one_of("specialise", config.specialise, std::array<std::string, 3>{"off", "auto", "require"});
  one_of("backend", config.backend, std::array<std::string, 4>{"auto", "cpu", "cuda", "mujoco"});
  if (config.episode_steps < 0) {
    throw Error(fmt::format("episode_steps = {} is below 0", config.episode_steps), "environment",
                "set a number of env steps, or 0 for the task's own");
  }
  Fields fields;
  Wrapping wrapping = config.wrapping;
  wrapping.describe(fields);
  fields.apply(fields.values());
}

// A time limit of the user's own, and what the wrapping makes of steps and observations.
void apply_config(const EnvironmentConfig& config, TaskSpec& spec) {
  const Wrapping& wrapping = config.wrapping;
  if (config.episode_steps > 0) spec.episode_steps = config.episode_steps;
  spec.episode_steps = (spec.episode_steps + wrapping.action_repeat - 1) / wrapping.action_repeat;
  spec.control_timestep *= wrapping.action_repeat;
  spec.physics_steps *= wrapping.action_repeat;
  std::vector<std::string> names;
  for (int before = wrapping.frame_stack - 1; before >= 0; --before) {
    for (const std::string& name : spec.observation_names) {
      names.push_back(before == 0 ? name : fmt::format("{} ({} before)", name, before));
    }
  }
  spec.observation_names = std::move(names);
  spec.observation_size *= wrapping.frame_stack;
}

}  // namespace

const Entry& find(std::string_view name) {
  if (xland::is_task(name)) {
    throw Error(fmt::format("{} has no equations", xland::parse_task(name).name), "task",
                "this needs a task with dynamics of its own or a MuJoCo model; learn a grid with --agent ppo");
  }
  const std::string wanted = normalized(name);
  std::vector<std::string> names;
  for (const Entry* const entry : entries()) {
    if (normalized(entry->name) == wanted || normalized(entry->facts->suite_name) == wanted) return *entry;
    names.emplace_back(entry->name);
  }
  for (const xland::ListedTask& task : xland::listed_tasks()) names.push_back(task.name);
  const std::string near = nearest_name(wanted, names);
  throw Error(fmt::format("unknown task '{}'", name), "task",
              near.empty() ? fmt::format("choose one of: {}", fmt::join(names, ", "))
                           : fmt::format("did you mean '{}'? `lockstep list tasks` shows all", near));
}

TaskSpec spec(const Entry& entry) { return spec(entry, {}); }

TaskSpec spec(const Entry& entry, const EnvironmentConfig& config) {
  const Facts& facts = *entry.facts;
  const ChosenOptions chosen = choose_options(entry, config.options);
  TaskSpec spec;
  spec.name = facts.name;
  spec.summary = facts.summary;
  spec.source = facts.source;
  spec.observation_size = chosen.values.observation_size;
  spec.action_size = static_cast<int>(entry.action.size());
  spec.discrete_actions = facts.discrete_actions;
  spec.state_size = static_cast<int>(entry.state.size());
  for (const ActionField& field : entry.action) {
    spec.action_low.push_back(field.low);
    spec.action_high.push_back(field.high);
  }
  spec.observation_names = chosen.observation_names;
  spec.observation_noise.assign(entry.observation_noise.begin(), entry.observation_noise.end());
  if (config.wrapping.observation_noise > 0 && spec.observation_noise.empty()) {
    throw Error(fmt::format("{} lists no noise of its observations", facts.name), "environment.observation_noise",
                "set it to 0, or choose a task that does: go1-velocity");
  }
  for (const StateField& field : entry.state) {
    spec.state_names.emplace_back(field.name);
    spec.state_is_angle.push_back(field.is_angle);
    spec.state_low.push_back(field.low);
    spec.state_high.push_back(field.high);
  }
  spec.control_timestep = chosen.values.control_timestep;
  spec.physics_steps = chosen.physics_steps;
  spec.episode_steps = facts.episode_steps;
  spec.success_return = facts.success_return;
  apply_config(config, spec);
  return spec;
}

std::string task_name(std::string_view task) {
  return xland::is_task(task) ? xland::parse_task(task).name : std::string(find(task).name);
}
TaskSpec task_spec(std::string_view task, const EnvironmentConfig& config) {
  return xland::is_task(task) ? xland::spec(xland::parse_task(task)) : spec(find(task), config);
}

std::unique_ptr<Environment> make_environment(std::string_view task, const EnvironmentConfig& config) {
  if (xland::is_task(task)) {
    check(config);
    return xland::make_environment(task, config);
  }
  const Entry& entry = find(task);
  check(config);
  if (config.wrapping.action_noise > 0 && entry.facts->discrete_actions > 0) {
    throw Error(fmt::format("the actions of {} are discrete, and take no noise", entry.name),
                fmt::format("action_noise = {:g}", config.wrapping.action_noise), "set action_noise to 0");
  }
  return make_task_environment(entry, config);
}

}  // namespace lockstep::envs
