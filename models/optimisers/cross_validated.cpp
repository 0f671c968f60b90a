// One setting of another optimiser, chosen for each target by its error on folds that it was not fitted to: whole
// trajectories, or runs of rows (L. Breiman, J. Friedman, R. Olshen, C. Stone 1984, section 3.4.3: the simplest fit
// within one standard error of the best).
#include "engine/error.h"
#include "models/optimisers/optimiser.h"
#include "models/sparse_path.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace lockstep::models::optimisers::cross_validated {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

struct Config {
  std::string method = "stlsq";       // whose setting is chosen; its other settings are with.*
  std::string setting = "threshold";  // a number
  double low = 1e-3, high = 1;        // its range, > 0
  int steps = 25;                     // from low to high, in equal ratios
  int folds = 5;                      // >= 2
  std::string rule = "sparsest";      // sparsest: fewest terms within one standard error of the least error
                                      // best: the least error

  void describe(Fields& fields) {
    fields.add("method", method, "whose setting is chosen; its other settings are with.*");
    fields.add("setting", setting, "the number that is chosen");
    fields.add("low", low, "least value tried", {1e-300, 1e300});
    fields.add("high", high, "largest value tried", {1e-300, 1e300});
    fields.add("steps", steps, "values from low to high, in equal ratios", {2, 100000});
    fields.add("folds", folds, "of trajectories, or of runs of rows, held out in turn", {2, 1000});
    fields.add_choice("rule", rule, "fewest terms within a standard error of the least error, or the least error",
                      {"sparsest", "best"});
  }
};

// [settings tried][targets]
struct Scores {
  MatrixXd error, deviation, terms;
};

class CrossValidated final : public Optimiser {
 public:
  CrossValidated(Config config, const Settings& with) : config_(std::move(config)) {
    values_ = geometric_steps(config_.low, config_.high, config_.steps);
    for (const double value : values_) {
      Settings settings = with;
      settings.set(config_.setting, {value, "cross_validated.setting"});
      methods_.push_back(find(config_.method).make(settings));
    }
  }
  [[nodiscard]] std::string_view name() const override { return "cross_validated"; }
  [[nodiscard]] PartsNeeded parts_needed() const override {
    PartsNeeded needed = methods_.front()->parts_needed();
    if (needed.folds > 0 || needed.groups > 0) {
      throw Error(fmt::format("cross-validation of {}", methods_.front()->name()), "optimiser settings",
                  "choose a method that takes the sums alone, as stlsq or sr3");
    }
    return {.folds = config_.folds};
  }

  [[nodiscard]] StlsqResult fit(const Problem& problem) const override {
    if (problem.parts == nullptr || problem.parts->folds.size() < 2) {
      throw Error("cross-validation without folds", "sparse regression",
                  "give Problem::parts at least two folds of rows");
    }
    const Scores scores = scores_of(problem);
    std::vector<StlsqResult> fits;
    for (const auto& method : methods_) fits.push_back(method->fit(problem));
    StlsqResult result = fits.front();
    result.notes.clear();
    for (Index target = 0; target < scores.error.cols(); ++target) {
      const size_t at = chosen(scores, target);
      take(result, fits[at], target);
      result.notes.push_back(
          fmt::format("target {}: {} = {:.3g} by cross-validation", target, config_.setting, values_[at]));
    }
    return result;
  }

 private:
  [[nodiscard]] Scores scores_of(const Problem& problem) const {
    const std::vector<NormalEquations>& folds = problem.parts->folds;
    const NormalEquations total = sum_of(folds);
    const auto count = static_cast<Index>(values_.size()), targets = static_cast<Index>(total.targets());
    const auto num_folds = static_cast<double>(folds.size());
    Scores out{MatrixXd::Zero(count, targets), MatrixXd::Zero(count, targets), MatrixXd::Zero(count, targets)};
    MatrixXd square = MatrixXd::Zero(count, targets);
    for (const NormalEquations& fold : folds) {
      const NormalEquations rest = without(total, fold);
      for (Index v = 0; v < count; ++v) {
        const MatrixXd c = methods_[static_cast<size_t>(v)]
                               ->fit({.sums = rest,
                                      .allowed = problem.allowed,
                                      .constraints = problem.constraints,
                                      .threshold_weights = problem.threshold_weights,
                                      .library = problem.library})
                               .coefficients;
        for (Index k = 0; k < targets; ++k) {
          const double error = mean_square_error(fold, static_cast<int>(k), c.col(k));
          out.error(v, k) += error / num_folds;
          square(v, k) += error * error / num_folds;
          out.terms(v, k) += static_cast<double>((c.col(k).array() != 0).count());
        }
      }
    }
    out.deviation = ((square - out.error.cwiseAbs2()).cwiseMax(0) / std::max(num_folds - 1, 1.0)).cwiseSqrt();
    return out;
  }

  [[nodiscard]] size_t chosen(const Scores& scores, Index target) const {
    Index best = 0;
    const double least = scores.error.col(target).minCoeff(&best);
    if (config_.rule == "best") return static_cast<size_t>(best);
    const double limit = least + scores.deviation(best, target);
    Index sparsest = best;
    for (Index v = 0; v < scores.error.rows(); ++v) {
      if (scores.error(v, target) > limit) continue;
      const double terms = scores.terms(v, target), fewest = scores.terms(sparsest, target);
      const bool is_better =
          terms < fewest || (terms == fewest && scores.error(v, target) < scores.error(sparsest, target));
      if (is_better) sparsest = v;
    }
    return static_cast<size_t>(sparsest);
  }

  static void take(StlsqResult& result, const StlsqResult& from, Index target) {
    const auto k = static_cast<size_t>(target);
    result.coefficients.col(target) = from.coefficients.col(target);
    result.iterations[k] = from.iterations[k];
    result.residual[k] = from.residual[k];
    result.condition[k] = from.condition[k];
    result.converged = result.converged && from.converged;
    if (from.deviation.size() > 0) result.deviation.col(target) = from.deviation.col(target);
  }

  Config config_;
  std::vector<double> values_;
  std::vector<std::unique_ptr<Optimiser>> methods_;  // [values]
};

}  // namespace

extern const Entry kEntry{"cross_validated", "a setting of another method, by its error on held-out trajectories",
                          [](const Settings& settings) -> std::unique_ptr<Optimiser> {
                            return std::make_unique<CrossValidated>(
                                configured<Config>(settings.without_section("with")), settings.section("with"));
                          },
                          [] { return settings_of(Config{}); }};

}  // namespace lockstep::models::optimisers::cross_validated
