// `lockstep fit`: sparse equations of motion from a recorded table, or from a task that is explored at random.
#include "apps/commands.h"
#include "apps/exploration.h"
#include "apps/fit_report.h"
#include "engine/atomic_file.h"
#include "engine/byte_stream.h"
#include "engine/error.h"
#include "engine/recorded_motion.h"
#include "engine/settings.h"
#include "envs/env.h"
#include "models/series_fit.h"
#include "models/sindy_code.h"

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
  std::string source, task;
  std::string model = "sindy";
  bool is_list = false;
  ExplorationConfig exploration;
  bool has_seconds = false;
  RecordedColumns columns{.missing = "split"};
  std::vector<std::string> angles;
  std::string optimiser;
  std::vector<std::string> assignments;
  std::string save, report;
  std::vector<std::string> code;
};

struct Outcome {
  FitReportPage page;
  std::int64_t rows = 0;
};

constexpr size_t kShownRows = 1000;

const std::vector<std::pair<std::string, std::string>>& models_list() {
  static const std::vector<std::pair<std::string, std::string>> rows{
      {"sindy", "sparse equations: regression on a library of terms, by transitions, derivatives or in weak form"}};
  return rows;
}

bool is_table(const std::string& source) {
  const std::string extension = std::filesystem::path(source).extension().string();
  return extension == ".csv" || extension == ".npz" || extension == ".h5" || extension == ".hdf5" ||
         source.find('/') != std::string::npos || std::filesystem::is_regular_file(source);
}

models::SindySystem system_of(const RecordedMotion& motion, const std::vector<std::string>& angles) {
  models::SindySystem system{.state_size = static_cast<int>(motion.state_names.size()),
                             .control_size = static_cast<int>(motion.control_names.size()),
                             .timestep = motion.timestep,
                             .state_names = motion.state_names,
                             .control_names = motion.control_names};
  system.check();
  for (const std::string& angle : angles) {
    const auto found = std::find(motion.state_names.begin(), motion.state_names.end(), angle);
    if (found == motion.state_names.end()) {
      throw Error(fmt::format("no state is named '{}'", angle), "--angle",
                  fmt::format("name one of {}", fmt::join(motion.state_names, ", ")));
    }
    system.state_is_angle[static_cast<size_t>(found - motion.state_names.begin())] = true;
  }
  return system;
}

// What is known of the motion before it is fitted.
struct SourceKind {
  bool is_recorded = false;
  bool is_polynomial = false;  // likely so: a table, or a system, says nothing about what is a velocity
  bool is_map = false;
};

models::SeriesFitConfig config_of(const FitOptions& options, const SourceKind& kind) {
  Settings settings;
  settings.set("library", {std::string(kind.is_polynomial ? "polynomial" : "mechanical"), "a default"});
  // Nature takes no Euler steps, which would fit clean linear motion as well, with other coefficients.
  if (kind.is_recorded) settings.set("integrator", {std::string("rk4"), "a default"});
  if (kind.is_map) settings.set("integrator", {std::string("map"), "a default"});
  if (!options.optimiser.empty()) settings.set("optimiser", {options.optimiser, "--optimiser"});
  for (const std::string& assignment : options.assignments) settings.set_from_argument(assignment);
  return models::configured_series_fit(settings);
}

Outcome recorded(const FitOptions& options) {
  const models::SeriesFitConfig config =
      config_of(options, {.is_recorded = true, .is_polynomial = options.angles.empty()});
  const RecordedMotion motion = read_motion(options.source, options.columns);
  const models::SindySystem system = system_of(motion, options.angles);
  std::vector<models::Series> series;
  for (const RecordedTrajectory& t : motion.trajectories) {
    const View<const double, 2> x(t.x.data(), t.rows(), system.state_size);
    series.push_back({t.time, x, x, View<const double, 2>(t.u.data(), t.rows(), system.control_size)});
  }
  Outcome out{.page = {.source = options.source,
                       .notes = motion.notes,
                       .state_units = motion.state_units,
                       .control_units = motion.control_units,
                       .fit = models::fit_series(series, system, config),
                       .config = config,
                       .motion = {}},
              .rows = motion.rows()};
  if (out.page.fit.rows_left_out > 0) {
    out.page.notes.push_back(
        fmt::format("{} rows in trajectories that are too short left out", out.page.fit.rows_left_out));
  }
  const auto longest = std::max_element(motion.trajectories.begin(), motion.trajectories.end(),
                                        [](const auto& a, const auto& b) { return a.rows() < b.rows(); });
  if (motion.is_even) {
    const size_t rows = std::min(kShownRows, longest->time.size());
    const auto first = [&](const std::vector<double>& v, int width) {
      return std::vector<double>(v.begin(), v.begin() + static_cast<std::ptrdiff_t>(rows) * width);
    };
    out.page.motion = {first(longest->time, 1), first(longest->x, system.state_size),
                       first(longest->u, system.control_size)};
  }
  return out;
}

Outcome explored(const FitOptions& options) {
  EnvironmentConfig environment_config;
  environment_config.seed = options.exploration.seed;
  environment_config.precision = "double";
  const std::unique_ptr<Environment> environment = envs::make_environment(options.source, environment_config);
  const TaskSpec& spec = environment->spec();
  const envs::SystemRow* const known = envs::find(options.source).system;
  const bool has_angles = std::ranges::find(spec.state_is_angle, true) != spec.state_is_angle.end();
  const models::SeriesFitConfig config = config_of(options, {.is_polynomial = known != nullptr && !has_angles,
                                                             .is_map = known != nullptr && known->facts.substeps == 0});
  if (config.formulation == "weak" || config.formulation == "derivative") {
    throw Error("formulation = '" + config.formulation + "' for a task", "--set formulation",
                "a task's motion has no noise: leave formulation at auto, or fit a table");
  }
  ExplorationConfig exploration = options.exploration;
  // A system's unit of time may be a year: by default as many steps as an episode of a fast one has.
  if (known != nullptr && !options.has_seconds) exploration.seconds = kSystemSteps * spec.control_timestep;
  const models::SindySystem system = models::system_of(spec);
  const TransitionData data = explore(*environment, exploration);
  models::SeriesFit fit{
      .fit = models::fit_sindy(data, system, config.sindy), .formulation = "collocation", .noise = {}};
  fit.sums = models::collocation_sums(data, fit.fit.model, fit.targets);
  Outcome out{.page = {.source = options.source,
                       .notes = {},
                       .state_units = {},
                       .control_units = {},
                       .fit = std::move(fit),
                       .config = config,
                       .motion = {}},
              .rows = data.size()};
  if (const int outside = out.page.fit.fit.report.rows_outside; outside > 0) {
    out.page.notes.push_back(fmt::format("{} rows outside the box of smooth dynamics left out", outside));
  }
  const auto [first, last] = data.segments().front();
  ShownMotion& motion = out.page.motion;
  for (int row = first; row < std::min(last, first + static_cast<int>(kShownRows)); ++row) {
    motion.time.push_back((row - first) * system.timestep);
    for (int i = 0; i < system.state_size; ++i) motion.x.push_back(data.x()(row, i));
    for (int i = 0; i < system.control_size; ++i) motion.u.push_back(data.u()(row, i));
  }
  return out;
}

void print_fit(const Outcome& outcome, CommandContext& context) {
  const models::SeriesFit& fit = outcome.page.fit;
  const models::FitReport& report = fit.fit.report;
  for (const std::string& note : outcome.page.notes) context.print("note: {}\n", note);
  context.print("{} rows fitted, {} held out; {} terms of {} features, {}, {}, {:.3f} s\n", report.rows,
                report.rows_held_out, report.terms, report.features, fit.formulation, report.integrator,
                report.seconds);
  const bool is_step = fit.formulation == "collocation";
  context.print("\n{:>20}  {:>14}  {:>14}\n", is_step ? "one step, held out" : "derivative, held out", "error (rms)",
                is_step ? "of its change" : "relative");
  const std::vector<std::string>& names = fit.fit.model.system().state_names;
  for (size_t i = 0; i < names.size(); ++i) {
    context.print("{:>20}  {:>14.3g}  {:>14.3g}\n", names[i], report.held_out_rmse[i], report.held_out_relative[i]);
  }
  const std::vector<double>& curve = report.multi_step_error;
  for (const size_t steps : {size_t{1}, size_t{10}, curve.size()}) {
    if (steps >= 1 && steps <= curve.size()) context.print("{:>14} steps  {:>14.3g}\n", steps, curve[steps - 1]);
  }
  context.print("\n");
  for (const std::string& equation : fit.fit.model.equations()) context.print("{}\n", equation);
}

// Standard deviations, and an ensemble's inclusion, of the terms in the order of "equations".
void add_confidence(JsonRow& row, const models::SindyFit& fit) {
  const Eigen::MatrixXd& c = fit.model.coefficients();
  for (const auto& [key, values] :
       {std::pair{"deviations", &fit.report.deviation}, std::pair{"inclusion", &fit.report.inclusion}}) {
    if (values->size() == 0) continue;
    row[key] = JsonRow::array();
    for (Eigen::Index i = 0; i < c.cols(); ++i) {
      JsonRow of_terms = JsonRow::array();
      for (Eigen::Index f = 0; f < c.rows(); ++f) {
        if (c(f, i) != 0) of_terms.push_back((*values)(f, i));
      }
      row[key].push_back(std::move(of_terms));
    }
  }
}

JsonRow row_of(const Outcome& outcome, const std::string& model) {
  const models::SeriesFit& fit = outcome.page.fit;
  const models::FitReport& report = fit.fit.report;
  JsonRow row;
  row["model"] = model;
  row["rows"] = report.rows;
  row["features"] = report.features;
  row["terms"] = report.terms;
  row["train_score"] = report.train_score;
  row["test_score"] = report.held_out_score;
  row["seconds"] = report.seconds;
  row["integrator"] = report.integrator;
  row["formulation"] = fit.formulation;
  row["noise"] = fit.noise;
  row["notes"] = outcome.page.notes;
  row["test_error"] = report.held_out_relative;
  row["multi_step_error"] = report.multi_step_error;
  row["equations"] = JsonRow::array();
  for (const auto& equation : fit.fit.model.equation_terms()) {
    JsonRow terms = JsonRow::array();
    for (const auto& [coefficient, feature] : equation) terms.push_back(JsonRow::array({coefficient, feature}));
    row["equations"].push_back(std::move(terms));
  }
  add_confidence(row, fit.fit);
  return row;
}

// Everything is made before anything is written.
void write_results(Outcome& outcome, const FitOptions& options) {
  std::vector<std::pair<std::string, std::string>> texts;
  for (const std::string& file : options.code) {
    const std::filesystem::path path(file);
    texts.emplace_back(file, models::source_for(outcome.page.fit.fit.model, path.extension().string(),
                                                {.name = path.stem().string(),
                                                 .state_units = outcome.page.state_units,
                                                 .control_units = outcome.page.control_units}));
  }
  if (!options.report.empty()) texts.emplace_back(options.report, fit_report_html(outcome.page));
  if (!options.save.empty()) {
    ByteWriter out("sindy model", 1);
    outcome.page.fit.fit.model.save(out);
    write_file(options.save, std::move(out).finish());
  }
  for (const auto& [file, text] : texts) write_file(file, text);
}

void check_model(const std::string& model) {
  std::vector<std::string> names;
  for (const auto& [name, summary] : models_list()) names.push_back(name);
  if (std::find(names.begin(), names.end(), model) != names.end()) return;
  const std::string nearest = nearest_name(model, names);
  throw Error(
      fmt::format("unknown model '{}'", model), "--model",
      nearest.empty() ? "`lockstep fit --list` shows what there is" : fmt::format("did you mean '{}'?", nearest));
}

// "key" to "value" of every setting of an optimiser.
JsonRow settings_of(const models::optimisers::Entry& entry) {
  JsonRow row = JsonRow::object();
  const Settings defaults = entry.defaults();
  for (const auto& [key, setting] : defaults.values()) {
    Settings one;
    one.set(key, setting);
    const std::string line = one.to_toml();  // "key = value\n"
    row[key] = line.substr(key.size() + 3, line.size() - key.size() - 4);
  }
  return row;
}

int list_models(CommandContext& context) {
  JsonRow row;
  for (const auto& [name, summary] : models_list()) {
    context.print("{}  {}\n", name, summary);
    row["name"] = name;
    row["summary"] = summary;
  }
  context.print("\noptimisers (--optimiser NAME), and their settings (--set with.KEY=VALUE)\n");
  for (const models::optimisers::Entry* entry : models::optimisers::entries()) {
    context.print("{}  {}\n", entry->name, entry->summary);
    const JsonRow settings = settings_of(*entry);
    for (const auto& [key, value] : settings.items()) context.print("    {} = {}\n", key, value.get<std::string>());
    row["optimisers"][std::string(entry->name)] = settings;
  }
  context.row(row);
  return kDone;
}

int fit_command(FitOptions options, CommandContext& context) {
  if (options.is_list) return list_models(context);
  check_model(options.model);
  if (options.source.empty() == options.task.empty()) {
    throw Error(options.source.empty() ? "nothing to fit" : "both a source and --task", "lockstep fit",
                "name one file (.csv, .npz, .h5) or one task; `lockstep fit --help` shows examples");
  }
  const bool is_task = !options.task.empty();
  if (is_task) options.source = options.task;
  Outcome outcome = !is_task && is_table(options.source) ? recorded(options) : explored(options);
  const std::vector<std::string>& notes = outcome.page.fit.fit.report.notes;
  outcome.page.notes.insert(outcome.page.notes.end(), notes.begin(), notes.end());
  write_results(outcome, options);
  print_fit(outcome, context);
  context.row(row_of(outcome, options.model));
  return kDone;
}

void add_table_options(CLI::App& command, FitOptions& options) {
  command.add_option("--states", options.columns.states, "A table's state columns (default: all others)")
      ->delimiter(',');
  command.add_option("--controls", options.columns.controls, "A table's control columns")->delimiter(',');
  command.add_option("--angle", options.angles, "A table's states that are angles (rad)")->delimiter(',');
  command.add_option("--time", options.columns.time, "A table's column of time (default: t or time)");
  command.add_option("--timestep", options.columns.timestep, "s between a table's rows, where it has no column t")
      ->check(CLI::PositiveNumber);
  command.add_option("--every", options.columns.every, "Keep every n-th row of a table")->check(CLI::Range(1, 1000000));
  command
      .add_option("--missing", options.columns.missing,
                  "Missing cells, gaps, uneven time: split (trajectories end there, said so) or refuse")
      ->check(CLI::IsMember({"split", "refuse"}));
}

}  // namespace

void add_fit(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<FitOptions>();
  CLI::App& command = context.add(
      app, "fit", "learn sparse equations of motion from data",
      "  lockstep fit pendulum-v1 --seconds 60\n"
      "  lockstep fit lorenz63\n"
      "  lockstep fit lorenz.csv --set degree=2 --json -\n"
      "  lockstep fit lorenz.csv --optimiser ensemble --set with.method=ssr --set with.members=200\n"
      "  lockstep fit lorenz.csv --optimiser cross_validated --set with.method=sr3 --set with.setting=threshold\n"
      "  lockstep fit pendulum.csv --angle th --controls torque --report report.html\n"
      "  lockstep fit runs.h5 --set 'library=polynomial(2) + terms(exp(-T))' --code model.h --code model.tex\n"
      "A table (.csv, .npz, .h5) has columns t, states, controls (u, u0, u1 ...), and trajectory where there are\n"
      "several; a unit may follow a name, as in `th [rad]`. Settings are those of models/series_fit.h.\n");
  command.add_option("SOURCE", options->source, "A table (.csv, .npz, .h5), or a task to explore at random");
  command.add_option("--task", options->task, "A task to explore at random");
  command.add_option("--model", options->model, "Which model (see --list)");
  command.add_flag("--list", options->is_list, "Show the models and optimisers, with the optimisers' settings");
  command.add_option("--optimiser", options->optimiser,
                     "Who chooses the terms (see --list; default: stepwise); its settings are --set with.KEY=VALUE");
  CLI::Option* const seconds = command.add_option("--seconds", options->exploration.seconds,
                                                  "Of a task's motion; for a system 10,000 steps where not given");
  seconds->check(CLI::Range(0.1, 1e6));
  command.add_option("--seed", options->exploration.seed, "Of a task's random controls");
  add_table_options(command, *options);
  command.add_option("--set", options->assignments, "One setting, as in TOML; may be repeated")->type_name("KEY=VALUE");
  command.add_option("--save", options->save, "Write the model to this file")->type_name("FILE");
  command.add_option("--report", options->report, "Write a page with equations, scores and plots")->type_name("FILE");
  command.add_option("--code", options->code, "Write the model as .tex, .h, .cuh or .py; may be repeated")
      ->type_name("FILE");
  context.on_run(command, [options, seconds, &context] {
    options->has_seconds = seconds->count() > 0;
    return fit_command(*options, context);
  });
}

}  // namespace lockstep::apps
