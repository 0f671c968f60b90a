// The settings of a run: the program's own beside the agent's, merged from defaults, a file, --set and options.
#pragma once

#include "engine/environment.h"
#include "engine/settings.h"

#include <cstdint>
#include <string>
#include <vector>

namespace lockstep::apps {

// What every run has, whatever the agent.
struct RunConfig {
  std::string task;                 // name of a task
  std::string agent = "sindy-mpc";  // name of an agent
  std::uint64_t seed = 0;           // of every random number of the run
  int max_iterations = 0;           // the run fails when it has not succeeded by then; 0: the agent's own budget
  int evaluation_episodes = 1;      // at the end, on the true physics, >= 1
  bool video = true;                // a video of the last evaluation episode, where ffmpeg is installed
  EnvironmentConfig environment;    // its seed is the run's

  void describe(Fields& fields);
};

// A run's settings, complete: `config` and the rest, which is the agent's.
struct ResolvedRun {
  RunConfig config;
  Settings agent;  // every key of the agent, defaults filled in
  // All of it, as config.toml holds it; options of the task are environment.options.NAME.
  [[nodiscard]] Settings all() const;
};

// Looks for the agent's defaults by name; throws Error for an unknown agent.
using AgentDefaults = std::function<Settings(const std::string& agent)>;

// Fills a run from `given` (already merged: file, then --set, then options). A key is the program's, or the agent's.
// Throws Error for a key that is neither, with the nearest one, and for values the program's own fields refuse.
[[nodiscard]] ResolvedRun resolve_run(const Settings& given, const AgentDefaults& defaults);

// The settings but the one of that key.
[[nodiscard]] Settings without_key(const Settings& settings, const std::string& key);

// What the command line can say about settings, lowest first: --config FILE, options, --set KEY=VALUE.
struct SettingsOptions {
  std::string config_file;
  std::vector<std::string> assignments;
};
// `options` are the settings that the command's own options gave.
[[nodiscard]] Settings merged_settings(const SettingsOptions& from, const Settings& options);

}  // namespace lockstep::apps
