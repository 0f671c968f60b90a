// Derivatives of recorded motion: checks, the choice of a method's parameters, finite differences and Fourier series.
#include "models/differentiation.h"
#include "engine/error.h"
#include "models/kalman_smoother.h"
#include "models/local_polynomial.h"
#include "models/total_variation.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>

#include <fmt/format.h>
#include <unsupported/Eigen/FFT>

namespace lockstep::models {
namespace {

const std::vector<std::string>& methods() {
  static const std::vector<std::string> names{"finite_difference", "savitzky_golay", "spectral", "total_variation",
                                              "kalman"};
  return names;
}

void check_samples(std::span<const Samples> trajectories, const DifferentiationConfig& config) {
  for (size_t t = 0; t < trajectories.size(); ++t) {
    const Samples& samples = trajectories[t];
    const std::string where = fmt::format("trajectory {} to differentiate", t);
    const int rows = samples.values.extent(0), columns = samples.values.extent(1);
    if (static_cast<int>(samples.time.size()) != rows || columns != trajectories[0].values.extent(1)) {
      throw Error(fmt::format("{} times for values [{}][{}]", samples.time.size(), rows, columns), where,
                  "give one time a row, and trajectories of equally many columns");
    }
    if (rows < minimum_rows(config)) {
      throw Error(fmt::format("{} rows", rows), where,
                  fmt::format("{} needs at least {} rows a trajectory", config.method, minimum_rows(config)));
    }
    for (int row = 0; row < rows; ++row) {
      const double time = samples.time[static_cast<size_t>(row)];
      if (!std::isfinite(time) || (row > 0 && !(time > samples.time[static_cast<size_t>(row - 1)]))) {
        throw Error(fmt::format("the time of row {} is {} s", row, time), where, "give times that increase");
      }
      for (int c = 0; c < columns; ++c) {
        if (std::isfinite(samples.values(row, c))) continue;
        throw Error(fmt::format("row {}, column {} is {}", row, c, samples.values(row, c)), where,
                    "leave out rows that are not finite");
      }
    }
    if (config.method == "spectral" && even_step(samples.time) == 0) {
      throw Error("time steps that differ", where, "sample evenly, or choose a method other than spectral");
    }
  }
}

ColumnResult finite_differences(const ColumnSamples& samples, const DifferentiationConfig& config) {
  const int rows = static_cast<int>(samples.time.size()), order = config.order;
  const bool is_even = even_step(samples.time) > 0;
  // Central stencils on even steps gain an order by symmetry.
  const int central = 2 * ((order + 1) / 2) - 1 + 2 * ((config.accuracy + 1) / 2);
  const int general = std::min(rows, order + config.accuracy);
  ColumnResult out{{samples.values.begin(), samples.values.end()}, std::vector<double>(samples.values.size())};
  std::vector<double> cached;
  for (int row = 0; row < rows; ++row) {
    const bool is_central = is_even && row >= central / 2 && row + central / 2 < rows;
    const int count = is_central ? central : general;
    const int first = is_central ? row - central / 2 : std::clamp(row - count / 2, 0, rows - count);
    const auto nodes = samples.time.subspan(static_cast<size_t>(first), static_cast<size_t>(count));
    std::vector<double> weights;
    if (!is_central || cached.empty()) {
      weights = finite_difference_weights(samples.time[static_cast<size_t>(row)], nodes, order);
      if (is_central) cached = weights;
    }
    const std::vector<double>& used = is_central ? cached : weights;
    for (int k = 0; k < count; ++k) {
      out.derivative[static_cast<size_t>(row)] +=
          used[static_cast<size_t>(k)] * samples.values[static_cast<size_t>(first + k)];
    }
  }
  return out;
}

// Multiplies the coefficients of a periodic series by (i omega)^order; period = count * step.
std::vector<double> periodic_derivative(const std::vector<double>& values, double step, int order) {
  Eigen::FFT<double> fft;
  std::vector<std::complex<double>> spectrum;
  fft.fwd(spectrum, values);
  const auto count = static_cast<int>(values.size());
  for (int k = 0; k < count; ++k) {
    const int wave = k <= count / 2 ? k : k - count;
    const double omega = 2 * std::numbers::pi * wave / (count * step);
    const bool is_nyquist = 2 * k == count;  // odd derivatives of the highest wave vanish on the samples
    std::complex<double> factor = 1;
    for (int d = 0; d < order; ++d) factor *= std::complex<double>(0, omega);
    spectrum[static_cast<size_t>(k)] *= is_nyquist && order % 2 == 1 ? std::complex<double>(0) : factor;
  }
  std::vector<double> out;
  fft.inv(out, spectrum);
  return out;
}

// Motion that is not periodic: its deviation from the line through its ends, reflected at both ends about the points
// there, is periodic with a continuous first derivative.
ColumnResult spectral(const ColumnSamples& samples, const DifferentiationConfig& config) {
  const std::span<const double> y = samples.values;
  const size_t rows = y.size();
  const double step = (samples.time.back() - samples.time.front()) / static_cast<double>(rows - 1);
  ColumnResult out{{y.begin(), y.end()}, {}};
  if (config.periodic) {
    out.derivative = periodic_derivative(out.smooth, step, config.order);
    return out;
  }
  const double slope = (y.back() - y.front()) / static_cast<double>(rows - 1);
  std::vector<double> extended(2 * (rows - 1), 0.0);
  for (size_t i = 0; i < rows; ++i) {
    const double deviation = y[i] - (y.front() + slope * static_cast<double>(i));
    if (i + 1 < rows) extended[i] = deviation;
    if (i > 0) extended[extended.size() - i] = i + 1 < rows ? -deviation : 0.0;
  }
  out.derivative = periodic_derivative(extended, step, config.order);
  out.derivative.resize(rows);
  // The row of the last sample is the one in the middle of the extended series.
  if (config.order == 1) {
    for (double& d : out.derivative) d += slope / step;
  }
  return out;
}

ColumnResult trend(const ColumnSamples& samples, double weight, const DifferentiationConfig& config) {
  const TrendFilter filter(samples.time, samples.values, config.driven_derivative());
  ColumnResult out;
  out.smooth = filter.solve(weight * filter.largest_weight()).x;
  DifferentiationConfig differences{.method = "finite_difference", .order = config.order, .accuracy = 2};
  out.derivative = finite_differences({samples.time, out.smooth}, differences).derivative;
  return out;
}

// Column `c` of every trajectory; the values are copied into `storage`.
std::vector<ColumnSamples> column_of(std::span<const Samples> trajectories, int c,
                                     std::vector<std::vector<double>>& storage) {
  storage.clear();
  for (const Samples& samples : trajectories) {
    std::vector<double>& values = storage.emplace_back();
    for (int row = 0; row < samples.values.extent(0); ++row) values.push_back(samples.values(row, c));
  }
  std::vector<ColumnSamples> columns;
  for (size_t t = 0; t < trajectories.size(); ++t) columns.push_back({trajectories[t].time, storage[t]});
  return columns;
}

struct ColumnChoice {
  LocalPolynomialChoice local;
  KalmanChoice kalman;
  TrendChoice trend;
  double noise = 0;
};

ColumnChoice chosen(std::span<const ColumnSamples> columns, const DifferentiationConfig& config) {
  ColumnChoice choice;
  if (config.method == "savitzky_golay") {
    choice.local = choose_local_polynomial(columns, config.window, config.degree, config.order);
    choice.noise = choice.local.noise;
  } else if (config.method == "kalman") {
    choice.kalman = choose_kalman(columns, config.driven_derivative());
    choice.noise = choice.kalman.noise;
  } else if (config.method == "total_variation") {
    choice.trend =
        config.weight > 0 ? TrendChoice{config.weight, 0} : choose_trend(columns, config.driven_derivative());
    choice.noise = choice.trend.noise;
  }
  return choice;
}

ColumnResult differentiated(const ColumnSamples& column, const ColumnChoice& choice,
                            const DifferentiationConfig& config) {
  if (config.method == "savitzky_golay") {
    return fit_local_polynomials(column, choice.local.window, choice.local.degree, config.order);
  }
  if (config.method == "kalman") {
    return kalman_smoothed(column, choice.kalman.log_ratio, config.driven_derivative(), config.order);
  }
  if (config.method == "total_variation") return trend(column, choice.trend.weight, config);
  if (config.method == "spectral") return spectral(column, config);
  return finite_differences(column, config);
}

}  // namespace

void DifferentiationConfig::describe(Fields& fields) {
  fields.add_choice("method", method, "how derivatives are taken", methods());
  fields.add("order", order, "of the derivative", {1, 6});
  fields.add("accuracy", accuracy, "finite_difference: order of the error in the time step", {1, 12});
  fields.add("window", window, "savitzky_golay: rows, odd; 0: by cross-validation", {0, 100001});
  fields.add("degree", degree, "savitzky_golay: of the polynomials; 0: by cross-validation", {0, 8});
  fields.add("periodic", periodic, "spectral: the last row is followed by the first");
  fields.add("weight", weight, "total_variation: of the penalty, relative; 0: by cross-validation", {0, 1});
  fields.add("smoothness", smoothness, "total_variation, kalman: the derivative driven by kinks or noise; 0: 3, 4",
             {0, 4});
}

int DifferentiationConfig::driven_derivative() const {
  if (smoothness > 0) return smoothness;
  return method == "kalman" ? 4 : 3;
}

void DifferentiationConfig::check() const {
  const std::string where = "differentiation settings";
  if (std::find(methods().begin(), methods().end(), method) == methods().end()) {
    const std::string nearest = nearest_name(method, methods());
    throw Error("method = '" + method + "' is unknown", where,
                "choose " + (nearest.empty() ? methods().front() : nearest) +
                    " or another of finite_difference, savitzky_golay, spectral, total_variation, kalman");
  }
  const int most = method == "finite_difference" ? 6 : 2;
  if (order < 1 || order > most) {
    throw Error(fmt::format("order = {}", order), where,
                fmt::format("{} gives derivatives of order 1 to {}", method, most));
  }
  if (accuracy < 1 || accuracy > 12) throw Error(fmt::format("accuracy = {}", accuracy), where, "choose 1 to 12");
  if (window < 0 || (window > 0 && window % 2 == 0)) {
    throw Error(fmt::format("window = {}", window), where, "give an odd number of rows, or 0");
  }
  if (degree < 0 || degree > 8 || (degree > 0 && degree < order) || (window > 0 && degree >= window)) {
    throw Error(fmt::format("degree = {} in windows of {} rows", degree, window), where,
                "give a degree from the derivative's order to 8, below the window, or 0");
  }
  if (!(weight >= 0 && weight <= 1) || driven_derivative() < 2 || driven_derivative() > 4 ||
      ((method == "kalman" || method == "total_variation") && order >= driven_derivative())) {
    throw Error(fmt::format("weight = {}, smoothness = {}, order = {}", weight, smoothness, order), where,
                "give a weight in [0, 1] and a smoothness from 2 to 4, above the derivative's order");
  }
}

int minimum_rows(const DifferentiationConfig& config) {
  if (config.method == "savitzky_golay") return std::max(4, config.degree + 2);
  if (config.method == "finite_difference") return config.order + 1;
  return config.driven_derivative() + 2;
}

double even_step(std::span<const double> time) {
  if (time.size() < 2) return 0;
  const double step = (time.back() - time.front()) / static_cast<double>(time.size() - 1);
  for (size_t i = 1; i < time.size(); ++i) {
    if (!(std::abs(time[i] - time[i - 1] - step) <= 1e-6 * step)) return 0;
  }
  return step;
}

std::vector<double> finite_difference_weights(double at, std::span<const double> nodes, int order) {
  // c[d][k]: weight of node k for the derivative of order d, as nodes are added one by one (Fornberg 1988).
  const size_t count = nodes.size(), orders = static_cast<size_t>(order) + 1;
  std::vector<std::vector<double>> c(orders, std::vector<double>(count, 0.0));
  c[0][0] = 1;
  double product = 1, distance = nodes[0] - at;
  for (size_t i = 1; i < count; ++i) {
    double next_product = 1;
    const double last_distance = distance;
    distance = nodes[i] - at;
    for (size_t j = 0; j < i; ++j) {
      const double apart = nodes[i] - nodes[j];
      next_product *= apart;
      if (j + 1 == i) {
        for (size_t d = orders; d-- > 0;) {
          const double lower = d > 0 ? static_cast<double>(d) * c[d - 1][i - 1] : 0;
          c[d][i] = product * (lower - last_distance * c[d][i - 1]) / next_product;
        }
      }
      for (size_t d = orders; d-- > 0;) {
        const double lower = d > 0 ? static_cast<double>(d) * c[d - 1][j] : 0;
        c[d][j] = (distance * c[d][j] - lower) / apart;
      }
    }
    product = next_product;
  }
  return c.back();
}

std::vector<Differentiated> differentiate(std::span<const Samples> trajectories, const DifferentiationConfig& config,
                                          DifferentiationChoice* choice) {
  config.check();
  check_samples(trajectories, config);
  std::vector<Differentiated> out;
  for (const Samples& samples : trajectories) {
    const size_t size = samples.time.size() * static_cast<size_t>(samples.values.extent(1));
    out.push_back({std::vector<double>(size), std::vector<double>(size)});
  }
  if (choice != nullptr) *choice = {};
  std::vector<std::vector<double>> storage;
  const int columns = trajectories.empty() ? 0 : trajectories[0].values.extent(1);
  for (int c = 0; c < columns; ++c) {
    const std::vector<ColumnSamples> column = column_of(trajectories, c, storage);
    const ColumnChoice made = chosen(column, config);
    for (size_t t = 0; t < column.size(); ++t) {
      const ColumnResult result = differentiated(column[t], made, config);
      for (size_t row = 0; row < result.smooth.size(); ++row) {
        const size_t at = row * static_cast<size_t>(columns) + static_cast<size_t>(c);
        out[t].smooth[at] = result.smooth[row];
        out[t].derivative[at] = result.derivative[row];
      }
    }
    if (choice == nullptr) continue;
    choice->window.push_back(made.local.window);
    choice->degree.push_back(made.local.degree);
    choice->noise.push_back(made.noise);
    choice->weight.push_back(made.trend.weight);
  }
  return out;
}

}  // namespace lockstep::models
