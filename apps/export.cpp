// `lockstep export`: the learned policy as a file that other programs run, or its episodes as data that they learn
// from.
#include "agents/agent.h"
#include "agents/policy_c_header.h"
#include "agents/policy_episodes.h"
#include "agents/policy_onnx.h"
#include "agents/policy_tensors.h"
#include "apps/commands.h"
#include "apps/interrupt.h"
#include "apps/progress_bar.h"
#include "apps/sweep.h"
#include "apps/training.h"
#include "engine/atomic_file.h"
#include "engine/error.h"
#include "envs/env.h"

#include <filesystem>
#include <memory>
#include <numeric>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace lockstep::apps {
namespace {

struct ExportOptions {
  std::string run_dir, format, file;
  int episodes = 100;
  std::uint64_t seed = 0;
  double noise = 0;

  [[nodiscard]] bool asks_for_episodes() const { return format == "minari" || format == "hdf5"; }
};

std::vector<std::byte> encoded(const agents::PolicyDescription& policy, const std::string& format) {
  if (format == "onnx") return agents::policy_onnx(policy);
  if (format == "safetensors") return models::networks::encode_safetensors(agents::policy_tensors(policy));
  const std::string text = agents::policy_c_header(policy);
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

// Writes the policy itself.
JsonRow export_policy(const agents::PolicyDescription& policy, const ExportOptions& options, CommandContext& context) {
  const std::vector<std::byte> bytes = encoded(policy, options.format);
  write_file(options.file, std::span<const std::byte>(bytes));
  context.print("{}: {} numbers in, {}, {} parameters, {} bytes\n", options.file, policy.inputs,
                policy.is_discrete ? "an action's index out" : fmt::format("{} out", policy.action_size),
                policy.parameters.size(), bytes.size());
  JsonRow row;
  row["observation_size"] = policy.inputs;
  row["action_size"] = policy.action_size;
  row["discrete"] = policy.is_discrete;
  row["parameters"] = policy.parameters.size();
  row["bytes"] = bytes.size();
  return row;
}

// Runs the policy in worlds of its task and writes what happened.
JsonRow export_episodes(const agents::PolicyDescription& policy, const RunConfig& run, const ExportOptions& options,
                        CommandContext& context) {
  const InterruptGuard guard;
  ProgressBar bar(context.text_stream());
  EnvironmentConfig environment = run.environment;
  environment.num_worlds = options.episodes;
  environment.seed = options.seed;
  environment.auto_reset = true;
  const auto worlds = envs::make_environment(run.task, environment);
  EpisodeSet set =
      agents::record_episodes(policy, *worlds, {.seed = options.seed, .noise = options.noise}, [&bar](double share) {
        stop_if_interrupted();
        bar.update(share, "record");
      });
  bar.wipe();
  set.agent = run.agent;
  if (options.format == "minari") {
    write_minari(options.file, set);
  } else {
    write_flat_hdf5(options.file, set);
  }
  double total = 0;
  for (const RecordedEpisode& episode : set.episodes)
    total += std::accumulate(episode.rewards.begin(), episode.rewards.end(), 0.0);
  const double mean = total / static_cast<double>(set.episodes.size());
  context.print("{}: {} episodes, {} steps, a mean return of {:.6g}\n", options.file, set.episodes.size(), set.steps(),
                mean);
  JsonRow row;
  row["episodes"] = set.episodes.size();
  row["left_out"] = options.episodes - static_cast<int>(set.episodes.size());
  row["steps"] = set.steps();
  row["return_mean"] = mean;
  row["seed"] = options.seed;
  row["noise"] = options.noise;
  return row;
}

int export_command(const ExportOptions& options, CommandContext& context) {
  check_single_run(options.run_dir);
  const SavedRun saved = read_run(options.run_dir);
  const ResolvedRun run =
      resolve_run(saved.config, [](const std::string& agent) { return agents::find(agent).defaults(); });
  if (run.config.environment.wrapping.normalise_observations) {
    throw Error("the observations of this run were normalised by its environment, which no exported policy knows of",
                options.run_dir, "train with environment.normalise_observations = false (ppo standardises by itself)");
  }
  const auto agent = load_agent(saved, run, agents::find(run.config.agent), envs::make_environment, {});
  const std::optional<agents::PolicyDescription> policy = agent->policy();
  if (!policy) {
    throw Error(fmt::format("the agent {} has no policy network", run.config.agent), options.run_dir,
                "export a run of an agent that learns one (--agent ppo); `lockstep eval` runs this one");
  }
  const JsonRow written = options.asks_for_episodes() ? export_episodes(*policy, run.config, options, context)
                                                      : export_policy(*policy, options, context);
  JsonRow row;
  row["task"] = policy->task;
  row["agent"] = run.config.agent;
  row["format"] = options.format;
  row["file"] = options.file;
  row.update(written);
  context.row(row);
  return kDone;
}

}  // namespace

void add_export(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App& command = context.add(app, "export", "write a trained policy, or episodes of it, for other programs",
                                  "  lockstep export runs/demo --format onnx -o policy.onnx\n"
                                  "  lockstep export runs/demo --format c -o policy.h\n"
                                  "In goes the task's raw observation, out comes the action in the task's units.\n"
                                  "  lockstep export runs/demo --format minari --episodes 100 --noise 0.2 -o data\n"
                                  "  lockstep export runs/demo --format hdf5 -o data.h5\n");
  command.add_option("RUN_DIR", options->run_dir, "Folder of the run")->required();
  command
      .add_option("--format", options->format,
                  "onnx: opset 17; c: a C99 header; safetensors: the numbers alone; episodes: minari (a folder), hdf5 "
                  "(D4RL's layout)")
      ->required()
      ->check(CLI::IsMember({"onnx", "c", "safetensors", "minari", "hdf5"}));
  command.add_option("-o,--output", options->file, "File or folder to write")->required()->type_name("FILE");
  command.add_option("--episodes", options->episodes, "Episodes to record")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000000));
  command.add_option("--seed", options->seed, "Of the episodes' starts and of the noise")->capture_default_str();
  command.add_option("--noise", options->noise, "On recorded actions: deviation in half ranges")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 10.0));
  context.on_run(command, [options, &context] { return export_command(*options, context); });
}

}  // namespace lockstep::apps
