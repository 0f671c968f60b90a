// `lockstep eval`: episodes of a trained agent on the true physics.
#include "agents/agent.h"
#include "apps/commands.h"
#include "apps/environment_flags.h"
#include "apps/interrupt.h"
#include "apps/progress_bar.h"
#include "apps/sweep.h"
#include "apps/training.h"
#include "engine/error.h"
#include "envs/env.h"
#include "envs/task_names.h"

#include <memory>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace lockstep::apps {
namespace {

struct EvalOptions {
  std::string run_dir;
  int episodes = 5;
  EnvironmentFlags environment;
};

void print_table(const std::vector<agents::Episode>& episodes, const EpisodeReturns& returns, CommandContext& context) {
  context.print("{:>8}  {:>8}  {:>10}\n", "episode", "steps", "return");
  for (size_t k = 0; k < episodes.size(); ++k)
    context.print("{:>8}  {:>8}  {:>10.2f}\n", k + 1, episodes[k].steps, episodes[k].episode_return);
  const std::string interval = returns.half_width ? fmt::format(" ± {:.2f} (95%)", *returns.half_width) : "";
  context.print("{:>8}  {:>8}  {:>10.2f}{}\n", "mean", "", returns.mean, interval);
}

int eval_command(const EvalOptions& options, CommandContext& context) {
  check_single_run(options.run_dir);
  SavedRun saved = read_run(options.run_dir);
  saved.config.merge(options.environment.settings());
  const ResolvedRun run =
      resolve_run(saved.config, [](const std::string& agent) { return agents::find(agent).defaults(); });
  const InterruptGuard guard;
  ProgressBar bar(context.text_stream());
  int done = 0;
  const auto on_progress = [&](std::string_view stage, double share) {
    stop_if_interrupted();
    bar.update((done + share) / options.episodes,
               fmt::format("{}, episode {} of {}", stage, done + 1, options.episodes));
  };
  const auto agent = load_agent(saved, run, agents::find(run.config.agent), envs::make_environment, on_progress);
  const std::vector<agents::Episode> episodes =
      evaluate(*agent, options.episodes, [&done](int number) { done = number; });
  bar.wipe();
  const EpisodeReturns returns = returns_of(episodes);
  const double wanted = envs::task_spec(run.config.task).success_return;
  const bool is_success = wanted == 0 || returns.mean >= wanted;
  print_table(episodes, returns, context);
  JsonRow row;
  row["task"] = run.config.task;
  row["agent"] = run.config.agent;
  row["seed"] = run.config.seed;
  row["env_steps"] = agent->env_steps();
  row["real_seconds"] = agent->real_seconds();
  row["return_mean"] = returns.mean;
  row["return_ci"] = returns.half_width ? JsonRow(*returns.half_width) : JsonRow(nullptr);
  row["success"] = is_success;
  row["wall_seconds"] = saved.state->wall_seconds;
  row["run_dir"] = options.run_dir;
  context.row(row);
  return is_success ? kDone : kCriterionNotMet;
}

}  // namespace

void add_eval(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<EvalOptions>();
  CLI::App& command = context.add(app, "eval", "evaluate a trained agent on the true physics",
                                  "  lockstep eval runs/demo\n  lockstep eval runs/demo --episodes 20 --json -\n"
                                  "  lockstep eval runs/hopper --option terminate_when_unhealthy=false\n");
  command.add_option("RUN_DIR", options->run_dir, "Folder of the run")->required();
  command.add_option("--episodes", options->episodes, "How many, from seeds that are the same for every run")
      ->check(CLI::Range(1, 100000))
      ->type_name("N");
  add_task_flags(command, options->environment);
  context.on_run(command, [options, &context] { return eval_command(*options, context); });
}

}  // namespace lockstep::apps
