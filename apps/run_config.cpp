// Splits a run's keys between the program and the agent, and refuses what belongs to neither.
#include "apps/run_config.h"
#include "apps/environment_flags.h"
#include "engine/error.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace lockstep::apps {
namespace {

// Where the options of a task stand in a run's settings.
constexpr char kTaskOptions[] = "environment.options";

struct TaskSettings {
  EnvironmentConfig& config;
  void describe(Fields& fields) { describe_task_settings(config, fields); }
};

}  // namespace

void RunConfig::describe(Fields& fields) {
  fields.add("task", task, "name of a task (`lockstep list tasks`)");
  fields.add("agent", agent, "name of an agent (`lockstep list agents`)");
  fields.add("seed", seed, "of every random number of the run");
  fields.add("max_iterations", max_iterations,
             "the run fails when it has not succeeded by then; 0: as many as the agent's own budget", {0, 1e9});
  fields.add("evaluation_episodes", evaluation_episodes, "at the end, on the true physics", {1, 10000});
  fields.add("video", video, "whether to make a video of the last evaluation episode");
  fields.add("environment.num_worlds", environment.num_worlds, "worlds stepped side by side", {1, 1 << 24});
  fields.add_choice("environment.backend", environment.backend, "what steps the worlds",
                    {"auto", "cpu", "cuda", "mujoco"});
  fields.add_choice("environment.precision", environment.precision, "of state and arithmetic", {"float", "double"});
  fields.add("environment.threads", environment.threads, "worker threads; results do not depend on it", {1, 4096});
  fields.add_choice("environment.specialise", environment.specialise,
                    "physics compiled for the model: auto takes it once it is ready, require waits for it",
                    {"off", "auto", "require"});
  TaskSettings of_task{environment};
  fields.add_section("environment", of_task);
}

Settings ResolvedRun::all() const {
  Settings all = settings_of(config);
  all.merge(config.environment.options.prefixed(kTaskOptions));
  all.merge(agent);
  return all;
}

ResolvedRun resolve_run(const Settings& given, const AgentDefaults& defaults) {
  const Settings own = settings_of(RunConfig{});
  Settings for_program, for_agent;
  const Settings all_but_options = given.without_section(kTaskOptions);
  for (const auto& [key, setting] : all_but_options.values())
    (own.values().contains(key) ? for_program : for_agent).set(key, setting);
  ResolvedRun run{configured<RunConfig>(for_program), {}};
  if (run.config.task.empty()) {
    throw Error("no task was named", "command line",
                "name one: `lockstep train cartpole-swingup`; `lockstep list tasks` shows them all");
  }
  run.config.environment.seed = run.config.seed;
  run.config.environment.options = given.section(kTaskOptions);
  run.agent = defaults(run.config.agent);
  for (const auto& [key, setting] : for_agent.values()) {
    if (run.agent.values().contains(key)) continue;
    std::vector<std::string> known;
    for (const Settings* settings : {&own, &std::as_const(run.agent)})
      for (const auto& [name, unused] : settings->values()) known.push_back(name);
    const std::string near = nearest_name(key, known);
    throw Error(fmt::format("unknown key '{}'", key), setting.origin,
                near.empty() ? fmt::format("`lockstep list keys {}` shows every key of a run", run.config.agent)
                             : fmt::format("did you mean '{}'?", near));
  }
  run.agent.merge(for_agent);
  return run;
}

Settings without_key(const Settings& settings, const std::string& key) {
  Settings rest;
  for (const auto& [name, setting] : settings.values())
    if (name != key) rest.set(name, setting);
  return rest;
}

Settings merged_settings(const SettingsOptions& from, const Settings& options) {
  Settings settings;
  if (!from.config_file.empty()) settings = Settings::from_file(from.config_file);
  settings.merge(options);
  Settings assigned;
  for (const std::string& assignment : from.assignments) assigned.set_from_argument(assignment);
  settings.merge(assigned);
  return settings;
}

}  // namespace lockstep::apps
