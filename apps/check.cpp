// `lockstep check`: which features of a model run natively, and how far native physics is from MuJoCo's on it.
#include "apps/bench_physics.h"
#include "apps/check_table.h"
#include "apps/commands.h"
#include "apps/model_check.h"
#include "apps/model_state.h"
#include "engine/error.h"
#include "engine/model_sets.h"

#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace lockstep::apps {
namespace {

struct CheckOptions {
  std::vector<std::string> models;  // MJCF files, or SUITE or SUITE/MODEL of the model sets
  bool speed = false;               // measure it too
  int states = 100;                 // random states to compare on
  std::uint64_t seed = 0;           // of the states
  std::string state_file;           // JSON; empty: compare instead
};

JsonRow to_json(const ModelCheck& result, SpeedRatios ratios) {
  JsonRow stages = JsonRow::object();
  for (const StageDeviation& stage : result.stages) stages[stage.stage] = stage.deviation;
  JsonRow row{{"model", result.model},
              {"native", result.native},
              {"fallback_features", result.fallback_features},
              {"native_features", result.native_features},
              {"silent_sensors", result.silent_sensors},
              {"stages", stages}};
  if (ratios.noisy > 0) row["ratio"] = {{"noisy", ratios.noisy}, {"quiet", ratios.quiet}};
  return row;
}

// A model of the sets, or of a file.
std::shared_ptr<const Model> load(const std::string& name) {
  return known_models(name).empty() ? Model::from_file(name) : load_known_model(name);
}

// The names of all models that the arguments stand for.
std::vector<std::string> models_of(const std::vector<std::string>& arguments) {
  std::vector<std::string> names;
  for (const std::string& argument : arguments) {
    const std::vector<std::string> known = known_models(argument);
    names.insert(names.end(), known.begin(), known.end());
    if (known.empty()) names.push_back(argument);
  }
  return names;
}

// One state through the native kernels: what they make of it, for others to compare with.
int run_state(const CheckOptions& options, CommandContext& context) {
  if (options.models.size() != 1 || known_models(options.models[0]).size() > 1) {
    throw Error("--state needs one model", "check", "name one MJCF file, or one SUITE/MODEL");
  }
  const auto model = load(options.models[0]);
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

void print_in_full(const ModelCheck& result, CommandContext& context) {
  context.print("{}\n", result.model);
  for (const std::string& feature : result.native_features) context.print("  native    {}\n", feature);
  for (const std::string& feature : result.fallback_features) context.print("  fallback  {}\n", feature);
  if (result.native) {
    for (const std::string& sensor : result.silent_sensors) {
      context.print("  sensor    {}: reads as not-a-number\n", sensor);
    }
    context.print("largest relative deviation from MuJoCo over {} random states\n", result.states);
  } else {
    context.print("steps through MuJoCo (--backend auto chooses it)\n");
  }
  for (const StageDeviation& stage : result.stages) {
    context.print("  {:<36} {:9.1e}{}\n", stage.stage, stage.deviation,
                  stage.passed() ? "" : fmt::format("  above {:.0e}", stage.allowed));
  }
}

SpeedRatios measure_speed(const CheckOptions& options, const std::shared_ptr<const Model>& model) {
  constexpr double kSlice = 0.05;  // s
  if (!options.speed || !model->is_native()) return {};
  return {speed_ratio(model, Motion::kNoisy, kSlice), speed_ratio(model, Motion::kQuiet, kSlice)};
}

int check(const CheckOptions& options, CommandContext& context) {
  if (!options.state_file.empty()) return run_state(options, context);
  if (options.states < 1) {
    throw Error(fmt::format("--states = {} is below 1", options.states), "check", "compare on at least 1 state");
  }
  const std::vector<std::string> names = models_of(options.models);
  const bool is_table = names.size() > 1 || options.speed;
  bool passed = true;
  std::string notes;
  if (is_table) context.print("{}", check_table_head());
  for (const std::string& name : names) {
    const auto model = load(name);
    const ModelCheck result = check_model(model, options.states, options.seed);
    const SpeedRatios ratios = measure_speed(options, model);
    passed = passed && result.passed();
    if (is_table) {
      context.print("{}", check_table_row(name, result, ratios));
      notes += check_table_notes(name, result);
    } else {
      print_in_full(result, context);
    }
    context.row(to_json(result, ratios));
  }
  context.print("{}", notes);
  return passed ? kDone : kCriterionNotMet;
}

}  // namespace

void add_check(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<CheckOptions>();
  CLI::App& command = context.add(app, "check", "which features of a model run natively, and how far from MuJoCo",
                                  "  lockstep check model.xml\n  lockstep check model.xml --states 1000 --json -\n"
                                  "  lockstep check model.xml --state state.json\n"
                                  "  lockstep check dm_control gymnasium mjlab --speed\n");
  command
      .add_option("MODELS", options->models,
                  "MJCF files, or SUITE or SUITE/MODEL of `lockstep bench physics`; several become one table")
      ->required();
  command.add_flag("--speed", options->speed, "In the table: the ratio to mj_step on one core, noisy and quiet");
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
