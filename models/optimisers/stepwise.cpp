// Stepwise elimination as an optimiser: by significance (models/stepwise.h), or along its sequence by AIC or BIC.
#include "models/stepwise.h"
#include "models/optimisers/greedy_sequence.h"
#include "models/optimisers/optimiser.h"

namespace lockstep::models::optimisers::stepwise {
namespace {

struct Config {
  std::string criterion = "significance";  // significance | aic | bic | elbow: what ends the elimination
  double threshold = 1e-4;                 // significance: loss below which a term goes (share of the target's rms)
  double significance = 4;                 // significance: standard errors
  double alpha = 1e-10;                    // ridge on columns of unit length while terms are chosen, > 0
  int refinements = 2;                     // of the last solve

  void describe(Fields& fields) {
    fields.add_choice("criterion", criterion, "what ends the elimination", {"significance", "aic", "bic", "elbow"});
    fields.add("threshold", threshold, "loss below which a term goes (significance)", {0, 1e12});
    fields.add("significance", significance, "standard errors that a term must be away from 0 (significance)",
               {0, 1e6});
    fields.add("alpha", alpha, "ridge on columns of unit length while terms are chosen", {1e-300, 1e12});
    fields.add("refinements", refinements, "passes of iterative refinement of the last solve", {0, 10});
  }
};

class Stepwise final : public Optimiser {
 public:
  explicit Stepwise(Config config) : config_(std::move(config)) {}
  [[nodiscard]] std::string_view name() const override { return "stepwise"; }
  [[nodiscard]] StlsqResult fit(const Problem& problem) const override {
    refuse_constraints(problem, name());
    if (config_.criterion == "significance") {
      return models::stepwise(problem.sums,
                              {.threshold = config_.threshold,
                               .significance = config_.significance,
                               .alpha = config_.alpha,
                               .refinements = config_.refinements},
                              problem.allowed, problem.residual_pass);
    }
    std::vector<std::vector<int>> supports;
    for (int target = 0; target < problem.sums.targets(); ++target) {
      const auto sequence = backward_sequence(problem, target, {.by_loss = true, .alpha = config_.alpha});
      supports.push_back(chosen_terms(sequence, config_.criterion, problem.sums.weight));
    }
    return fit_supports(problem, supports, config_.refinements);
  }

 private:
  Config config_;
};

}  // namespace

extern const Entry kEntry{"stepwise", "drops, one by one, the term that is missed least (significance, AIC or BIC)",
                          [](const Settings& settings) -> std::unique_ptr<Optimiser> {
                            return std::make_unique<Stepwise>(configured<Config>(settings));
                          },
                          [] { return settings_of(Config{}); }};

}  // namespace lockstep::models::optimisers::stepwise
