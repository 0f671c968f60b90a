// Fitting SINDy models: choosing library, integrator and terms, and measuring the fit on held-out motion.
#include "models/sindy_fit.h"
#include "engine/error.h"
#include "models/library_text.h"
#include "models/sindy_regression.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>

#include <fmt/format.h>

namespace lockstep::models {
namespace {

using kernels::SparseIntegrator;

constexpr int kCollocationPasses = 6;           // at most; the iteration gains some digits in each
constexpr double kCollocationTolerance = 1e-9;  // relative change of the coefficients

std::vector<SparseIntegrator> candidates(const std::string& name) {
  for (const auto one : {SparseIntegrator::kMap, SparseIntegrator::kEuler, SparseIntegrator::kSemiImplicit,
                         SparseIntegrator::kRungeKutta4}) {
    if (integrator_name(one) == name) return {one};
  }
  return {SparseIntegrator::kRungeKutta4, SparseIntegrator::kSemiImplicit, SparseIntegrator::kEuler};
}

void check_data(const TransitionData& data, const SindySystem& system) {
  if (data.empty()) {
    throw Error("no transitions to fit a model to", "fit_sindy", "collect some steps of the system first");
  }
  if (data.state_size() != system.state_size || data.control_size() != system.control_size) {
    throw Error(fmt::format("transitions of {} states and {} controls", data.state_size(), data.control_size()),
                "fit_sindy",
                fmt::format("give those of the system: {} and {}", system.state_size, system.control_size));
  }
  const auto check = [&](View<const double, 2> values, const char* what, const std::vector<std::string>& names) {
    for (int row = 0; row < values.extent(0); ++row) {
      for (int i = 0; i < values.extent(1); ++i) {
        if (std::isfinite(values(row, i))) continue;
        throw Error(fmt::format("{} {} of row {} is {}", what, names[static_cast<size_t>(i)], row, values(row, i)),
                    "transitions to fit", "leave out rows that are not finite");
      }
    }
  };
  check(data.x(), "state", system.state_names);
  check(data.next(), "next state", system.state_names);
  check(data.u(), "control", system.control_names);
}

std::vector<std::string> optimiser_names() {
  std::vector<std::string> names;
  for (const optimisers::Entry* entry : optimisers::entries()) names.emplace_back(entry->name);
  return names;
}

double root_mean_square(const std::vector<double>& values) {
  double sum = 0;
  for (const double v : values) sum += v * v;
  return values.empty() ? 0 : std::sqrt(sum / static_cast<double>(values.size()));
}

// ---- One fit with one integrator ----

Sindy fit_once(const TransitionData& data, const SindySystem& system, const FeatureLibrary& library,
               SparseIntegrator integrator, const SindyConfig& config, FitReport& report) {
  SindySystem fitted = system;
  if (integrator == SparseIntegrator::kMap) std::fill(fitted.velocity_of.begin(), fitted.velocity_of.end(), -1);
  SindyRegression regression(data, fitted, library, integrator);
  const ResidualPass residual = [&](const Eigen::MatrixXd& c) { return regression.residual(c); };
  const std::unique_ptr<optimisers::Optimiser> optimiser = make_optimiser(config);
  StlsqResult result;
  Eigen::MatrixXd last;
  const int passes = regression.depends_on_field() ? kCollocationPasses : 1;
  for (int pass = 0; pass < passes; ++pass) {
    const NormalEquations sums = regression.normal_equations();
    const optimisers::RowParts parts = regression.parts(optimiser->parts_needed());
    result = optimiser->fit({.sums = sums, .residual_pass = residual, .library = &library, .parts = &parts});
    if (pass > 0 && (result.coefficients - last).norm() <= kCollocationTolerance * last.norm()) break;
    last = result.coefficients;
    if (pass + 1 < passes) regression.update_middle(result.coefficients);
  }
  report.condition = *std::max_element(result.condition.begin(), result.condition.end());
  report.converged = result.converged;
  report.notes = result.notes;
  const auto of_all = [&](const Eigen::MatrixXd& m) { return of_states(m, regression.targets(), system.state_size); };
  report.deviation = of_all(result.deviation);
  report.inclusion = of_all(result.inclusion);
  return {std::move(fitted), library, of_all(result.coefficients), integrator};
}

// ---- Errors ----

struct OneStep {
  std::vector<double> rmse, relative;
  double score = 0;  // R^2 of the change, mean over states that change
};

OneStep one_step_errors(Sindy& model, const TransitionData& data) {
  const int rows = data.size(), nx = data.state_size();
  std::vector<double> predicted(static_cast<size_t>(rows) * static_cast<size_t>(nx));
  const View<double, 2> next(predicted.data(), rows, nx);
  model.step(data.x(), data.u(), next);
  OneStep out;
  int changing = 0;
  for (int i = 0; i < nx; ++i) {
    std::vector<double> error, change;
    for (int row = 0; row < rows; ++row) {
      error.push_back(next(row, i) - data.next()(row, i));
      change.push_back(data.next()(row, i) - data.x()(row, i));
    }
    const double rms = root_mean_square(error), scale = root_mean_square(change);
    out.rmse.push_back(rms);
    out.relative.push_back(scale > 0 ? rms / scale : rms);
    double mean = 0;
    for (const double c : change) mean += c / static_cast<double>(rows);
    for (double& c : change) c -= mean;
    const double spread = root_mean_square(change);
    if (spread <= 0) continue;
    out.score += 1 - rms * rms / (spread * spread);
    ++changing;
  }
  if (changing > 0) out.score /= changing;
  return out;
}

double mean_of(const std::vector<double>& curve) {
  double sum = 0;
  for (const double e : curve) sum += e / static_cast<double>(curve.size());
  return curve.empty() ? 0 : sum;
}

SindySystem completed(SindySystem system, const TransitionData& data, const SindyConfig& config) {
  system.check();
  check_data(data, system);
  if (!config.known_kinematics) {
    system.velocity_of.assign(static_cast<size_t>(system.state_size), -1);
  } else if (system.velocity_of.empty()) {
    system.velocity_of = find_velocities(data, system.timestep);
  }
  return system;
}

void check_rows(int rows, int features, const SindyConfig& config) {
  if (rows >= features || config.regression.alpha > 0) return;
  throw Error(fmt::format("{} rows for {} features and no ridge", rows, features), "fit_sindy",
              "collect more data, choose a smaller library, or set alpha above 0");
}

}  // namespace

void SindyConfig::describe(Fields& fields) {
  fields.add("library", library,
             "candidate terms: mechanical, polynomial, or as text: \"polynomial(2) + terms(exp(-x0))\"");
  fields.add("degree", degree, "of velocities (mechanical), of states and controls (polynomial)", {0, 10});
  fields.add("harmonics", harmonics, "highest harmonic of the angles (mechanical)", {0, 16});
  fields.add("constant", constant, "the constant is a candidate");
  fields.add("cross_terms", cross_terms, "products of different states are candidates");
  fields.add_choice("integrator", integrator, "how a step is made of the field; auto: by held-out error",
                    {"auto", "map", "euler", "semi_implicit", "rk4"});
  fields.add("known_kinematics", known_kinematics, "fit no equation for a position whose velocity is a state");
  fields.add_choice("optimiser", optimiser, "who chooses the terms; its settings are with.*", optimiser_names());
  fields.add("significance", significance, "stepwise: standard errors a coefficient must be away from 0", {0, 1000});
  fields.add_section("regression", regression);
  fields.add("held_out", held_out, "share of the rows that errors are measured on", {0.01, 0.99});
  fields.add("horizon_steps", horizon_steps, "length of the multi-step error", {1, 100000});
  fields.add("refit_on_all", refit_on_all, "fit the final model to the held-out rows too");
}

void SindyConfig::check() const {
  regression.check();
  if (library != "mechanical" && library != "polynomial" && library.find('(') == std::string::npos) {
    throw Error("library = '" + library + "' is unknown", "sindy settings",
                "choose mechanical or polynomial, or write a library, as polynomial(2) + fourier(1)");
  }
  if (!(significance >= 0)) {
    throw Error(fmt::format("significance = {}", significance), "sindy settings", "choose significance >= 0");
  }
  (void)make_optimiser(*this)->parts_needed();
  const std::vector<std::string> known{"auto", "map", "euler", "semi_implicit", "rk4"};
  if (std::find(known.begin(), known.end(), integrator) == known.end()) {
    throw Error("integrator = '" + integrator + "' is unknown", "sindy settings",
                "choose " + nearest_name(integrator, known) + " or another of auto, map, euler, semi_implicit, rk4");
  }
  if (degree < 0 || harmonics < 0 || horizon_steps < 1 || !(held_out > 0 && held_out < 1)) {
    throw Error(fmt::format("degree {}, harmonics {}, horizon_steps {}, held_out {}", degree, harmonics, horizon_steps,
                            held_out),
                "sindy settings", "give degree >= 0, harmonics >= 0, horizon_steps >= 1 and held_out inside (0, 1)");
  }
}

namespace {

// Products of harmonics of the angles whose orders sum to at most `highest`.
std::vector<Feature> angle_features(const std::vector<int>& angles, int highest) {
  std::vector<Feature> features{{}};
  std::vector<int> orders{0};
  for (const int angle : angles) {
    std::vector<Feature> extended;
    std::vector<int> extended_orders;
    for (size_t f = 0; f < features.size(); ++f) {
      extended.push_back(features[f]);
      extended_orders.push_back(orders[f]);
      for (int k = 1; orders[f] + k <= highest; ++k) {
        for (const auto kind : {Factor::Kind::kSine, Factor::Kind::kCosine}) {
          extended.push_back(features[f]);
          extended.back().push_back({kind, angle, k});
          extended_orders.push_back(orders[f] + k);
        }
      }
    }
    features = std::move(extended);
    orders = std::move(extended_orders);
  }
  return features;
}

FeatureLibrary mechanical_library(const SindySystem& system, const SindyConfig& config) {
  std::vector<int> angles, positions, velocities;
  for (int i = 0; i < system.state_size; ++i) {
    const auto at = static_cast<size_t>(i);
    const bool has_velocity = at < system.velocity_of.size() && system.velocity_of[at] >= 0;
    (system.state_is_angle[at] ? angles : has_velocity ? positions : velocities).push_back(i);
  }
  std::vector<Feature> factors = polynomial_features(
      velocities, {.degree = config.degree, .constant = config.constant, .cross_terms = config.cross_terms});
  for (const int position : positions) factors.push_back({{Factor::Kind::kPower, position, 1}});
  for (int i = 0; i < system.control_size; ++i) factors.push_back({{Factor::Kind::kPower, system.state_size + i, 1}});
  const std::vector<Feature> harmonics = angle_features(angles, config.harmonics);
  std::vector<Feature> features = tensor_features(factors, harmonics);
  // Gravity needs harmonics alone, even where the constant is no candidate.
  if (!config.constant) features.insert(features.end(), harmonics.begin() + 1, harmonics.end());
  return {system.state_size, system.control_size, features};
}

}  // namespace

std::vector<std::uint8_t> is_inside(const TransitionData& data, const SindySystem& system) {
  std::vector<std::uint8_t> keep(static_cast<size_t>(data.size()), 1);
  for (int row = 0; row < data.size(); ++row) {
    for (int i = 0; i < system.state_size; ++i) {
      const double low = system.low[static_cast<size_t>(i)], high = system.high[static_cast<size_t>(i)];
      for (const double value : {data.x()(row, i), data.next()(row, i)}) {
        if (value <= low || value >= high) keep[static_cast<size_t>(row)] = 0;
      }
    }
  }
  return keep;
}

TransitionData rows_inside(const TransitionData& data, const SindySystem& system) {
  TransitionData inside = data.filtered(is_inside(data, system));
  if (inside.empty()) {
    throw Error("no transition lies inside the box of the system", "fit_sindy", "widen the box, or collect inside it");
  }
  return inside;
}

std::unique_ptr<optimisers::Optimiser> make_optimiser(const SindyConfig& config) {
  Settings settings;
  if (config.optimiser == "stlsq") settings = settings_of(config.regression);
  if (config.optimiser == "stepwise") {
    const std::string origin = "sindy settings";
    settings.set("threshold", {config.regression.threshold, origin});
    settings.set("significance", {config.significance, origin});
    settings.set("alpha", {std::max(config.regression.alpha, 1e-12), origin});
    settings.set("refinements", {std::int64_t{config.regression.refinements}, origin});
  }
  settings.merge(config.with);
  return optimisers::find(config.optimiser).make(settings);
}

SindyConfig configured_sindy(const Settings& settings) {
  auto config = configured<SindyConfig>(settings.without_section("with"));
  config.with = settings.section("with");
  config.check();
  return config;
}

Eigen::MatrixXd of_states(const Eigen::MatrixXd& of_targets, const std::vector<int>& targets, int nx) {
  if (of_targets.size() == 0) return {};
  Eigen::MatrixXd all = Eigen::MatrixXd::Zero(of_targets.rows(), nx);
  for (size_t k = 0; k < targets.size(); ++k) all.col(targets[k]) = of_targets.col(static_cast<Eigen::Index>(k));
  return all;
}

FeatureLibrary make_library(const SindySystem& system, const SindyConfig& config) {
  if (config.library == "mechanical") return mechanical_library(system, config);
  if (config.library != "polynomial") {
    return parse_library(config.library, system.state_size, system.control_size,
                         {system.state_names, system.control_names}, "library");
  }
  std::vector<int> inputs;
  inputs.reserve(static_cast<size_t>(system.state_size) + static_cast<size_t>(system.control_size));
  for (int i = 0; i < system.state_size + system.control_size; ++i) inputs.push_back(i);
  return {system.state_size, system.control_size,
          polynomial_features(
              inputs, {.degree = config.degree, .constant = config.constant, .cross_terms = config.cross_terms})};
}

std::vector<int> find_velocities(const TransitionData& data, double timestep) {
  constexpr double kRelativeResidual = 0.02;
  const int nx = data.state_size();
  const View<const double, 2> x = data.x(), next = data.next();
  std::vector<int> velocity_of(static_cast<size_t>(nx), -1);
  for (int i = 0; i < nx; ++i) {
    double best = kRelativeResidual;
    for (int j = 0; j < nx; ++j) {
      // The velocity before, in the middle or after the step, as the integrator has it.
      for (const double after : {0.0, 0.5, 1.0}) {
        double change = 0, residual = 0;
        for (int row = 0; row < data.size(); ++row) {
          const double moved = next(row, i) - x(row, i);
          const double expected = timestep * ((1 - after) * x(row, j) + after * next(row, j));
          change += moved * moved;
          residual += (moved - expected) * (moved - expected);
        }
        if (j == i || change <= 0 || std::sqrt(residual / change) >= best) continue;
        best = std::sqrt(residual / change);
        velocity_of[static_cast<size_t>(i)] = j;
      }
    }
  }
  // A velocity is not itself a position: of a chain x, v, a only v keeps its equation known.
  for (int i = 0; i < nx; ++i) {
    const int v = velocity_of[static_cast<size_t>(i)];
    if (v >= 0 && velocity_of[static_cast<size_t>(v)] >= 0) velocity_of[static_cast<size_t>(i)] = -1;
  }
  return velocity_of;
}

std::vector<double> state_scale(const TransitionData& data, const SindySystem& system) {
  std::vector<double> scale;
  for (int i = 0; i < data.state_size(); ++i) {
    double mean = 0;
    std::vector<double> values;
    values.reserve(static_cast<size_t>(data.size()));
    for (int row = 0; row < data.size(); ++row) values.push_back(data.x()(row, i));
    for (const double v : values) mean += v / static_cast<double>(values.size());
    for (double& v : values) v -= mean;
    const double spread = system.state_is_angle[static_cast<size_t>(i)] ? std::numbers::pi : root_mean_square(values);
    scale.push_back(spread > 0 ? spread : 1.0);
  }
  return scale;
}

std::vector<double> multi_step_error(Dynamics& dynamics, const TransitionData& data, int horizon,
                                     const std::vector<double>& scale) {
  const int nx = data.state_size(), nu = data.control_size();
  int longest = 0;
  for (const auto& [first, last] : data.segments()) longest = std::max(longest, last - first);
  const int steps = std::min(horizon, longest);
  std::vector<int> starts;
  for (const auto& [first, last] : data.segments(std::max(steps, 1))) {
    for (int start = first; start + steps <= last; start += std::max(1, horizon / 4)) starts.push_back(start);
  }
  if (steps == 0 || starts.empty()) return {};
  const auto windows = static_cast<int>(starts.size());
  std::vector<double> x0, controls,
      states(static_cast<size_t>(windows) * static_cast<size_t>(steps + 1) * static_cast<size_t>(nx));
  for (const int start : starts) {
    for (int i = 0; i < nx; ++i) x0.push_back(data.x()(start, i));
    for (int k = 0; k < steps; ++k) {
      for (int i = 0; i < nu; ++i) controls.push_back(data.u()(start + k, i));
    }
  }
  const View<double, 3> predicted(states.data(), windows, steps + 1, nx);
  dynamics.rollout(View<const double, 2>(x0.data(), windows, nx),
                   View<const double, 3>(controls.data(), windows, steps, nu), predicted);
  std::vector<double> curve;
  for (int k = 1; k <= steps; ++k) {
    double sum = 0;
    for (int w = 0; w < windows; ++w) {
      for (int i = 0; i < nx; ++i) {
        const double truth = data.next()(starts[static_cast<size_t>(w)] + k - 1, i);
        const double error = (predicted(w, k, i) - truth) / scale[static_cast<size_t>(i)];
        sum += std::isfinite(error) ? error * error : std::numeric_limits<double>::infinity();
      }
    }
    curve.push_back(std::sqrt(sum / (static_cast<double>(windows) * nx)));
  }
  return curve;
}

SindyFit fit_sindy(const TransitionData& data, SindySystem given, const SindyConfig& config) {
  const auto begin = std::chrono::steady_clock::now();
  config.check();
  const SindySystem system = completed(std::move(given), data, config);
  const TransitionData inside = rows_inside(data, system);
  const FeatureLibrary library = make_library(system, config);
  const auto [train, held_out] = inside.split(config.held_out);
  check_rows(train.size(), library.size(), config);
  const TransitionData& judged = held_out.empty() ? train : held_out;
  const std::vector<double> scale = state_scale(inside, system);

  std::optional<SindyFit> best;
  double best_error = std::numeric_limits<double>::infinity();
  for (const SparseIntegrator integrator : candidates(config.integrator)) {
    FitReport report;
    Sindy model = fit_once(train, system, library, integrator, config, report);
    report.multi_step_error = multi_step_error(model, judged, config.horizon_steps, scale);
    const double error = mean_of(report.multi_step_error);
    if (best && !(error < best_error)) continue;
    best_error = error;
    best.emplace(SindyFit{std::move(model), std::move(report)});
  }
  const OneStep on_train = one_step_errors(best->model, train), on_judged = one_step_errors(best->model, judged);
  FitReport& report = best->report;
  report.rows = train.size();
  report.rows_held_out = held_out.size();
  report.rows_outside = data.size() - inside.size();
  report.features = library.size();
  report.integrator = integrator_name(best->model.integrator());
  report.train_rmse = on_train.rmse;
  report.held_out_rmse = on_judged.rmse;
  report.held_out_relative = on_judged.relative;
  report.train_score = on_train.score;
  report.held_out_score = on_judged.score;
  if (config.refit_on_all && !held_out.empty()) {
    best->model = fit_once(inside, system, library, best->model.integrator(), config, report);
  }
  report.terms = best->model.terms();
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return std::move(*best);
}

}  // namespace lockstep::models
