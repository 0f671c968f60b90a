// `lockstep plan`: receding-horizon control of a task through its own true dynamics, without learning.
#include "apps/commands.h"
#include "apps/environment_flags.h"
#include "apps/planned_episode.h"
#include "apps/run_config.h"
#include "engine/error.h"
#include "envs/env.h"
#include "envs/task_names.h"
#include "planners/planner.h"

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace lockstep::apps {
namespace {

struct PlanOptions {
  std::string task;
  std::string planner = "ilqr";
  bool list = false;
  int episodes = 1;
  std::uint64_t seed = 0;
  bool asynchronous = false;
  double speed = 1;          // simulated seconds per second of wall time, asynchronous only
  SettingsOptions settings;  // planner.* and mpc.*
  EnvironmentFlags environment;
  std::string specialise = "off";  // of the planner's model, as in BatchConfig
};

// Refuses keys that neither the planner nor the receding horizon has a name for.
void check_sections(const Settings& settings) {
  for (const auto& [key, setting] : settings.values())
    if (!key.starts_with("planner.") && !key.starts_with("mpc."))
      throw Error(fmt::format("unknown key '{}'", key), setting.origin,
                  "keys of `lockstep plan` are planner.* and mpc.*, as in --set mpc.horizon=100");
}

// The planners, and the keys of each with its defaults.
void print_planners(CommandContext& context) {
  for (const planners::Entry* entry : planners::entries()) {
    context.print("{:<20}  {}\n", entry->name, entry->summary);
    JsonRow row;
    row["name"] = entry->name;
    row["summary"] = entry->summary;
    row["settings"] = JsonRow::object();
    const Settings defaults = entry->defaults();
    for (const auto& [key, setting] : defaults.values())
      std::visit([&](const auto& value) { row["settings"][key] = value; }, setting.value);
    context.row(row);
  }
}

void print_header(const PlanOptions& options, CommandContext& context) {
  context.print("{:>6}  {:>10}  {:>10}  {:>9}  {:>8}  {:>8}", "seed", "return", "cost", "rate Hz", "p50 ms", "p99 ms");
  if (options.asynchronous)
    context.print("  {:>8}  {:>8}  {:>7}  {:>9}  {:>6}", "age p50", "age p99", "missed", "no plan", "late");
  context.print("\n");
}

void add_asynchronous_keys(const PlannedEpisode& episode, JsonRow& row) {
  const planners::AsynchronousTiming& timing = episode.asynchronous;
  row["plans"] = timing.latency.plans;
  row["age_p50_ms"] = timing.age_p50_ms;
  row["age_p99_ms"] = timing.age_p99_ms;
  row["age_max_ms"] = timing.age_max_ms;
  row["missed_deadlines"] = timing.missed_deadlines;
  row["steps_without_plan"] = timing.steps_without_plan;
  row["late_steps"] = episode.late_steps;
}

int plan_command(const PlanOptions& options, CommandContext& context) {
  if (options.list) {
    print_planners(context);
    return kDone;
  }
  if (options.task.empty())
    throw Error("no task was given", "command line",
                "name one of `lockstep list tasks`, as in `lockstep plan pendulum-v1`");
  const Settings settings = merged_settings(options.settings, {});
  check_sections(settings);
  EnvironmentConfig environment = options.environment.config();
  environment.specialise = options.specialise;
  const TaskSpec spec = envs::task_spec(options.task, environment);
  bool all_succeed = true;
  for (int k = 0; k < options.episodes; ++k) {
    const std::uint64_t seed = options.seed + static_cast<std::uint64_t>(k);
    const PlannedEpisode episode = run_planned_episode({.task = options.task,
                                                        .planner = options.planner,
                                                        .settings = settings,
                                                        .seed = seed,
                                                        .asynchronous = options.asynchronous,
                                                        .speed = options.speed,
                                                        .environment = environment});
    if (k == 0) print_header(options, context);
    const bool succeeds = spec.success_return == 0 || episode.episode_return >= spec.success_return;
    all_succeed = all_succeed && succeeds;
    context.print("{:>6}  {:>10.2f}  {:>10.3f}  {:>9.0f}  {:>8.3f}  {:>8.3f}", seed, episode.episode_return,
                  episode.cost, episode.rate_hz, episode.timing.p50_ms, episode.timing.p99_ms);
    if (options.asynchronous) {
      const planners::AsynchronousTiming& timing = episode.asynchronous;
      context.print("  {:>8.1f}  {:>8.1f}  {:>7}  {:>9}  {:>6}", timing.age_p50_ms, timing.age_p99_ms,
                    timing.missed_deadlines, timing.steps_without_plan, episode.late_steps);
    }
    context.print("\n");
    JsonRow row;
    row["task"] = spec.name;
    row["planner"] = options.planner;
    row["model"] = "true dynamics";
    row["seed"] = seed;
    row["cost"] = episode.cost;
    row["return"] = episode.episode_return;
    row["success"] = succeeds;
    row["rate_hz"] = episode.rate_hz;
    row["latency_p50_ms"] = episode.timing.p50_ms;
    row["latency_p99_ms"] = episode.timing.p99_ms;
    if (options.asynchronous) add_asynchronous_keys(episode, row);
    context.row(row);
  }
  return all_succeed ? kDone : kCriterionNotMet;
}

}  // namespace

void add_plan(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<PlanOptions>();
  CLI::App& command = context.add(app, "plan", "control a task by planning through its true dynamics",
                                  "  lockstep plan cartpole-swingup\n"
                                  "  lockstep plan --list\n"
                                  "  lockstep plan pendulum-v1 --planner mppi --set planner.samples=512\n"
                                  "  lockstep plan cartpole-swingup --episodes 20 --set mpc.horizon=100 --json -\n"
                                  "  lockstep plan cartpole-swingup --asynchronous --speed 0.5\n"
                                  "  lockstep plan hopper-v5 --option healthy_reward=0 --action-delay 1\n");
  command.add_option("TASK", options->task, "Task (`lockstep list tasks`)");
  command.add_flag("--list", options->list, "Print the planners (with --json their settings too) and stop");
  command.add_option("--planner", options->planner, "Planner (--list)")->capture_default_str();
  command.add_option("--episodes", options->episodes, "How many, each from the next seed")
      ->check(CLI::Range(1, 100000))
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--seed", options->seed, "Of the first episode")->type_name("N")->capture_default_str();
  CLI::Option* asynchronous = command.add_flag("--asynchronous", options->asynchronous,
                                               "Plan in a thread beside the simulation, which keeps time and never "
                                               "waits (not reproducible); reports the rate and "
                                               "latency of plans, the age (simulated ms) of those acted on, plans that "
                                               "missed the step they were made for, steps "
                                               "without a plan, and steps that began late");
  command.add_option("--speed", options->speed, "Simulated seconds per second, with --asynchronous")
      ->needs(asynchronous)
      ->check(CLI::Range(0.001, 1000.0))
      ->type_name("X")
      ->capture_default_str();
  command.add_option("--config", options->settings.config_file, "TOML file with planner.* and mpc.*")
      ->type_name("FILE");
  command.add_option("--set", options->settings.assignments, "One setting, may be given often")->type_name("KEY=VALUE");
  command
      .add_option("--specialise", options->specialise,
                  "Physics compiled for the model: off, auto (taken once it is ready) or require (waited for)")
      ->check(CLI::IsMember({"off", "auto", "require"}))
      ->type_name("WORD")
      ->capture_default_str();
  add_environment_flags(command, options->environment);
  context.on_run(command, [options, &context] { return plan_command(*options, context); });
}

}  // namespace lockstep::apps
