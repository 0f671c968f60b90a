// Fitting SINDy models to recorded series: which formulation, its sums, and what the fit is worth.
#include "models/series_fit.h"
#include "engine/error.h"
#include "models/dealt_sums.h"
#include "models/sindy_regression.h"
#include "models/sparse_kernels.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include <fmt/format.h>

namespace lockstep::models {
namespace {

using kernels::kFeatureBlockRows;

constexpr double kCleanNoise = 1e-3;     // of a state's deviation: above it, noise decides
constexpr double kNoNoise = 1e-6;        // of a state's rms: below it there is nothing to smooth
constexpr double kKnownVelocity = 0.02;  // relative residual below which a state is another's derivative
constexpr int kWeakRows = 11;            // of the shortest trajectory of the weak form

const std::vector<std::string>& formulations() {
  static const std::vector<std::string> names{"auto", "collocation", "derivative", "weak"};
  return names;
}

// Series with their smoothed states and derivatives, which it owns.
struct Prepared {
  std::vector<Series> series;
  std::vector<Differentiated> derivatives;
  DifferentiationChoice choice;
};

// Smoothing takes digits from a column that has no noise to speak of: it stays as it was measured.
void keep_clean_columns(Prepared& data) {
  const auto columns = data.choice.noise.size();
  for (size_t c = 0; c < columns; ++c) {
    double square = 0, rows = 0;
    for (const Series& one : data.series) {
      for (int row = 0; row < one.rows(); ++row, ++rows) square += std::pow(one.x(row, static_cast<int>(c)), 2);
    }
    if (!(rows > 0) || data.choice.noise[c] > kNoNoise * std::sqrt(square / rows)) continue;
    for (size_t t = 0; t < data.series.size(); ++t) {
      const Series& one = data.series[t];
      for (int row = 0; row < one.rows(); ++row) {
        data.derivatives[t].smooth[static_cast<size_t>(row) * columns + c] = one.x(row, static_cast<int>(c));
      }
    }
  }
}

Prepared prepared(const std::vector<Series>& given, const DifferentiationConfig& config) {
  Prepared out{given, {}, {}};
  std::vector<Samples> samples;
  for (const Series& one : given) samples.push_back({one.time, one.x});
  out.derivatives = differentiate(samples, config, &out.choice);
  keep_clean_columns(out);
  for (size_t t = 0; t < given.size(); ++t) {
    out.series[t].smooth =
        View<const double, 2>(out.derivatives[t].smooth.data(), given[t].rows(), given[t].x.extent(1));
  }
  return out;
}

double rms(double sum, double count) { return count > 0 ? std::sqrt(sum / count) : 0; }

// For each state the one that is its derivative, or -1.
std::vector<int> velocities_in(const Prepared& data, int nx) {
  std::vector<int> velocity_of(static_cast<size_t>(nx), -1);
  for (int i = 0; i < nx; ++i) {
    double best = kKnownVelocity;
    for (int j = 0; j < nx; ++j) {
      double residual = 0, size = 0;
      for (size_t t = 0; t < data.series.size(); ++t) {
        for (int row = 0; row < data.series[t].rows(); ++row) {
          const double slope =
              data.derivatives[t]
                  .derivative[static_cast<size_t>(row) * static_cast<size_t>(nx) + static_cast<size_t>(i)];
          const double difference = slope - data.series[t].smooth(row, j);
          residual += difference * difference;
          size += slope * slope;
        }
      }
      if (i == j || !(size > 0) || std::sqrt(residual / size) >= best) continue;
      best = std::sqrt(residual / size);
      velocity_of[static_cast<size_t>(i)] = j;
    }
  }
  for (int i = 0; i < nx; ++i) {
    const int v = velocity_of[static_cast<size_t>(i)];
    if (v >= 0 && velocity_of[static_cast<size_t>(v)] >= 0) velocity_of[static_cast<size_t>(i)] = -1;
  }
  return velocity_of;
}

Series part_of(const Series& whole, int first, int last) {
  const auto view = [&](View<const double, 2> v) {
    const int width = v.extent(1);
    return View<const double, 2>(v.data_handle() + static_cast<long>(first) * width, last - first, width);
  };
  return {whole.time.subspan(static_cast<size_t>(first), static_cast<size_t>(last - first)), view(whole.x),
          view(whole.smooth), view(whole.u)};
}

// Whole trajectories, spread evenly, where there are at least four; else the tail of each.
std::pair<std::vector<Series>, std::vector<Series>> split(const std::vector<Series>& series, double share) {
  std::vector<Series> train, held_out;
  for (size_t t = 0; t < series.size(); ++t) {
    if (series.size() >= 4) {
      const auto at = static_cast<double>(t);
      const bool is_held = std::floor((at + 1) * share + 0.5) > std::floor(at * share + 0.5);
      (is_held ? held_out : train).push_back(series[t]);
      continue;
    }
    const int rows = series[t].rows(), cut = rows - static_cast<int>(std::lround(share * rows));
    if (cut < kWeakRows || rows - cut < kWeakRows) {
      train.push_back(series[t]);
      continue;
    }
    train.push_back(part_of(series[t], 0, cut));
    held_out.push_back(part_of(series[t], cut, rows));
  }
  if (train.empty()) std::swap(train, held_out);
  return {train, held_out};
}

// The rows of `derivative`: Theta(smooth, u) c = derivative; those near the ends of long trajectories (half a window)
// are left out.
void derivative_rows(std::span<const Series> series, std::span<const Differentiated> derivatives,
                     const FeatureLibrary& library, const std::vector<int>& targets, int margin, const RowSink& sink) {
  const int nx = library.num_states();
  FeatureBlock block(library.compiled(), nx + library.num_controls(), static_cast<int>(targets.size()));
  for (size_t t = 0; t < series.size(); ++t) {
    const Series& one = series[t];
    const int edge = one.rows() >= 6 * margin ? margin : 0;
    for (int first = edge; first < one.rows() - edge; first += kFeatureBlockRows) {
      const int count = std::min(kFeatureBlockRows, one.rows() - edge - first);
      for (int row = 0; row < count; ++row) {
        for (int i = 0; i < nx; ++i) block.input(i)[row] = one.smooth(first + row, i);
        for (int i = 0; i < library.num_controls(); ++i) block.input(nx + i)[row] = one.u(first + row, i);
      }
      block.clear_columns();
      block.add(1.0);
      for (size_t k = 0; k < targets.size(); ++k) {
        double* const out = block.column(library.size() + static_cast<int>(k));
        for (int row = 0; row < count; ++row) {
          out[row] = derivatives[t].derivative[static_cast<size_t>((first + row) * nx + targets[k])];
        }
      }
      sink(block.columns(), count);
    }
  }
}

// Rows first .. last - 1 of one trajectory, appended.
void append_part(Prepared& out, const Prepared& all, size_t trajectory, int first, int last) {
  const Series& whole = all.series[trajectory];
  const Differentiated& from = all.derivatives[trajectory];
  const auto nx = static_cast<std::ptrdiff_t>(whole.x.extent(1));
  const auto rows = [&](const std::vector<double>& v) {
    return std::vector<double>(v.begin() + first * nx, v.begin() + last * nx);
  };
  out.series.push_back(part_of(whole, first, last));
  out.derivatives.push_back({rows(from.smooth), rows(from.derivative)});
}

// Whole trajectories dealt in turn; where there are fewer than folds, as many runs of rows of each.
std::vector<Prepared> folds_of(const Prepared& all, int count) {
  std::vector<Prepared> folds(static_cast<size_t>(count), Prepared{{}, {}, all.choice});
  const bool is_whole = all.series.size() >= static_cast<size_t>(count);
  for (size_t t = 0; t < all.series.size(); ++t) {
    const int rows = all.series[t].rows();
    if (is_whole) {
      append_part(folds[t % static_cast<size_t>(count)], all, t, 0, rows);
      continue;
    }
    for (int fold = 0; fold < count; ++fold) {
      const auto at = [&](int f) { return static_cast<int>(std::int64_t{rows} * f / count); };
      if (at(fold + 1) - at(fold) >= kWeakRows)
        append_part(folds[static_cast<size_t>(fold)], all, t, at(fold), at(fold + 1));
    }
  }
  std::erase_if(folds, [](const Prepared& fold) { return fold.series.empty(); });
  return folds;
}

void scale(NormalEquations& sums, double factor) {
  sums.theta_theta *= factor;
  sums.theta_y *= factor;
  sums.y_y *= factor;
  sums.weight *= factor;
}

class SeriesRegression {
 public:
  SeriesRegression(SindySystem system, const FeatureLibrary& library, const SeriesFitConfig& config,
                   std::string formulation)
      : system_(std::move(system)), library_(library), config_(config), formulation_(std::move(formulation)) {
    for (int i = 0; i < system_.state_size; ++i) {
      if (system_.velocity_of[static_cast<size_t>(i)] < 0) targets_.push_back(i);
    }
  }

  [[nodiscard]] const std::vector<int>& targets() const { return targets_; }
  [[nodiscard]] NormalEquations sums(const Prepared& data) const {
    Gram gram(library_.size(), static_cast<int>(targets_.size()));
    give_rows(data, [&](const double* columns, int rows) { gram.add_columns(columns, rows); });
    NormalEquations sums = gram.normal_equations();
    scale(sums, independent_share(data, sums.weight));
    return sums;
  }

  Sindy fit(const Prepared& data, const NormalEquations& sums, FitReport& report) const {
    const std::unique_ptr<optimisers::Optimiser> optimiser = make_optimiser(config_.sindy);
    const optimisers::RowParts parts = parts_of(data, optimiser->parts_needed());
    const StlsqResult result = optimiser->fit({.sums = sums, .library = &library_, .parts = &parts});
    report.condition = *std::max_element(result.condition.begin(), result.condition.end());
    report.converged = result.converged;
    report.notes = result.notes;
    const auto of_all = [&](const Eigen::MatrixXd& m) { return of_states(m, targets_, system_.state_size); };
    report.deviation = of_all(result.deviation);
    report.inclusion = of_all(result.inclusion);
    return {system_, library_, of_all(result.coefficients), kernels::SparseIntegrator::kRungeKutta4};
  }

  // rms errors of the derivatives, also relative to their rms, and R^2 averaged over states that change.
  double score(const Prepared& data, const Sindy& model, std::vector<double>& error,
               std::vector<double>& relative) const {
    const int nx = system_.state_size;
    std::vector<double> residual(static_cast<size_t>(nx), 0.0), sum = residual, square = residual;
    double rows = 0;
    for (size_t t = 0; t < data.series.size(); ++t) {
      const Series& series = data.series[t];
      std::vector<double> theta(static_cast<size_t>(series.rows()) * static_cast<size_t>(library_.size()));
      library_.evaluate(series.smooth, series.u, View<double, 2>(theta.data(), series.rows(), library_.size()));
      for (int row = 0; row < series.rows(); ++row, ++rows) {
        const Eigen::Map<const Eigen::RowVectorXd> features(
            &theta[static_cast<size_t>(row) * static_cast<size_t>(library_.size())], library_.size());
        for (int i = 0; i < nx; ++i) {
          const auto at = static_cast<size_t>(i);
          const double truth = data.derivatives[t].derivative[static_cast<size_t>(row * nx + i)];
          const int velocity = system_.velocity_of[at];
          const double predicted =
              velocity >= 0 ? series.smooth(row, velocity) : (features * model.coefficients().col(i)).value();
          residual[at] += (predicted - truth) * (predicted - truth);
          sum[at] += truth;
          square[at] += truth * truth;
        }
      }
    }
    double score = 0, changing = 0;
    error.clear(), relative.clear();
    for (size_t i = 0; i < residual.size(); ++i) {
      error.push_back(rms(residual[i], rows));
      relative.push_back(square[i] > 0 ? std::sqrt(residual[i] / square[i]) : error.back());
      const double spread = square[i] - sum[i] * sum[i] / std::max(1.0, rows);
      if (!(spread > 0)) continue;
      score += 1 - residual[i] / spread;
      ++changing;
    }
    return changing > 0 ? score / changing : 0;
  }

 private:
  [[nodiscard]] bool is_weak() const { return formulation_ == "weak"; }
  [[nodiscard]] static int window_of(const Prepared& data) {
    return data.choice.window.empty() ? 0 : *std::max_element(data.choice.window.begin(), data.choice.window.end());
  }

  void give_rows(const Prepared& data, const RowSink& sink) const {
    if (is_weak()) {
      weak_rows(data.series, library_, targets_, config_.weak_form, sink);
    } else {
      derivative_rows(data.series, data.derivatives, library_, targets_, window_of(data) / 2, sink);
    }
  }

  // Rows of overlapping integrals, and of derivatives of overlapping windows, are no independent observations: sums
  // count for as many as are. One observation per standard deviation of a test function, or third of a window.
  [[nodiscard]] double independent_share(const Prepared& data, double rows) const {
    if (!is_weak()) return window_of(data) > 3 ? 3.0 / window_of(data) : 1.0;
    double total = 0;
    for (const Series& one : data.series) total += one.time.back() - one.time.front();
    const double deviation =
        weak_half_width(data.series, config_.weak_form) / std::sqrt(2.0 * config_.weak_form.order + 3);
    return std::min(1.0, total / deviation / rows);
  }

  [[nodiscard]] optimisers::RowParts parts_of(const Prepared& data, const optimisers::PartsNeeded& needed) const {
    optimisers::RowParts parts;
    if (needed.folds > 0) {
      SeriesRegression same = *this;
      same.config_.weak_form.half_width = weak_half_width(data.series, config_.weak_form);
      for (const Prepared& fold : folds_of(data, needed.folds)) parts.folds.push_back(same.sums(fold));
    }
    if (needed.groups > 0) {
      DealtSums dealt(library_.size(), static_cast<int>(targets_.size()), needed.groups, needed.seed);
      double rows = 0;
      give_rows(data, [&](const double* columns, int count) {
        dealt.add_columns(columns, count);
        rows += count;
      });
      parts.groups = dealt.normal_equations();
      const double share = independent_share(data, rows);
      for (NormalEquations& group : parts.groups) scale(group, share);
    }
    return parts;
  }

  SindySystem system_;
  const FeatureLibrary& library_;
  SeriesFitConfig config_;
  std::string formulation_;
  std::vector<int> targets_;
};

bool is_even(std::span<const Series> series, double timestep) {
  return std::all_of(series.begin(), series.end(), [&](const Series& one) {
    for (size_t row = 1; row < one.time.size(); ++row) {
      if (std::abs(one.time[row] - one.time[row - 1] - timestep) > 2e-3 * timestep) return false;
    }
    return true;
  });
}

// Transitions of the states `of` gives; rows of one series are one trajectory.
template <class States>
TransitionData transitions_of(std::span<const Series> series, int nx, int nu, const States& of) {
  TransitionData data(nx, nu);
  for (size_t t = 0; t < series.size(); ++t) {
    const View<const double, 2> states = of(series[t]);
    for (int row = 0; row + 1 < series[t].rows(); ++row) {
      const auto at = [](View<const double, 2> v, int r) {
        return std::span(v.data_handle() + static_cast<long>(r) * v.extent(1), static_cast<size_t>(v.extent(1)));
      };
      data.append({.x = at(states, row),
                   .u = at(series[t].u, row),
                   .next = at(states, row + 1),
                   .trajectory = static_cast<std::int64_t>(t)});
    }
  }
  return data;
}

void check_series(std::span<const Series> series, const SindySystem& system) {
  if (series.empty()) throw Error("no trajectories to fit a model to", "fit_series", "record some motion first");
  for (size_t t = 0; t < series.size(); ++t) {
    const Series& one = series[t];
    if (one.x.extent(1) == system.state_size && one.u.extent(1) == system.control_size &&
        one.x.extent(0) == one.rows() && (system.control_size == 0 || one.u.extent(0) == one.rows())) {
      continue;
    }
    throw Error(fmt::format("{} times, states [{}][{}], controls [{}][{}]", one.rows(), one.x.extent(0),
                            one.x.extent(1), one.u.extent(0), one.u.extent(1)),
                fmt::format("trajectory {}", t),
                fmt::format("give one row a time, {} states and {} controls", system.state_size, system.control_size));
  }
}

// Largest estimated noise of a state, as a share of its deviation.
double noise_share(const Prepared& data) {
  double worst = 0;
  for (size_t i = 0; i < data.choice.noise.size(); ++i) {
    double sum = 0, square = 0, rows = 0;
    for (const Series& one : data.series) {
      for (int row = 0; row < one.rows(); ++row, ++rows) {
        const double x = one.x(row, static_cast<int>(i));
        sum += x, square += x * x;
      }
    }
    const double deviation = std::sqrt(std::max(0.0, square / rows - sum * sum / (rows * rows)));
    if (deviation > 0) worst = std::max(worst, data.choice.noise[i] / deviation);
  }
  return worst;
}

std::string chosen_formulation(const SeriesFitConfig& config, const Prepared& data, const SindySystem& system) {
  if (config.formulation != "auto") return config.formulation;
  if (config.sindy.integrator == "map") return "collocation";
  if (noise_share(data) < kCleanNoise && is_even(data.series, system.timestep)) return "collocation";
  double long_rows = 0, rows = 0;
  for (const Series& one : data.series) {
    rows += one.rows();
    if (one.rows() >= 2 * kWeakRows) long_rows += one.rows();
  }
  return long_rows >= 0.5 * rows ? "weak" : "derivative";
}

// Maximum likelihood for the terms found in noisy motion, whose coefficients it knows better than the steps of the
// model are exact; says why where it does not apply.
void refine(const Prepared& data, const SeriesFitConfig& config, SindyFit& fit) {
  if (!config.refine || fit.model.terms() == 0 || noise_share(data) < kCleanNoise) return;
  if (!is_even(data.series, fit.model.timestep())) {
    fit.report.notes.push_back("coefficients not refined by shooting: time steps differ");
    return;
  }
  const Shooting found = refine_by_shooting(data.series, fit.model, config.shooting);
  fit.report.notes.insert(fit.report.notes.end(), found.notes.begin(), found.notes.end());
  if (!found.converged) return;
  fit.model = found.model;
  fit.report.deviation = found.deviation;
}

// Chooses terms on a part of the series, measures them on the rest, and fits all.
void fit_smoothed(const Prepared& all, SindySystem system, const SeriesFitConfig& config, SeriesFit& out) {
  if (!config.sindy.known_kinematics) system.velocity_of.assign(static_cast<size_t>(system.state_size), -1);
  if (system.velocity_of.empty()) system.velocity_of = velocities_in(all, system.state_size);
  const FeatureLibrary library = make_library(system, config.sindy);
  const SeriesRegression regression(system, library, config, out.formulation);
  const auto [train_series, held_series] = split(all.series, config.sindy.held_out);
  const Prepared train = prepared(train_series, config.differentiation);
  const Prepared held = held_series.empty() ? train : prepared(held_series, config.differentiation);

  FitReport& report = out.fit.report;
  out.fit.model = regression.fit(train, regression.sums(train), report);
  out.sums = regression.sums(all);
  out.targets = regression.targets();
  for (const Series& one : train_series) report.rows += one.rows();
  for (const Series& one : held_series) report.rows_held_out += one.rows();
  refine(train, config, out.fit);
  std::vector<double> unused;
  report.train_score = regression.score(train, out.fit.model, report.train_rmse, unused);
  report.held_out_score = regression.score(held, out.fit.model, report.held_out_rmse, report.held_out_relative);
  if (is_even(held.series, system.timestep)) {
    const auto smooth = [](const Series& one) { return one.smooth; };
    const TransitionData judged = transitions_of(held.series, system.state_size, system.control_size, smooth);
    report.multi_step_error = multi_step_error(out.fit.model, judged, config.sindy.horizon_steps,
                                               state_scale(judged, out.fit.model.system()));
  }
  if (config.sindy.refit_on_all && !held_series.empty()) {
    out.fit.model = regression.fit(all, out.sums, report);
    refine(all, config, out.fit);
  }
  report.features = library.size();
  report.terms = out.fit.model.terms();
  report.integrator = integrator_name(out.fit.model.integrator());
}

}  // namespace

void SeriesFitConfig::describe(Fields& fields) {
  sindy.describe(fields);
  fields.add_choice("formulation", formulation, "transitions, derivatives or integrals; auto: as the noise asks",
                    formulations());
  fields.add_section("differentiation", differentiation);
  fields.add_section("weak_form", weak_form);
  fields.add("refine", refine, "coefficients of the terms found under noise by maximum likelihood");
  fields.add_section("shooting", shooting);
}

void SeriesFitConfig::check() const {
  sindy.check();
  differentiation.check();
  weak_form.check();
  shooting.check();
  if (std::find(formulations().begin(), formulations().end(), formulation) == formulations().end()) {
    throw Error("formulation = '" + formulation + "' is unknown", "fit settings",
                "choose auto, collocation, derivative or weak");
  }
  if (differentiation.order != 1) {
    throw Error(fmt::format("differentiation.order = {}", differentiation.order), "fit settings",
                "equations give first derivatives: leave it at 1");
  }
}

SeriesFitConfig configured_series_fit(const Settings& settings) {
  auto config = configured<SeriesFitConfig>(settings.without_section("with"));
  config.sindy.with = settings.section("with");
  config.check();
  return config;
}

NormalEquations collocation_sums(const TransitionData& data, const Sindy& model, std::vector<int>& targets) {
  const TransitionData inside = rows_inside(data, model.system());
  SindyRegression regression(inside, model.system(), model.library(), model.integrator());
  targets = regression.targets();
  if (regression.depends_on_field()) regression.update_middle(model.coefficients()(Eigen::all, targets));
  return regression.normal_equations();
}

std::vector<Eigen::MatrixXd> threshold_path(const SeriesFit& fit, const SindyConfig& config,
                                            const std::vector<double>& thresholds) {
  std::vector<Eigen::MatrixXd> path;
  SindyConfig one = config;
  if (one.optimiser != "stlsq") one.optimiser = "stepwise";
  one.with = {};
  for (const double threshold : thresholds) {
    one.regression.threshold = threshold;
    const StlsqResult result = make_optimiser(one)->fit({.sums = fit.sums});
    path.push_back(of_states(result.coefficients, fit.targets, fit.fit.model.state_size()));
  }
  return path;
}

SeriesFit fit_series(std::span<const Series> given, SindySystem system, const SeriesFitConfig& config) {
  const auto begin = std::chrono::steady_clock::now();
  config.check();
  system.check();
  check_series(given, system);
  SeriesFit out{.fit = {Sindy(system, FeatureLibrary(system.state_size, system.control_size, {{}}),
                              Eigen::MatrixXd::Zero(1, system.state_size), kernels::SparseIntegrator::kMap),
                        {}},
                .formulation = {},
                .noise = {}};
  std::vector<Series> series;
  const int fewest = std::max(minimum_rows(config.differentiation), 4);
  for (const Series& one : given) {
    if (one.rows() < fewest) out.rows_left_out += one.rows();
    if (one.rows() >= fewest) series.push_back(one);
  }
  const auto raw = [](const Series& one) { return one.x; };
  const auto collocated = [&] {
    const TransitionData data = transitions_of(given, system.state_size, system.control_size, raw);
    out.fit = fit_sindy(data, system, config.sindy);
    out.sums = collocation_sums(data, out.fit.model, out.targets);
    out.formulation = "collocation";
    out.rows_left_out = 0;
  };
  if (series.empty()) {  // transitions of a few rows are still transitions
    if (!is_even(given, system.timestep)) {
      throw Error(fmt::format("no trajectory of {} rows, and time steps that differ", fewest), "fit_series",
                  "give longer trajectories, or sample evenly");
    }
    collocated();
    return out;
  }
  const Prepared all = prepared(series, config.differentiation);
  out.noise = all.choice.noise;
  out.formulation = chosen_formulation(config, all, system);
  if (out.formulation == "collocation") {
    if (!is_even(given, system.timestep)) {
      throw Error("time steps that differ", "formulation = collocation", "choose derivative or weak, or sample evenly");
    }
    collocated();
    return out;
  }
  fit_smoothed(all, std::move(system), config, out);
  out.fit.report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return out;
}

}  // namespace lockstep::models
