// The weak form of a sparse regression: domains, weights, and integrals of features in lanes, chunk by chunk.
#include "models/weak_form.h"
#include "engine/error.h"
#include "models/differentiation.h"
#include "models/sparse_kernels.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace lockstep::models {
namespace {

using kernels::kFeatureBlockRows;

constexpr int kFewestRows = 11;  // of a domain

// Domains of one trajectory: rows first .. first + width - 1 of each, with weights of phi and -phi'.
struct Domains {
  std::vector<int> first;               // [domains]
  std::vector<double> weights, slopes;  // [domains][padded width], or [padded width] where all are alike
  int width = 0;                        // padded to whole lanes of any instruction set
  bool is_alike = false;
};

double test_function(double s, int order) { return std::abs(s) < 1 ? std::pow(1 - s * s, order) : 0.0; }
double test_slope(double s, int order) {
  return std::abs(s) < 1 ? -2 * order * s * std::pow(1 - s * s, order - 1) : 0.0;
}

struct Domain {
  double centre = 0, half_width = 0;  // s
  int first = 0, count = 0;           // rows
};

// Weights [rows of the domain], scaled so that those of phi' have norm 1.
void fill_weights(const Series& series, const Domain& domain, int order, double* weights, double* slopes) {
  double square = 0;
  for (int k = 0; k < domain.count; ++k) {
    const int row = domain.first + k;
    const int before = std::max(row - 1, 0), after = std::min(row + 1, series.rows() - 1);
    const double cell = 0.5 * (series.time[static_cast<size_t>(after)] - series.time[static_cast<size_t>(before)]);
    const double s = (series.time[static_cast<size_t>(row)] - domain.centre) / domain.half_width;
    weights[k] = cell * test_function(s, order);
    slopes[k] = -cell * test_slope(s, order) / domain.half_width;
    square += slopes[k] * slopes[k];
  }
  const double scale = square > 0 ? 1 / std::sqrt(square) : 0;
  for (int k = 0; k < domain.count; ++k) weights[k] *= scale, slopes[k] *= scale;
}

int padded(int width) { return (width + kernels::kMostLanes - 1) / kernels::kMostLanes * kernels::kMostLanes; }

// `count` domains of `half_width` s, spread evenly from the first to the last place that fits.
Domains spread(const Series& series, int count, double half_width, int order) {
  Domains domains;
  const double from = series.time.front() + half_width, to = series.time.back() - half_width;
  const double step = even_step(series.time);
  if (step > 0) {
    // On even times all domains have their centre on a row, and the same weights.
    const int half = static_cast<int>(std::floor(half_width / step * (1 + 1e-12)));
    const int places = series.rows() - 2 * half;
    count = std::min(count, places);
    for (int d = 0; d < count; ++d) {
      domains.first.push_back(count == 1 ? places / 2
                                         : static_cast<int>(static_cast<long>(d) * (places - 1) / (count - 1)));
    }
    domains.is_alike = true;
    domains.width = padded(2 * half + 1);
    domains.weights.assign(static_cast<size_t>(domains.width), 0.0);
    domains.slopes = domains.weights;
    const Domain first{series.time[static_cast<size_t>(domains.first[0] + half)], half_width, domains.first[0],
                       2 * half + 1};
    fill_weights(series, first, order, domains.weights.data(), domains.slopes.data());
    return domains;
  }
  std::vector<int> last;
  std::vector<double> centres;
  for (int d = 0; d < count; ++d) {
    const double centre = count == 1 ? 0.5 * (from + to) : from + (to - from) * d / (count - 1);
    const auto begin = std::lower_bound(series.time.begin(), series.time.end(), centre - half_width);
    const auto end = std::upper_bound(begin, series.time.end(), centre + half_width);
    if (end - begin < kFewestRows) continue;  // a sparse stretch
    centres.push_back(centre);
    domains.first.push_back(static_cast<int>(begin - series.time.begin()));
    last.push_back(static_cast<int>(end - series.time.begin()));
    domains.width = std::max(domains.width, padded(last.back() - domains.first.back()));
  }
  domains.weights.assign(domains.first.size() * static_cast<size_t>(domains.width), 0.0);
  domains.slopes = domains.weights;
  for (size_t d = 0; d < domains.first.size(); ++d) {
    const size_t at = d * static_cast<size_t>(domains.width);
    const Domain domain{centres[d], half_width, domains.first[d], last[d] - domains.first[d]};
    fill_weights(series, domain, order, &domains.weights[at], &domains.slopes[at]);
  }
  return domains;
}

// Features (of smoothed states: noise in products would be a bias) and targets (as measured) of a stretch of rows,
// column by column, padded with zeros; and integrals of both.
class WeakRows {
 public:
  WeakRows(const FeatureLibrary& library, const std::vector<int>& targets)
      : library_(library),
        targets_(targets),
        block_(library.compiled(), library.num_states() + library.num_controls()),
        integrals_(static_cast<size_t>(columns()) * kFeatureBlockRows) {}

  [[nodiscard]] int columns() const { return library_.size() + static_cast<int>(targets_.size()); }

  // Gives the weak rows of all domains away, at most kFeatureBlockRows domains at a time.
  void add(const Series& series, const Domains& domains, const RowSink& sink) {
    const auto count = static_cast<int>(domains.first.size());
    for (int begin = 0; begin < count; begin += kFeatureBlockRows) {
      const int chunk = std::min(kFeatureBlockRows, count - begin);
      const int first = domains.first[static_cast<size_t>(begin)];
      const int rows = domains.first[static_cast<size_t>(begin + chunk - 1)] + domains.width - first;
      fill(series, first, rows);
      std::vector<int> offsets;
      for (int d = begin; d < begin + chunk; ++d) offsets.push_back(domains.first[static_cast<size_t>(d)] - first);
      const size_t at = domains.is_alike ? 0 : static_cast<size_t>(begin) * static_cast<size_t>(domains.width);
      integrate(domains, offsets, &domains.weights[at], 0, library_.size());
      integrate(domains, offsets, &domains.slopes[at], library_.size(), columns());
      sink(integrals_.data(), chunk);
    }
  }

 private:
  void fill(const Series& series, int first, int rows) {
    stride_ = rows;
    stretch_.assign(static_cast<size_t>(columns()) * static_cast<size_t>(stride_), 0.0);
    const int present = std::min(rows, series.rows() - first);  // padding reaches beyond the last row
    for (int begin = 0; begin < present; begin += kFeatureBlockRows) {
      const int count = std::min(kFeatureBlockRows, present - begin);
      for (int i = 0; i < library_.num_states(); ++i) {
        for (int row = 0; row < count; ++row) block_.input(i)[row] = series.smooth(first + begin + row, i);
      }
      for (int i = 0; i < library_.num_controls(); ++i) {
        double* const out = block_.input(library_.num_states() + i);
        for (int row = 0; row < count; ++row) out[row] = series.u(first + begin + row, i);
      }
      block_.clear_columns();
      block_.add(1.0);
      for (int f = 0; f < library_.size(); ++f) {
        std::copy_n(block_.column(f), count,
                    &stretch_[static_cast<size_t>(f) * static_cast<size_t>(stride_) + static_cast<size_t>(begin)]);
      }
    }
    for (size_t k = 0; k < targets_.size(); ++k) {
      double* const out = &stretch_[(static_cast<size_t>(library_.size()) + k) * static_cast<size_t>(stride_)];
      for (int row = 0; row < present; ++row) out[row] = series.x(first + row, targets_[k]);
    }
  }

  void integrate(const Domains& domains, const std::vector<int>& offsets, const double* weights, int begin, int end) {
    chosen_sparse_batch().integrals({.columns = &stretch_[static_cast<size_t>(begin) * static_cast<size_t>(stride_)],
                                     .stride = stride_,
                                     .num_columns = end - begin,
                                     .offsets = offsets.data(),
                                     .weights = weights,
                                     .weight_stride = domains.is_alike ? 0 : domains.width,
                                     .width = domains.width,
                                     .count = static_cast<int>(offsets.size()),
                                     .out = integrals_.data() + static_cast<size_t>(begin) * kFeatureBlockRows});
  }

  const FeatureLibrary& library_;
  const std::vector<int>& targets_;
  FeatureBlock block_;
  HostBuffer<double> integrals_;  // [columns][kFeatureBlockRows]
  std::vector<double> stretch_;   // [columns][stride]
  int stride_ = 0;
};

double duration(const Series& series) { return series.rows() > 1 ? series.time.back() - series.time.front() : 0; }

// rms deviation over rms slope of the fastest state; slopes of values smoothed by cross-validated local polynomials.
double characteristic_time(std::span<const Series> series) {
  std::vector<Samples> samples;
  for (const Series& one : series) {
    if (one.rows() >= 2 * kFewestRows) samples.push_back({one.time, one.x});
  }
  if (samples.empty()) return 0;
  const std::vector<Differentiated> found = differentiate(samples, {.method = "savitzky_golay", .degree = 4});
  double shortest = 0;
  const int nx = series[0].x.extent(1);
  for (int i = 0; i < nx; ++i) {
    double mean = 0, square = 0, slope = 0, rows = 0;
    for (const Differentiated& one : found) {
      for (size_t at = static_cast<size_t>(i); at < one.smooth.size(); at += static_cast<size_t>(nx)) {
        mean += one.smooth[at];
        square += one.smooth[at] * one.smooth[at];
        slope += one.derivative[at] * one.derivative[at];
        ++rows;
      }
    }
    const double variance = square / rows - mean * mean / (rows * rows);
    if (!(slope > 0) || !(variance > 0)) continue;
    const double time = std::sqrt(variance * rows / slope);
    if (shortest == 0 || time < shortest) shortest = time;
  }
  return shortest;
}

}  // namespace

void WeakFormConfig::describe(Fields& fields) {
  fields.add("domains", domains, "integrals in all, spread over the trajectories", {1, 10000000});
  fields.add("half_width", half_width, "of a test function (s); 0: from the motion's own time", {0, 1e9});
  fields.add("widths", widths, "half width in characteristic times of the motion", {0.01, 1000});
  fields.add("order", order, "of the test functions (1 - s^2)^order", {2, 20});
}

void WeakFormConfig::check() const {
  if (domains >= 1 && half_width >= 0 && std::isfinite(half_width) && widths > 0 && order >= 2 && order <= 20) return;
  throw Error(fmt::format("domains = {}, half_width = {}, widths = {}, order = {}", domains, half_width, widths, order),
              "weak form settings", "give domains >= 1, half_width >= 0 (s), widths > 0 and an order from 2 to 20");
}

double weak_half_width(std::span<const Series> series, const WeakFormConfig& config) {
  double longest = 0, steps = 0, rows = 0;
  for (const Series& one : series) {
    longest = std::max(longest, duration(one));
    steps += std::max(0, one.rows() - 1);
    rows += duration(one);
  }
  const double wished = config.half_width > 0 ? config.half_width : config.widths * characteristic_time(series);
  const double mean_step = steps > 0 ? rows / steps : 0;
  return std::max(std::min(wished > 0 ? wished : longest / 20, longest / 3), 5 * mean_step);
}

void weak_rows(std::span<const Series> series, const FeatureLibrary& library, const std::vector<int>& targets,
               const WeakFormConfig& config, const RowSink& sink, int* skipped) {
  config.check();
  const double half_width = weak_half_width(series, config);
  double total = 0;
  for (const Series& one : series) total += duration(one);
  WeakRows rows(library, targets);
  int left_out = 0, used = 0;
  for (const Series& one : series) {
    // A trajectory that is shorter than a domain gets one of its own length.
    const double fitting = std::min(half_width, 0.5 * duration(one));
    if (one.rows() < kFewestRows) {
      ++left_out;
      continue;
    }
    const int count = std::max(1, static_cast<int>(std::lround(config.domains * duration(one) / total)));
    rows.add(one, spread(one, count, fitting, config.order), sink);
    ++used;
  }
  if (skipped != nullptr) *skipped = left_out;
  if (used == 0) {
    throw Error(fmt::format("no trajectory of {} rows", kFewestRows), "weak form",
                "give longer trajectories, or fit transitions or derivatives");
  }
}

NormalEquations weak_normal_equations(std::span<const Series> series, const FeatureLibrary& library,
                                      const std::vector<int>& targets, const WeakFormConfig& config, int* skipped) {
  Gram gram(library.size(), static_cast<int>(targets.size()));
  weak_rows(
      series, library, targets, config, [&](const double* columns, int rows) { gram.add_columns(columns, rows); },
      skipped);
  return gram.normal_equations();
}

}  // namespace lockstep::models
