// `lockstep check`: which features of a model run natively, and how far native physics is from MuJoCo's on it.
#include "apps/commands.h"
#include "apps/model_check.h"
#include "apps/model_state.h"
#include "engine/error.h"

#include <memory>
#include <string>

#include <nlohmann/json.hpp>

namespace lockstep::apps {
namespace {

struct CheckOptions {
  std::string model;       // MJCF file
  int states = 100;        // random states to compare on
  std::uint64_t seed = 0;  // of the states
  std::string state_file;  // JSON; empty: compare instead
};

JsonRow to_json(const ModelCheck& result) {
  JsonRow stages = JsonRow::object();
  for (const StageDeviation& stage : result.stages) stages[stage.stage] = stage.deviation;
  return {{"model", result.model},
          {"native", result.native},
          {"fallback_features", result.fallback_features},
          {"native_features", result.native_features},
          {"silent_sensors", result.silent_sensors},
          {"stages", stages}};
}

// One state through the native kernels: what they make of it, for others to compare with.
int run_state(const CheckOptions& options, CommandContext& context) {
  const auto model = Model::from_file(options.model);
  const ModelState state = read_model_state(options.state_file, *model);
  const NativeMotion motion = run_natively(model, state);
  const auto print = [&](const char* name, const std::vector<double>& numbers) {
    context.print("{:<5}", name);
    for (const double x : numbers) context.print(" {:.17g}", x);
    context.print("\n");
  };
  print("qacc", motion.qacc);
  context.print("after {} steps{}\n", state.steps, motion.fault ? ": the world diverged on the way" : "");
  print("qpos", motion.qpos);
  print("qvel", motion.qvel);
  print("act", motion.act);
  context.row({{"model", model->name()},
               {"steps", state.steps},
               {"qacc", motion.qacc},
               {"qpos", motion.qpos},
               {"qvel", motion.qvel},
               {"act", motion.act},
               {"fault", motion.fault}});
  return motion.fault ? kCriterionNotMet : kDone;
}

int check(const CheckOptions& options, CommandContext& context) {
  if (!options.state_file.empty()) return run_state(options, context);
  if (options.states < 1) {
    throw Error(fmt::format("--states = {} is below 1", options.states), "check", "compare on at least 1 state");
  }
  const ModelCheck result = check_model(Model::from_file(options.model), options.states, options.seed);
  context.print("{}\n", result.model);
  for (const std::string& feature : result.native_features) context.print("  native    {}\n", feature);
  for (const std::string& feature : result.fallback_features) context.print("  fallback  {}\n", feature);
  if (result.native) {
    for (const std::string& sensor : result.silent_sensors) {
      context.print("  sensor    {}: reads as not-a-number\n", sensor);
    }
    context.print("largest relative deviation from MuJoCo over {} random states\n", options.states);
  } else {
    context.print("steps through MuJoCo (--backend auto chooses it)\n");
  }
  for (const StageDeviation& stage : result.stages) {
    context.print("  {:<28} {:9.1e}{}\n", stage.stage, stage.deviation,
                  stage.deviation <= stage.allowed ? "" : fmt::format("  above {:.0e}", stage.allowed));
  }
  context.row(to_json(result));
  return result.passed() ? kDone : kCriterionNotMet;
}

}  // namespace

void add_check(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<CheckOptions>();
  CLI::App& command = context.add(app, "check", "which features of a model run natively, and how far from MuJoCo",
                                  "  lockstep check model.xml\n  lockstep check model.xml --states 1000 --json -\n"
                                  "  lockstep check model.xml --state state.json\n");
  command.add_option("MODEL", options->model, "MJCF file")->required();
  command.add_option("--states", options->states, "Random states to compare on")->capture_default_str();
  command.add_option("--seed", options->seed, "Of the states")->capture_default_str();
  command.add_option(
      "--state", options->state_file,
      "Instead: JSON object with arrays qpos, qvel, act, ctrl, mocap_pos, mocap_quat, qfrc_applied, xfrc_applied and a "
      "number steps; "
      "prints the native qacc there, and qpos, qvel, act after that many steps, in double");
  context.on_run(command, [options, &context] { return check(*options, context); });
}

}  // namespace lockstep::apps
