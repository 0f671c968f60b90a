// What a command line says of a task's options, its time limit, and what stands between agent and worlds.
#pragma once

#include "engine/environment.h"
#include "engine/settings.h"

#include <map>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace lockstep::apps {

// The keys of a configuration's section `environment` that belong to the task: episode_steps, randomise, and those of
// Wrapping.
void describe_task_settings(EnvironmentConfig& config, Fields& fields);

struct EnvironmentFlags {
  std::vector<std::string> options;           // NAME=VALUE of --option
  std::map<std::string, std::string> values;  // key of describe_task_settings -> value as text

  // As keys environment.* and environment.options.*.
  [[nodiscard]] Settings settings() const;
  // The same as a configuration, else of defaults. Error for values outside their range.
  [[nodiscard]] EnvironmentConfig config() const;
};

// Adds --option and --episode-steps; the flags must outlive the command.
void add_task_flags(CLI::App& command, EnvironmentFlags& flags);
// These, --randomise, and a flag for every key of Wrapping: --action-repeat and so on.
void add_environment_flags(CLI::App& command, EnvironmentFlags& flags);

}  // namespace lockstep::apps
