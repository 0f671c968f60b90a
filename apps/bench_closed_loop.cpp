// Runs the episodes and counts those that succeed.
#include "apps/bench_closed_loop.h"
#include "apps/planned_episode.h"
#include "apps/quantile.h"
#include "engine/error.h"
#include "engine/isa.h"
#include "envs/env.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace lockstep::apps {
namespace {

// What is planned with; four iterations of iLQR keep the rate.
struct Subject {
  const char* task;
  std::vector<const char*> settings;
};
const Subject kSubjects[] = {
    {"cartpole-swingup", {"planner.iterations=4", "mpc.horizon=125"}},
    {"acrobot-swingup", {"planner.iterations=4", "mpc.horizon=250"}},
};

const Subject& subject_named(const std::string& task) {
  std::vector<std::string> names;
  for (const Subject& subject : kSubjects) {
    if (task == subject.task) return subject;
    names.emplace_back(subject.task);
  }
  throw Error(fmt::format("no settings are known for '{}'", task), "bench closed-loop",
              fmt::format("name one of: {}; `lockstep plan` runs any task", fmt::join(names, ", ")));
}

struct Tally {
  int successes = 0;
  std::vector<double> returns, rates, p50, p99, ages;
  int missed = 0, late = 0;
  std::string acted_by;
};

Tally run(const Subject& subject, const BenchClosedLoopOptions& options, bool asynchronous) {
  const TaskSpec spec = envs::spec(envs::find(subject.task));
  PlannedEpisodeConfig config{.task = subject.task, .backend = "mujoco", .asynchronous = asynchronous};
  for (const char* setting : subject.settings) config.settings.set_from_argument(setting);
  for (const std::string& assignment : options.assignments) config.settings.set_from_argument(assignment);
  config.speed = options.rate_hz * spec.control_timestep;
  Tally tally;
  for (int k = 0; k < options.episodes; ++k) {
    config.seed = options.seed + static_cast<std::uint64_t>(k);
    const PlannedEpisode episode = run_planned_episode(config);
    tally.successes += episode.episode_return >= spec.success_return ? 1 : 0;
    tally.returns.push_back(episode.episode_return);
    tally.rates.push_back(asynchronous ? episode.rate_hz : episode.timing.plans / episode.cpu_seconds);
    tally.p50.push_back(episode.timing.p50_ms);
    tally.p99.push_back(episode.timing.p99_ms);
    tally.ages.push_back(episode.asynchronous.age_p99_ms);
    tally.missed += episode.asynchronous.missed_deadlines;
    tally.late += episode.late_steps;
    tally.acted_by = episode.backend;
  }
  return tally;
}

void print(const Subject& subject, const Tally& tally, const BenchClosedLoopOptions& options, bool asynchronous,
           CommandContext& context) {
  const auto least = *std::min_element(tally.returns.begin(), tally.returns.end());
  const double rate = quantile(tally.rates, 0.5), p50 = quantile(tally.p50, 0.5), p99 = quantile(tally.p99, 0.5);
  const char* mode = asynchronous ? "planner thread" : "waiting";
  context.print("{:<18} {:<15} {:>4} of {:<4} {:>9.1f} {:>9.1f} {:>9.0f} {:>8.2f} {:>8.2f}", subject.task, mode,
                tally.successes, options.episodes, quantile(tally.returns, 0.5), least, rate, p50, p99);
  if (asynchronous) context.print(" {:>8.1f} {:>7} {:>6}", quantile(tally.ages, 0.5), tally.missed, tally.late);
  context.print("\n");
  JsonRow row;
  row["suite"] = "closed-loop";
  row["name"] = fmt::format("{}/{}", subject.task, asynchronous ? "asynchronous" : "synchronous");
  row["backend"] = "mujoco";
  row["ours"] = rate;
  for (const char* none : {"peer", "peer_name"}) row[none] = nullptr;
  row["unit"] = "plans/s";
  for (const char* none : {"ratio", "spread"}) row[none] = nullptr;
  row["threads"] = asynchronous ? 2 : 1;
  row["isa"] = isa_name(chosen_isa());
  row["acted_by"] = tally.acted_by;
  row["episodes"] = options.episodes;
  row["successes"] = tally.successes;
  row["return_median"] = quantile(tally.returns, 0.5);
  row["return_least"] = least;
  row["latency_p50_ms"] = p50;
  row["latency_p99_ms"] = p99;
  if (asynchronous) {
    row["age_p99_ms"] = quantile(tally.ages, 0.5);
    row["missed_deadlines"] = tally.missed;
    row["late_steps"] = tally.late;
  }
  context.row(row);
}

}  // namespace

int bench_closed_loop(const BenchClosedLoopOptions& options, CommandContext& context) {
  std::vector<const Subject*> subjects;
  for (const std::string& task : options.tasks) subjects.push_back(&subject_named(task));
  if (subjects.empty())
    for (const Subject& subject : kSubjects) subjects.push_back(&subject);
  context.print(
      "ilqr through native dynamics, acted in MuJoCo C, {}; planner thread: control steps at {} Hz of wall "
      "time\n\n",
      isa_name(chosen_isa()), options.rate_hz);
  context.print("{:<18} {:<15} {:>12} {:>9} {:>9} {:>9} {:>8} {:>8} {:>8} {:>7} {:>6}\n", "task", "plans", "success",
                "return", "least", "plans/s", "p50 ms", "p99 ms", "age p99", "missed", "late");
  bool all_succeed = true;
  for (const Subject* subject : subjects)
    for (const bool asynchronous : {false, true}) {
      const Tally tally = run(*subject, options, asynchronous);
      print(*subject, tally, options, asynchronous, context);
      all_succeed = all_succeed && tally.successes == options.episodes;
      if (!asynchronous) all_succeed = all_succeed && quantile(tally.rates, 0.5) >= options.rate_hz;
    }
  return all_succeed ? kDone : kCriterionNotMet;
}

void add_bench_closed_loop(CLI::App& bench, CommandContext& context) {
  auto options = std::make_shared<BenchClosedLoopOptions>();
  CLI::App& command = context.add(bench, "closed-loop", "success of plans made natively and acted in MuJoCo C",
                                  "lockstep bench closed-loop\nlockstep bench closed-loop acrobot-swingup --json -\n");
  command.add_option("TASK", options->tasks, "cartpole-swingup, acrobot-swingup (default: both)");
  command.add_option("--episodes", options->episodes, "of each row, each from the next seed")
      ->check(CLI::Range(1, 100000))
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--seed", options->seed, "of the first episode")->type_name("N")->capture_default_str();
  command.add_option("--set", options->assignments, "One setting of planner.* or mpc.*, may be given often")
      ->type_name("KEY=VALUE");
  command.add_option("--rate", options->rate_hz, "control steps per second of wall time; the least rate of plans (Hz)")
      ->check(CLI::Range(1.0, 100000.0))
      ->type_name("HZ")
      ->capture_default_str();
  context.on_run(command, [options, &context] { return bench_closed_loop(*options, context); });
}

}  // namespace lockstep::apps
