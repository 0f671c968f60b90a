// `lockstep plan`: receding-horizon control of a task through its own true dynamics, without learning.
#include "apps/commands.h"
#include "apps/run_config.h"
#include "engine/error.h"
#include "envs/env.h"
#include "planners/planner.h"
#include "planners/receding_horizon.h"

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
  SettingsOptions settings;  // planner.* and mpc.*
};

struct PlannedEpisode {
  double cost = 0;  // the planning cost summed over the episode
  double episode_return = 0;
  planners::PlanTiming timing;
};

// Refuses keys that neither the planner nor the receding horizon has a name for.
void check_sections(const Settings& settings) {
  for (const auto& [key, setting] : settings.values())
    if (!key.starts_with("planner.") && !key.starts_with("mpc."))
      throw Error(fmt::format("unknown key '{}'", key), setting.origin,
                  "keys of `lockstep plan` are planner.* and mpc.*, as in --set mpc.horizon=100");
}

PlannedEpisode run_episode(const PlanOptions& options, const Settings& settings, std::uint64_t seed) {
  const auto world =
      envs::make_environment(options.task, {.num_worlds = 1, .seed = seed, .precision = "double", .auto_reset = false});
  const TaskSpec& spec = world->spec();
  if (spec.discrete_actions > 0)
    throw Error(fmt::format("the actions of {} are discrete", spec.name), "command line",
                "planners choose continuous controls: `lockstep list tasks` shows other tasks");
  const auto model = world->dynamics();
  const auto cost = world->cost();
  planners::RecedingHorizon loop(planners::find(options.planner).make(settings.section("planner")), *model, *cost,
                                 spec.action_low, spec.action_high,
                                 configured<planners::RecedingHorizonConfig>(settings.section("mpc")));
  loop.reset(seed);
  PlannedEpisode episode;
  std::vector<double> x(static_cast<size_t>(spec.state_size));
  std::vector<float> action(static_cast<size_t>(spec.action_size));
  const int most = spec.episode_steps > 0 ? spec.episode_steps : 1000;
  for (int step = 0; step < most; ++step) {
    world->get_state(0, x);
    const std::span<const double> u = loop.act(x);
    double stage = 0;
    cost->stage(view<const double>(x.data(), 1, spec.state_size), view<const double>(u.data(), 1, spec.action_size),
                View<double, 1>(&stage, 1));
    episode.cost += stage;
    for (size_t i = 0; i < action.size(); ++i) action[i] = static_cast<float>(u[i]);
    world->step(view<const float>(action.data(), 1, spec.action_size));
    episode.episode_return += static_cast<double>(world->reward()[0]);
    if (world->terminated()[0] != 0 || world->truncated()[0] != 0) break;
  }
  episode.timing = loop.timing();
  return episode;
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
  const TaskSpec spec = envs::spec(envs::find(options.task));
  bool all_succeed = true;
  for (int k = 0; k < options.episodes; ++k) {
    const std::uint64_t seed = options.seed + static_cast<std::uint64_t>(k);
    const PlannedEpisode episode = run_episode(options, settings, seed);
    if (k == 0) {
      context.print("{:>6}  {:>10}  {:>10}  {:>9}  {:>8}  {:>8}\n", "seed", "return", "cost", "rate Hz", "p50 ms",
                    "p99 ms");
    }
    const bool succeeds = spec.success_return == 0 || episode.episode_return >= spec.success_return;
    all_succeed = all_succeed && succeeds;
    context.print("{:>6}  {:>10.2f}  {:>10.3f}  {:>9.0f}  {:>8.3f}  {:>8.3f}\n", seed, episode.episode_return,
                  episode.cost, episode.timing.rate_hz, episode.timing.p50_ms, episode.timing.p99_ms);
    JsonRow row;
    row["task"] = spec.name;
    row["planner"] = options.planner;
    row["model"] = "true dynamics";
    row["seed"] = seed;
    row["cost"] = episode.cost;
    row["return"] = episode.episode_return;
    row["success"] = succeeds;
    row["rate_hz"] = episode.timing.rate_hz;
    row["latency_p50_ms"] = episode.timing.p50_ms;
    row["latency_p99_ms"] = episode.timing.p99_ms;
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
                                  "  lockstep plan cartpole-swingup --episodes 20 --set mpc.horizon=100 --json -\n");
  command.add_option("TASK", options->task, "Task (`lockstep list tasks`)");
  command.add_flag("--list", options->list, "Print the planners (with --json their settings too) and stop");
  command.add_option("--planner", options->planner, "Planner (--list)")->capture_default_str();
  command.add_option("--episodes", options->episodes, "How many, each from the next seed")
      ->check(CLI::Range(1, 100000))
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--seed", options->seed, "Of the first episode")->type_name("N")->capture_default_str();
  command.add_option("--config", options->settings.config_file, "TOML file with planner.* and mpc.*")
      ->type_name("FILE");
  command.add_option("--set", options->settings.assignments, "One setting, may be given often")->type_name("KEY=VALUE");
  context.on_run(command, [options, &context] { return plan_command(*options, context); });
}

}  // namespace lockstep::apps
