// Ensembles of another optimiser (U. Fasel, J. N. Kutz, B. W. Brunton, S. L. Brunton 2022, Proc. R. Soc. A 478):
// members see groups of rows drawn with replacement, or lack some features, or both; terms stay that enough members
// have.
#include "engine/error.h"
#include "models/optimisers/optimiser.h"
#include "models/random_index.h"
#include "models/sparse_path.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace lockstep::models::optimisers::ensemble {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

constexpr std::uint32_t kDrawStream = 0x454du, kFeatureStream = 0x4546u;  // of the counter-based generator

struct Config {
  std::string method = "stlsq";     // the members' optimiser; its settings are with.*
  int members = 100;                // >= 1
  std::string resample = "groups";  // groups: members draw groups of rows, with replacement; none: all rows
  int groups = 100;                 // that the rows are dealt to, >= 2
  int drop_features = 0;            // library bagging: features that each member must do without
  double inclusion = 0.6;           // share of the members that must have a term for it to stay, [0, 1]
  std::string combine = "median";   // median | mean: of the coefficients of the members that have the term
                                    // refit: least squares on all rows
  std::uint64_t seed = 0;           // of everything that is drawn

  void describe(Fields& fields) {
    fields.add("method", method, "the members' optimiser; its settings are with.*");
    fields.add("members", members, "fits of the method", {1, 100000});
    fields.add_choice("resample", resample, "groups of rows drawn with replacement, or all rows", {"groups", "none"});
    fields.add("groups", groups, "that the rows are dealt to at random", {2, 10000});
    fields.add("drop_features", drop_features, "features that each member must do without", {0, 1000000});
    fields.add("inclusion", inclusion, "share of the members that must have a term for it to stay", {0, 1});
    fields.add_choice("combine", combine, "coefficients of the terms that stay", {"median", "mean", "refit"});
    fields.add("seed", seed, "of everything that is drawn");
  }
};

int below(const Config& config, std::uint32_t stream, int member, int draw, int count) {
  return static_cast<int>(index_below(static_cast<size_t>(count), {config.seed, stream},
                                      static_cast<std::uint32_t>(member), static_cast<std::uint32_t>(draw)));
}

// Mean or median of the numbers that are not 0, and their standard deviation.
struct Combined {
  double value = 0, deviation = 0, inclusion = 0;
};
Combined combined(std::vector<double> values, bool is_mean) {
  const auto all = static_cast<double>(values.size());
  std::erase(values, 0.0);
  if (values.empty()) return {};
  const auto count = static_cast<double>(values.size());
  double mean = 0, square = 0;
  for (const double v : values) mean += v / count;
  for (const double v : values) square += (v - mean) * (v - mean) / count;
  std::sort(values.begin(), values.end());
  const double median = 0.5 * (values[(values.size() - 1) / 2] + values[values.size() / 2]);
  return {is_mean ? mean : median, std::sqrt(square), count / all};
}

class Ensemble final : public Optimiser {
 public:
  Ensemble(Config config, std::unique_ptr<Optimiser> method) : config_(std::move(config)), method_(std::move(method)) {}
  [[nodiscard]] std::string_view name() const override { return "ensemble"; }
  [[nodiscard]] PartsNeeded parts_needed() const override {
    PartsNeeded needed = method_->parts_needed();
    if (needed.folds > 0 || needed.groups > 0) {
      throw Error(fmt::format("an ensemble of {}", method_->name()), "optimiser settings",
                  "choose a method that takes the sums alone, as stlsq or ssr");
    }
    if (config_.resample == "groups") needed = {.folds = 0, .groups = config_.groups, .seed = config_.seed};
    return needed;
  }

  [[nodiscard]] StlsqResult fit(const Problem& problem) const override {
    check(problem);
    std::vector<MatrixXd> members;
    for (int member = 0; member < config_.members; ++member) {
      const NormalEquations sums = config_.resample == "groups" ? drawn(*problem.parts, member) : problem.sums;
      Problem one = problem;
      members.push_back(method_
                            ->fit({.sums = sums,
                                   .allowed = allowed_to(problem, member),
                                   .constraints = one.constraints,
                                   .threshold_weights = one.threshold_weights,
                                   .library = one.library})
                            .coefficients);
    }
    return combine(problem, members);
  }

 private:
  void check(const Problem& problem) const {
    if (config_.resample == "groups" && (problem.parts == nullptr || problem.parts->groups.size() < 2)) {
      throw Error("an ensemble without groups of rows to draw", "sparse regression",
                  "give Problem::parts at least two groups, or choose resample = none with drop_features");
    }
    if (config_.drop_features >= problem.sums.features()) {
      throw Error(fmt::format("drop_features = {} of {} features", config_.drop_features, problem.sums.features()),
                  "optimiser settings", "let every member keep a feature");
    }
  }

  [[nodiscard]] NormalEquations drawn(const RowParts& parts, int member) const {
    std::vector<double> counts(parts.groups.size(), 0.0);
    const int groups = static_cast<int>(counts.size());
    for (int draw = 0; draw < groups; ++draw) {
      counts[static_cast<size_t>(below(config_, kDrawStream, member, draw, groups))] += 1;
    }
    return weighted_sum_of(parts.groups, counts);
  }

  // What the problem allows, less the features that this member does without (drawn by a partial shuffle).
  [[nodiscard]] TermMask allowed_to(const Problem& problem, int member) const {
    if (config_.drop_features == 0) return problem.allowed;
    const int features = problem.sums.features();
    TermMask mask =
        problem.allowed.size() > 0 ? problem.allowed : TermMask::Constant(features, problem.sums.targets(), true);
    std::vector<int> order(static_cast<size_t>(features));
    for (int f = 0; f < features; ++f) order[static_cast<size_t>(f)] = f;
    for (int i = 0; i < config_.drop_features; ++i) {
      const int other = i + below(config_, kFeatureStream, member, i, features - i);
      std::swap(order[static_cast<size_t>(i)], order[static_cast<size_t>(other)]);
      mask.row(order[static_cast<size_t>(i)]) = false;
    }
    return mask;
  }

  [[nodiscard]] StlsqResult combine(const Problem& problem, const std::vector<MatrixXd>& members) const {
    const Index features = problem.sums.features(), targets = problem.sums.targets();
    MatrixXd value = MatrixXd::Zero(features, targets), deviation = value, inclusion = value;
    std::vector<std::vector<int>> supports(static_cast<size_t>(targets));
    for (Index k = 0; k < targets; ++k) {
      for (Index f = 0; f < features; ++f) {
        std::vector<double> values;
        for (const MatrixXd& member : members) values.push_back(member(f, k));
        const Combined one = combined(std::move(values), config_.combine == "mean");
        inclusion(f, k) = one.inclusion;
        if (!(one.inclusion > 0) || one.inclusion < config_.inclusion) continue;
        supports[static_cast<size_t>(k)].push_back(static_cast<int>(f));
        value(f, k) = one.value;
        deviation(f, k) = one.deviation;
      }
    }
    StlsqResult result = fit_supports(problem, supports);
    if (config_.combine != "refit") {
      result.coefficients = std::move(value);
      for (int k = 0; k < problem.sums.targets(); ++k) {
        result.residual[static_cast<size_t>(k)] = mean_square_error(problem.sums, k, result.coefficients.col(k));
      }
    }
    result.iterations.assign(static_cast<size_t>(targets), config_.members);
    result.deviation = std::move(deviation);
    result.inclusion = std::move(inclusion);
    return result;
  }

  Config config_;
  std::unique_ptr<Optimiser> method_;
};

}  // namespace

extern const Entry kEntry{"ensemble",
                          "another method on groups of rows drawn with replacement, or without some features",
                          [](const Settings& settings) -> std::unique_ptr<Optimiser> {
                            auto config = configured<Config>(settings.without_section("with"));
                            std::unique_ptr<Optimiser> method = find(config.method).make(settings.section("with"));
                            return std::make_unique<Ensemble>(std::move(config), std::move(method));
                          },
                          [] { return settings_of(Config{}); }};

}  // namespace lockstep::models::optimisers::ensemble
