// Sparse functions: evaluation, ensemble fits, reward models, and the distillation of policies.
#include "models/sparse_map.h"
#include "engine/error.h"
#include "kernels/philox.h"
#include "models/equation_text.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <optional>

#include <fmt/format.h>

namespace lockstep::models {
namespace {

using Eigen::MatrixXd;
using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr std::uint32_t kDistillStream = 0x4450u;  // of the counter-based generator

View<const double, 2> view_of(const RowMajor& m) {
  return View<const double, 2>(m.data(), static_cast<int>(m.rows()), static_cast<int>(m.cols()));
}
View<double, 2> writable(RowMajor& m) {
  return View<double, 2>(m.data(), static_cast<int>(m.rows()), static_cast<int>(m.cols()));
}

void check_inputs(const FeatureLibrary& library, View<const double, 2> x, View<const double, 2> u, int rows) {
  const bool fits = x.extent(1) == library.num_states() && u.extent(1) == library.num_controls() &&
                    x.extent(0) == rows && (u.extent(1) == 0 || u.extent(0) == rows);
  if (fits) return;
  throw Error(
      fmt::format("x [{}][{}], u [{}][{}] and {} rows of outputs", x.extent(0), x.extent(1), u.extent(0), u.extent(1),
                  rows),
      "sparse map",
      fmt::format("give {} states and {} controls in equally many rows", library.num_states(), library.num_controls()));
}

RowMajor features_of(const FeatureLibrary& library, View<const double, 2> x, View<const double, 2> u) {
  RowMajor theta(x.extent(0), library.size());
  library.evaluate(x, u, writable(theta));
  return theta;
}

}  // namespace

SparseMap::SparseMap(FeatureLibrary library, MatrixXd coefficients, double low, double high)
    : library_(std::move(library)), coefficients_(std::move(coefficients)), low_(low), high_(high) {
  if (coefficients_.rows() != library_.size() || coefficients_.cols() < 1 || !(low < high)) {
    throw Error(fmt::format("{} x {} coefficients for {} features, outputs in [{}, {}]", coefficients_.rows(),
                            coefficients_.cols(), library_.size(), low, high),
                "sparse map", "give a row per feature, a column per output, and low < high");
  }
}

void SparseMap::evaluate(View<const double, 2> x, View<const double, 2> u, View<double, 2> y) const {
  check_inputs(library_, x, u, static_cast<int>(y.extent(0)));
  const RowMajor values = features_of(library_, x, u) * coefficients_;
  for (int row = 0; row < y.extent(0); ++row) {
    for (int k = 0; k < outputs(); ++k) y(row, k) = std::clamp(values(row, k), low_, high_);
  }
}

std::vector<std::vector<std::pair<double, std::string>>> SparseMap::equation_terms(const InputNames& names) const {
  const std::vector<std::string> features = library_.names(names);
  std::vector<std::vector<std::pair<double, std::string>>> out;
  for (int k = 0; k < outputs(); ++k) {
    out.emplace_back();
    for (int f = 0; f < library_.size(); ++f) {
      if (coefficients_(f, k) != 0) out.back().emplace_back(coefficients_(f, k), features[static_cast<size_t>(f)]);
    }
  }
  return out;
}

std::vector<std::string> SparseMap::formulas(const InputNames& names, int significant_digits) const {
  const std::vector<std::string> features = library_.names(names);
  std::vector<std::string> out;
  for (int k = 0; k < outputs(); ++k) {
    const std::span column(coefficients_.col(k).data(), static_cast<size_t>(library_.size()));
    out.push_back(sum_text(column, features, significant_digits));
  }
  return out;
}

void SparseMap::save(ByteWriter& out) const {
  library_.save(out);
  out.write(std::int32_t{outputs()});
  out.write(low_);
  out.write(high_);
  out.write_array(std::span(coefficients_.data(), static_cast<size_t>(coefficients_.size())));
}

SparseMap SparseMap::load(ByteReader& in) {
  FeatureLibrary library = FeatureLibrary::load(in);
  const auto outputs = in.read<std::int32_t>();
  if (outputs < 1 || outputs > 100000) in.fail("an impossible number of outputs");
  const auto low = in.read<double>(), high = in.read<double>();
  if (!(low < high)) in.fail("an empty range of outputs");
  MatrixXd coefficients(library.size(), outputs);
  in.read_array(std::span(coefficients.data(), static_cast<size_t>(coefficients.size())));
  return {std::move(library), std::move(coefficients), low, high};
}

void SparseMapConfig::describe(Fields& fields) {
  fields.add_section("regression", regression);
  fields.add_section("bootstrap", bootstrap);
  fields.add_choice("combine", combine, "of the members' coefficients, term by term", {"median", "mean"});
}

void SparseMapConfig::check() const {
  regression.check();
  bootstrap.check();
  if (combine == "median" || combine == "mean") return;
  throw Error("combine = '" + combine + "' is unknown", "sparse map settings", "choose median or mean");
}

SparseMapFit fit_map(const FeatureLibrary& library, View<const double, 2> x, View<const double, 2> u,
                     View<const double, 2> y, const SparseMapConfig& config) {
  const auto begin = std::chrono::steady_clock::now();
  config.check();
  check_inputs(library, x, u, static_cast<int>(y.extent(0)));
  const RowMajor theta = features_of(library, x, u);
  Bootstrap ensemble = bootstrap_stlsq(view_of(theta), y, config.regression, config.bootstrap);
  MatrixXd combined = config.combine == "mean" ? ensemble.mean : ensemble.median;
  const RowMajor predicted = theta * combined;
  SparseMapFit fit{
      {library, std::move(combined), -std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()},
      std::move(ensemble),
      {},
      {},
      0};
  for (int k = 0; k < y.extent(1); ++k) {
    double square = 0, mean = 0, spread = 0;
    const double rows = y.extent(0);
    for (int row = 0; row < y.extent(0); ++row) {
      square += std::pow(predicted(row, k) - y(row, k), 2) / rows;
      mean += y(row, k) / rows;
    }
    for (int row = 0; row < y.extent(0); ++row) spread += std::pow(y(row, k) - mean, 2) / rows;
    fit.rmse.push_back(std::sqrt(square));
    fit.score.push_back(1 - square / (spread > 0 ? spread : 1));
  }
  fit.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return fit;
}

SparseMapFit fit_reward(const TransitionData& data, const FeatureLibrary& library, const SparseMapConfig& config) {
  if (data.empty()) {
    throw Error("no transitions to fit a reward to", "fit_reward", "collect some steps of the system first");
  }
  for (int row = 0; row < data.size(); ++row) {
    const double reward = data.reward()[static_cast<size_t>(row)];
    if (std::isfinite(reward)) continue;
    throw Error(fmt::format("the reward of row {} is {}", row, reward), "fit_reward",
                "leave out rows that are not finite");
  }
  return fit_map(library, data.x(), data.u(), View<const double, 2>(data.reward().data(), data.size(), 1), config);
}

void DistillConfig::check() const {
  fit.check();
  const auto all_from = [](const std::vector<double>& values) {
    return !values.empty() && std::all_of(values.begin(), values.end(), [](double v) { return v >= 0; });
  };
  if (all_from(thresholds) && all_from(alphas) && copies >= 0 && noise >= 0 && label_limit > 0 && action_limit > 0 &&
      slack >= 0)
    return;
  throw Error(fmt::format("{} thresholds, {} alphas, copies {}, noise {}, label_limit {}, action_limit {}, slack {}",
                          thresholds.size(), alphas.size(), copies, noise, label_limit, action_limit, slack),
              "distillation settings", "give thresholds and alphas >= 0, copies, noise and slack >= 0, limits above 0");
}

Distilled distill_policy(const PolicyMean& policy, int num_actions, View<const double, 2> states,
                         const FeatureLibrary& library, const DistillConfig& config) {
  config.check();
  const int rows = static_cast<int>(states.extent(0)), nx = static_cast<int>(states.extent(1));
  if (rows < 1 || num_actions < 1 || library.num_controls() != 0 || library.num_states() != nx) {
    throw Error(fmt::format("{} states of {} numbers, {} actions, a library of {} states and {} controls", rows, nx,
                            num_actions, library.num_states(), library.num_controls()),
                "distill_policy", "give states, at least one action, and a library of the states alone");
  }
  const int all = rows * (1 + config.copies);
  RowMajor x(all, nx), labels(all, num_actions);
  for (int row = 0; row < all; ++row) {
    for (int i = 0; i < nx; ++i) {
      x(row, i) = states(row % rows, i);
      if (row < rows) continue;
      x(row, i) +=
          config.noise * kernels::normal<double>({.seed = config.seed, .stream = kDistillStream},
                                                 static_cast<std::uint32_t>(row), static_cast<std::uint32_t>(i));
    }
  }
  policy(view_of(x), writable(labels));
  const RowMajor clean = labels.topRows(rows).cwiseMax(-config.action_limit).cwiseMin(config.action_limit);
  labels = labels.cwiseMax(-config.label_limit).cwiseMin(config.label_limit);
  const View<const double, 2> none(x.data(), all, 0);

  std::vector<Distilled> tried;
  for (const double threshold : config.thresholds) {
    for (const double alpha : config.alphas) {
      SparseMapConfig one = config.fit;
      one.regression.threshold = threshold;
      one.regression.alpha = alpha;
      SparseMapFit fit = fit_map(library, view_of(x), none, view_of(labels), one);
      fit.map = SparseMap(library, fit.map.coefficients(), -config.action_limit, config.action_limit);
      RowMajor actions(rows, num_actions);
      fit.map.evaluate(states, View<const double, 2>(x.data(), rows, 0), writable(actions));
      const double error = std::sqrt((actions - clean).squaredNorm() / static_cast<double>(actions.size()));
      tried.push_back({std::move(fit), threshold, alpha, error});
    }
  }
  double least = std::numeric_limits<double>::infinity();
  for (const Distilled& one : tried) least = std::min(least, one.error);
  size_t chosen = tried.size();
  for (size_t i = 0; i < tried.size(); ++i) {
    if (tried[i].error > (1 + config.slack) * least + 1e-12) continue;
    if (chosen == tried.size() || tried[i].fit.map.terms() < tried[chosen].fit.map.terms()) chosen = i;
  }
  return std::move(tried[chosen]);
}

}  // namespace lockstep::models
