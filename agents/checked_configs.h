// Settings that are checked in for pairs of task and agent, with what they reached: agents/configs/TASK-AGENT.toml.
//
// A file begins with comments "# key: value" (return, env_steps, seconds: interquartile means over seeds;
// return_interval: its 95% interval; seeds; machine; command: what measured it), then has the settings that differ from
// the defaults. The files are built into the program.
#pragma once

#include "engine/settings.h"

#include <span>
#include <string>
#include <string_view>

namespace lockstep::agents {

struct ConfigFile {
  std::string_view name;  // from the repository's root
  std::string_view text;
};
// In the order of agents/CMakeLists.txt (generated).
[[nodiscard]] std::span<const ConfigFile> config_files();

struct CheckedConfig {
  std::string file;  // its name
  std::string task, agent;
  double reached_return = 0, env_steps = 0, seconds = 0;
  std::string return_interval, seeds, machine, command;
  Settings settings;  // task and agent included
};
// Throws Error, naming file and line, where a comment is missing or is no number, or the settings are no TOML.
[[nodiscard]] CheckedConfig parse_config(const ConfigFile& file);

// The file of a pair, or nullptr.
[[nodiscard]] const ConfigFile* find_config(std::string_view task, std::string_view agent);

}  // namespace lockstep::agents
