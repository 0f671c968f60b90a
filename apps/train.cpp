// `lockstep train`: learns a task under one seed or several, leaves run folders, and prints what was learned.
#include "agents/agent.h"
#include "agents/checked_configs.h"
#include "apps/commands.h"
#include "apps/environment_flags.h"
#include "apps/interrupt.h"
#include "apps/progress_bar.h"
#include "apps/run_report.h"
#include "apps/seed_list.h"
#include "apps/train_sweep.h"
#include "apps/training.h"
#include "engine/error.h"
#include "envs/env.h"
#include "envs/task_names.h"
#include "viewer/viewer.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <unistd.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

namespace lockstep::apps {
namespace {

struct TrainOptions {
  std::string task, agent, run_dir, resume, seeds, specialise;
  std::optional<std::uint64_t> seed;
  std::optional<std::int64_t> iterations, threads;
  int jobs = 1;
  bool overwrite = false, agent_defaults = false, list = false, no_video = false, no_view = false;
  SettingsOptions settings;
  EnvironmentFlags environment;
};

Settings settings_from(const TrainOptions& options) {
  Settings settings = options.environment.settings();
  const auto set = [&](const char* key, auto value, const char* option) { settings.set(key, {value, option}); };
  if (!options.task.empty()) set("task", options.task, "TASK");
  if (!options.agent.empty()) set("agent", options.agent, "--agent");
  if (options.seed) set("seed", static_cast<std::int64_t>(*options.seed), "--seed");
  if (options.iterations) set("max_iterations", *options.iterations, "--iterations");
  if (options.threads) set("environment.threads", *options.threads, "--threads");
  if (!options.specialise.empty()) set("environment.specialise", options.specialise, "--specialise");
  if (options.no_video) set("video", false, "--no-video");
  return settings;
}

// What a resumed run may be given anew: nothing that its results depend on.
void check_resumable(const Settings& given, const Settings& saved) {
  for (const auto& [key, setting] : given.values()) {
    if (key == "max_iterations" || key == "environment.threads" || key == "video" || key == "evaluation_episodes")
      continue;
    const auto before = saved.values().find(key);
    if (before != saved.values().end() && before->second.value == setting.value) continue;
    throw Error(fmt::format("{} cannot change in a run that is resumed", key), setting.origin,
                "leave it out, or start a new run with --run-dir");
  }
}

// The settings of the run or sweep in --resume, with what may change in them.
Settings resumed_settings(const TrainOptions& options, const Settings& saved) {
  if (!options.run_dir.empty() || options.overwrite) {
    throw Error("--resume goes on in the run's own folder", "lockstep train --resume",
                "leave out --run-dir and --overwrite");
  }
  const Settings given = merged_settings(options.settings, settings_from(options));
  check_resumable(given, saved);
  Settings all = saved;
  all.merge(given);
  return all;
}

// A task may be given in its suite's spelling; settings hold our own.
ResolvedRun resolved(Settings given) {
  if (const auto task = given.values().find("task"); task != given.values().end()) {
    if (const auto* name = std::get_if<std::string>(&task->second.value))
      given.set("task", {envs::task_name(*name), task->second.origin});
  }
  return resolve_run(given, [](const std::string& agent) { return agents::find(agent).defaults(); });
}

// The checked-in configuration of the task and the agent that are given, where a new run takes it; else nullptr.
const agents::ConfigFile* config_of_pair(const TrainOptions& options, const Settings& given) {
  if (options.agent_defaults || !options.settings.config_file.empty()) return nullptr;
  const auto task = given.values().find("task"), agent = given.values().find("agent");
  if (task == given.values().end()) return nullptr;
  const auto* name = std::get_if<std::string>(&task->second.value);
  const auto* who = agent == given.values().end() ? nullptr : std::get_if<std::string>(&agent->second.value);
  return name == nullptr ? nullptr
                         : agents::find_config(envs::task_name(*name), who == nullptr ? RunConfig{}.agent : *who);
}

// The settings of a new run: a checked-in configuration, which is named to the user, below what was given.
Settings new_settings(const TrainOptions& options, CommandContext& context) {
  Settings given = merged_settings(options.settings, settings_from(options));
  const agents::ConfigFile* const file = config_of_pair(options, given);
  if (file == nullptr) return given;
  const agents::CheckedConfig config = agents::parse_config(*file);
  context.print("settings of {}: return {:g} after {:g} env steps, {:g} s (--agent-defaults leaves them out)\n",
                config.file, config.reached_return, config.env_steps, config.seconds);
  Settings settings = config.settings;
  settings.merge(given);
  return settings;
}

std::filesystem::path new_folder(const TrainOptions& options, const RunConfig& config) {
  return options.run_dir.empty() ? free_run_folder("runs", config.task + "-" + config.agent)
                                 : std::filesystem::path(options.run_dir);
}

TrainRequest run_request(const TrainOptions& options, CommandContext& context) {
  TrainRequest request;
  request.overwrite = options.overwrite;
  request.resume = !options.resume.empty();
  if (request.resume) {
    request.run = resolved(resumed_settings(options, read_run(options.resume).config));
    request.folder = options.resume;
  } else {
    request.run = resolved(new_settings(options, context));
    request.folder = new_folder(options, request.run.config);
  }
  return request;
}

void check_sweep_options(const TrainOptions& options) {
  const auto is_seed = [](const std::string& assignment) { return assignment.starts_with("seed="); };
  if (options.seed || std::ranges::any_of(options.settings.assignments, is_seed)) {
    throw Error("a sweep takes its seeds from --seeds alone", "lockstep train",
                "leave out --seed, or name it in --seeds");
  }
}

SweepRequest sweep_request(const TrainOptions& options, CommandContext& context) {
  check_sweep_options(options);
  SweepRequest request;
  request.jobs = options.jobs;
  request.overwrite = options.overwrite;
  request.resume = !options.resume.empty();
  if (request.resume) {
    const SavedSweep saved = read_sweep(options.resume);
    if (!options.seeds.empty() && parse_seeds(options.seeds) != saved.seeds) {
      throw Error("the seeds of a sweep cannot change", "--seeds " + options.seeds,
                  "leave --seeds out, or start a new sweep with --run-dir");
    }
    request.seeds = saved.seeds;
    request.run = resolved(resumed_settings(options, saved.config));
    request.folder = options.resume;
    return request;
  }
  request.seeds = parse_seeds(options.seeds);
  Settings given;
  given.set("video", {false, "--seeds"});  // one for each seed would take longer than many runs
  given.merge(new_settings(options, context));
  request.run = resolved(given);
  request.folder = new_folder(options, request.run.config);
  return request;
}

void print_summary(const TrainRequest& request, const TrainResult& result, CommandContext& context) {
  const RunConfig& config = request.run.config;
  const char* verdict = result.is_interrupted ? "interrupted" : result.is_success ? "solved" : "criterion not met";
  context.print("\n{}, {}, seed {}: {} after {} iterations\n", config.task, config.agent, config.seed, verdict,
                result.iterations);
  context.print("  {:<20} {:.1f} s ({} steps)\n", "real interaction", result.real_seconds, result.env_steps);
  if (!result.model_error.empty()) {
    context.print("  {:<20} {:.2e} after 1 step, {:.2e} after {}\n", "model error", result.model_error.front(),
                  result.model_error.back(), result.model_error.size());
  }
  if (result.returns.episodes > 0) {
    const std::string interval =
        result.returns.half_width ? fmt::format(" ± {:.1f} (95%)", *result.returns.half_width) : "";
    context.print("  {:<20} {:.1f}{} over {} episode{}\n", "return", result.returns.mean, interval,
                  result.returns.episodes, result.returns.episodes == 1 ? "" : "s");
  }
  context.print("  {:<20} {:.1f} s\n", "wall time", result.wall_seconds);
  for (size_t k = 0; k < result.equations.size(); ++k)
    context.print("  {:<20} {}\n", k == 0 ? "equations" : "", result.equations[k]);
  context.print("  {:<20} {}\n", "run folder", request.folder.string());
  if (result.is_interrupted) context.print("  go on with: lockstep train --resume {}\n", request.folder.string());
}

JsonRow summary_row(const TrainRequest& request, const TrainResult& result) {
  const RunConfig& config = request.run.config;
  JsonRow row;
  row["task"] = config.task;
  row["agent"] = config.agent;
  row["seed"] = config.seed;
  row["env_steps"] = result.env_steps;
  row["real_seconds"] = result.real_seconds;
  row["return_mean"] = result.returns.episodes > 0 ? JsonRow(result.returns.mean) : JsonRow(nullptr);
  row["return_ci"] = result.returns.half_width ? JsonRow(*result.returns.half_width) : JsonRow(nullptr);
  row["success"] = result.is_success;
  row["wall_seconds"] = result.wall_seconds;
  row["run_dir"] = request.folder.string();
  return row;
}

TrainObserver observer_of(ProgressBar& bar, CommandContext& context) {
  TrainObserver observer;
  observer.progress = [&bar](double share, const std::string& text) { bar.update(share, text); };
  observer.iteration = [&bar, &context](std::int64_t iteration, const std::vector<agents::Metric>& metrics) {
    std::string line = fmt::format("iteration {}", iteration);
    JsonRow row;
    row["iteration"] = iteration;
    for (const agents::Metric& metric : metrics) {
      line += fmt::format("  {} {:.4g}", metric.name, metric.value);
      row[metric.name] = metric.value;
    }
    bar.line(line);
    context.row(row);
  };
  return observer;
}

// The window on the last evaluation episodes, where somebody sits before a display; it returns when it is closed.
void show(const TrainRequest& request, const TrainResult& result) {
  if (result.episodes.empty() || isatty(STDOUT_FILENO) == 0 || !viewer::has_display()) return;
  viewer::ViewOptions view;
  view.target = request.run.config.task;
  view.environment.num_worlds = static_cast<int>(result.episodes.size());
  view.make_environment = envs::make_environment;
  view.episodes = result.episodes;
  try {
    viewer::run(view);
  } catch (const MissingResource& missing) {
    spdlog::warn("no window: {}; {}", missing.problem(), missing.fix());
  }
}

// The checked-in configurations and what they reached.
int list_configs(CommandContext& context) {
  context.print("{:<28}  {:<10}  {:>10}  {:>10}  {:>8}  {}\n", "task", "agent", "return", "env steps", "seconds",
                "settings");
  for (const agents::ConfigFile& file : agents::config_files()) {
    const agents::CheckedConfig config = agents::parse_config(file);
    context.print("{:<28}  {:<10}  {:>10}  {:>10}  {:>8}  {}\n", config.task, config.agent, config.reached_return,
                  config.env_steps, config.seconds, config.file);
    JsonRow row;
    row["task"] = config.task;
    row["agent"] = config.agent;
    row["return"] = config.reached_return;
    row["return_interval"] = config.return_interval;
    row["env_steps"] = config.env_steps;
    row["seconds"] = config.seconds;
    row["seeds"] = config.seeds;
    row["machine"] = config.machine;
    row["command"] = config.command;
    row["file"] = config.file;
    context.row(row);
  }
  return kDone;
}

int train_command(const TrainOptions& options, CommandContext& context) {
  if (options.list) return list_configs(context);
  if (!options.seeds.empty() || (!options.resume.empty() && is_sweep(options.resume)))
    return train_sweep(sweep_request(options, context), context);
  const TrainRequest request = run_request(options, context);
  TrainResult result;
  {
    const InterruptGuard guard;
    ProgressBar bar(context.text_stream());
    result = train(request, agents::find(request.run.config.agent), envs::make_environment, observer_of(bar, context));
    bar.update(1, "report and video");
    write_report(request, result);
  }
  print_summary(request, result, context);
  context.row(summary_row(request, result));
  if (result.is_interrupted) return kInterrupted;
  if (!options.no_view) show(request, result);
  return result.is_success ? kDone : kCriterionNotMet;
}

}  // namespace

void add_train(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<TrainOptions>();
  CLI::App& command = context.add(app, "train", "learn a task; leaves a run folder with metrics, report and video",
                                  "  lockstep train cartpole-swingup --agent sindy-mpc --seed 3\n"
                                  "  lockstep train cartpole-swingup --set planner.horizon=40 --run-dir runs/long\n"
                                  "  lockstep train --config runs/long/config.toml --seed 4\n"
                                  "  lockstep train --resume runs/long\n"
                                  "  lockstep train cartpole-v1 --agent ppo --seeds 0..4 --jobs 2\n"
                                  "  lockstep train ant-v5 --agent ppo --option ctrl_cost_weight=0.1 --frame-stack 2\n"
                                  "  lockstep train --list\n"
                                  "Settings: the agent's defaults, then --config (or what is checked in for the task "
                                  "and the agent: --list), then options, then --set.\n");
  command.add_option("TASK", options->task, "Task to learn (`lockstep list tasks`)");
  command.add_option("--agent", options->agent, "Agent that learns it (`lockstep list agents`)")->type_name("NAME");
  command.add_option("--seed", options->seed, "Of every random number of the run")->type_name("N");
  command.add_option("--seeds", options->seeds, "A run for each seed (0..4 or 0,3,7), and what they come to together")
      ->type_name("LIST");
  command.add_option("--jobs", options->jobs, "Runs of --seeds side by side; results do not depend on it")
      ->check(CLI::Range(1, 1024))
      ->type_name("N");
  command.add_option("--run-dir", options->run_dir, "Folder of the run; default runs/TASK-AGENT-N")->type_name("DIR");
  command.add_flag("--overwrite", options->overwrite, "Replace an older run in --run-dir");
  command.add_option("--resume", options->resume, "Go on with a run or a sweep, to the bit-same result")
      ->type_name("DIR");
  command.add_option("--iterations", options->iterations, "At most so many iterations")->type_name("N");
  command.add_option("--threads", options->threads, "Worker threads; results do not depend on it")->type_name("N");
  command
      .add_option("--specialise", options->specialise,
                  "Physics compiled for the model: off (default), auto (taken once it is ready: numbers then differ in "
                  "their last bits from run to run) or require (waited for, the same in every run)")
      ->type_name("WORD");
  command.add_flag("--list", options->list,
                   "Show for which tasks and agents settings are checked in, and their returns");
  command.add_flag("--agent-defaults", options->agent_defaults,
                   "Leave out the settings that are checked in for the pair");
  command.add_option("--config", options->settings.config_file, "TOML file of settings")->type_name("FILE");
  command.add_option("--set", options->settings.assignments, "One setting, as in TOML; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command.add_flag("--no-video", options->no_video, "Make no video");
  command.add_flag("--no-view", options->no_view, "Do not open the window at the end");
  add_environment_flags(command, options->environment);
  context.on_run(command, [options, &context] { return train_command(*options, context); });
}

}  // namespace lockstep::apps
