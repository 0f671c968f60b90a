// `lockstep fit`: sparse equations of motion from a recorded table, or from a task that is explored at random.
#include "apps/commands.h"
#include "apps/exploration.h"
#include "engine/atomic_file.h"
#include "engine/byte_stream.h"
#include "engine/error.h"
#include "engine/recorded_motion.h"
#include "engine/settings.h"
#include "envs/env.h"
#include "models/sindy_fit.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace lockstep::apps {
namespace {

constexpr int kSystemSteps = 10000;  // observed of a system where nobody says how long

struct FitOptions {
  std::string source;
  ExplorationConfig exploration;
  bool has_seconds = false;
  RecordedColumns columns;
  std::vector<std::string> angles;
  std::vector<std::string> assignments;
  std::string save;
};

struct Source {
  models::SindySystem system;
  TransitionData data;
  bool is_polynomial = false;  // likely so: a table, or a system, says nothing about what is a velocity
  bool is_map = false;
};

bool is_table(const std::string& source) {
  return std::filesystem::path(source).extension() == ".csv" || source.find('/') != std::string::npos ||
         std::filesystem::is_regular_file(source);
}

Source recorded(const FitOptions& options) {
  RecordedMotion motion = read_motion(options.source, options.columns);
  models::SindySystem system{.state_size = static_cast<int>(motion.state_names.size()),
                             .control_size = static_cast<int>(motion.control_names.size()),
                             .timestep = motion.timestep,
                             .state_names = motion.state_names,
                             .control_names = motion.control_names};
  system.check();
  for (const std::string& angle : options.angles) {
    const auto found = std::find(motion.state_names.begin(), motion.state_names.end(), angle);
    if (found == motion.state_names.end()) {
      throw Error(fmt::format("no state is named '{}'", angle), "--angle",
                  fmt::format("name one of {}", fmt::join(motion.state_names, ", ")));
    }
    system.state_is_angle[static_cast<size_t>(found - motion.state_names.begin())] = true;
  }
  return {std::move(system), std::move(motion.data), options.angles.empty(), false};
}

Source explored(const FitOptions& options) {
  EnvironmentConfig config;
  config.seed = options.exploration.seed;
  config.precision = "double";
  const std::unique_ptr<Environment> environment = envs::make_environment(options.source, config);
  const TaskSpec& spec = environment->spec();
  const envs::SystemRow* const system = envs::find(options.source).system;
  ExplorationConfig exploration = options.exploration;
  // A system's unit of time may be a year: by default as many steps as an episode of a fast one has.
  if (system != nullptr && !options.has_seconds) exploration.seconds = kSystemSteps * spec.control_timestep;
  const bool has_angles = std::ranges::find(spec.state_is_angle, true) != spec.state_is_angle.end();
  return {models::system_of(spec), explore(*environment, exploration), system != nullptr && !has_angles,
          system != nullptr && system->facts.substeps == 0};
}

models::SindyConfig config_of(const FitOptions& options, const Source& source) {
  Settings settings;
  if (source.is_polynomial) settings.set("library", {std::string("polynomial"), options.source});
  if (source.is_map) settings.set("integrator", {std::string("map"), options.source});
  for (const std::string& assignment : options.assignments) settings.set_from_argument(assignment);
  return configured<models::SindyConfig>(settings);
}

void print_fit(const models::SindyFit& fit, CommandContext& context) {
  const models::FitReport& report = fit.report;
  context.print("{} rows fitted, {} held out", report.rows, report.rows_held_out);
  if (report.rows_outside > 0) context.print(", {} outside the box of smooth dynamics", report.rows_outside);
  context.print("; {} terms of {} features, {}, {:.3f} s\n", report.terms, report.features, report.integrator,
                report.seconds);
  context.print("\n{:>20}  {:>14}  {:>14}\n", "one step, held out", "error (rms)", "of its change");
  const std::vector<std::string>& names = fit.model.system().state_names;
  for (size_t i = 0; i < names.size(); ++i) {
    context.print("{:>20}  {:>14.3g}  {:>14.3g}\n", names[i], report.held_out_rmse[i], report.held_out_relative[i]);
  }
  const std::vector<double>& curve = report.multi_step_error;
  for (const size_t steps : {size_t{1}, size_t{10}, curve.size()}) {
    if (steps >= 1 && steps <= curve.size()) context.print("{:>14} steps  {:>14.3g}\n", steps, curve[steps - 1]);
  }
  context.print("\n");
  for (const std::string& equation : fit.model.equations()) context.print("{}\n", equation);
}

JsonRow row_of(const models::SindyFit& fit) {
  const models::FitReport& report = fit.report;
  JsonRow row;
  row["model"] = "sindy";
  row["rows"] = report.rows;
  row["features"] = report.features;
  row["terms"] = report.terms;
  row["train_score"] = report.train_score;
  row["test_score"] = report.held_out_score;
  row["seconds"] = report.seconds;
  row["integrator"] = report.integrator;
  row["test_error"] = report.held_out_relative;
  row["multi_step_error"] = report.multi_step_error;
  row["equations"] = JsonRow::array();
  for (const auto& equation : fit.model.equation_terms()) {
    JsonRow terms = JsonRow::array();
    for (const auto& [coefficient, feature] : equation) terms.push_back(JsonRow::array({coefficient, feature}));
    row["equations"].push_back(std::move(terms));
  }
  return row;
}

int fit_command(const FitOptions& options, CommandContext& context) {
  const Source source = is_table(options.source) ? recorded(options) : explored(options);
  const models::SindyFit fit = models::fit_sindy(source.data, source.system, config_of(options, source));
  if (!options.save.empty()) {
    ByteWriter out("sindy model", 1);
    fit.model.save(out);
    write_file(options.save, std::move(out).finish());
  }
  print_fit(fit, context);
  context.row(row_of(fit));
  return kDone;
}

}  // namespace

void add_fit(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<FitOptions>();
  CLI::App& command = context.add(app, "fit", "learn sparse equations of motion from data",
                                  "  lockstep fit pendulum-v1 --seconds 60\n"
                                  "  lockstep fit lorenz63\n"
                                  "  lockstep fit lorenz.csv --set degree=2 --json -\n"
                                  "  lockstep fit pendulum.csv --angle th --controls torque\n"
                                  "A table begins with a line of names: t, states, controls (u, u0, u1 ...), and\n"
                                  "trajectory where there are several. Settings are those of models/sindy_fit.h.\n");
  command.add_option("SOURCE", options->source, "A table (.csv), or a task to explore at random")->required();
  CLI::Option* const seconds = command.add_option("--seconds", options->exploration.seconds,
                                                  "Of a task's motion; for a system 10,000 steps where not given");
  seconds->check(CLI::Range(0.1, 1e6));
  command.add_option("--seed", options->exploration.seed, "Of a task's random controls");
  command.add_option("--controls", options->columns.controls, "A table's control columns")->delimiter(',');
  command.add_option("--angle", options->angles, "A table's states that are angles (rad)")->delimiter(',');
  command.add_option("--timestep", options->columns.timestep, "s between a table's rows, where it has no column t")
      ->check(CLI::PositiveNumber);
  command.add_option("--set", options->assignments, "One setting, as in TOML; may be repeated")->type_name("KEY=VALUE");
  command.add_option("--save", options->save, "Write the model to this file")->type_name("FILE");
  context.on_run(command, [options, seconds, &context] {
    options->has_seconds = seconds->count() > 0;
    return fit_command(*options, context);
  });
}

}  // namespace lockstep::apps
