// `lockstep export`: the learned policy as a file that other programs run.
#include "agents/agent.h"
#include "agents/policy_c_header.h"
#include "agents/policy_onnx.h"
#include "agents/policy_tensors.h"
#include "apps/commands.h"
#include "apps/sweep.h"
#include "apps/training.h"
#include "engine/atomic_file.h"
#include "engine/error.h"
#include "envs/env.h"

#include <filesystem>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace lockstep::apps {
namespace {

struct ExportOptions {
  std::string run_dir, format, file;
};

std::vector<std::byte> encoded(const agents::PolicyDescription& policy, const std::string& format) {
  if (format == "onnx") return agents::policy_onnx(policy);
  if (format == "safetensors") return models::networks::encode_safetensors(agents::policy_tensors(policy));
  const std::string text = agents::policy_c_header(policy);
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
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
  const std::vector<std::byte> bytes = encoded(*policy, options.format);
  write_file(options.file, std::span<const std::byte>(bytes));
  context.print("{}: {} numbers in, {}, {} parameters, {} bytes\n", options.file, policy->inputs,
                policy->is_discrete ? "an action's index out" : fmt::format("{} out", policy->action_size),
                policy->parameters.size(), bytes.size());
  JsonRow row;
  row["task"] = policy->task;
  row["agent"] = run.config.agent;
  row["format"] = options.format;
  row["file"] = options.file;
  row["observation_size"] = policy->inputs;
  row["action_size"] = policy->action_size;
  row["discrete"] = policy->is_discrete;
  row["parameters"] = policy->parameters.size();
  row["bytes"] = bytes.size();
  context.row(row);
  return kDone;
}

}  // namespace

void add_export(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App& command = context.add(app, "export", "write a trained policy as ONNX, C or safetensors",
                                  "  lockstep export runs/demo --format onnx -o policy.onnx\n"
                                  "  lockstep export runs/demo --format c -o policy.h\n"
                                  "In goes the task's raw observation, out comes the action in the task's units.\n");
  command.add_option("RUN_DIR", options->run_dir, "Folder of the run")->required();
  command.add_option("--format", options->format, "onnx: opset 17; c: a C99 header; safetensors: the numbers alone")
      ->required()
      ->check(CLI::IsMember({"onnx", "c", "safetensors"}));
  command.add_option("-o,--output", options->file, "File to write")->required()->type_name("FILE");
  context.on_run(command, [options, &context] { return export_command(*options, context); });
}

}  // namespace lockstep::apps
