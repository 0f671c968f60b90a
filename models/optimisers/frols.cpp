// Forward regression by orthogonal least squares (Chen, Billings, Luo 1989, Int. J. Control 50, 1873): the term with
// the largest error reduction ratio joins; each target gets a number of terms of its own.
#include "models/optimisers/greedy_sequence.h"

#include <algorithm>

namespace lockstep::models::optimisers::frols {
namespace {

struct Config {
  std::string criterion = "bic";  // aic | bic | elbow | error_reduction: what ends the additions
  double least_reduction = 1e-4;  // error_reduction: share of the target's sum of squares that a term must explain
  int max_terms = 1000;           // of one target, >= 1

  void describe(Fields& fields) {
    fields.add_choice("criterion", criterion, "which number of terms is taken",
                      {"aic", "bic", "elbow", "error_reduction"});
    fields.add("least_reduction", least_reduction, "share of the target that a term must explain (error_reduction)",
               {0, 1});
    fields.add("max_terms", max_terms, "of one target", {1, 100000});
  }
};

class Frols final : public Optimiser {
 public:
  explicit Frols(Config config) : config_(std::move(config)) {}
  [[nodiscard]] std::string_view name() const override { return "frols"; }
  [[nodiscard]] StlsqResult fit(const Problem& problem) const override {
    refuse_constraints(problem, name());
    std::vector<std::vector<int>> supports;
    for (int target = 0; target < problem.sums.targets(); ++target) {
      const auto sequence = forward_sequence(problem, target, config_.max_terms);
      supports.push_back(config_.criterion == "error_reduction"
                             ? while_it_explains(sequence)
                             : chosen_terms(sequence, config_.criterion, problem.sums.weight));
    }
    return fit_supports(problem, supports);
  }

 private:
  [[nodiscard]] std::vector<int> while_it_explains(const std::vector<Step>& sequence) const {
    size_t last = 0;
    while (last + 1 < sequence.size() &&
           sequence[last].residual - sequence[last + 1].residual >= config_.least_reduction) {
      ++last;
    }
    return sequence[last].terms;
  }

  Config config_;
};

}  // namespace

extern const Entry kEntry{"frols", "forward orthogonal least squares: the term that explains most joins",
                          [](const Settings& settings) -> std::unique_ptr<Optimiser> {
                            return std::make_unique<Frols>(configured<Config>(settings));
                          },
                          [] { return settings_of(Config{}); }};

}  // namespace lockstep::models::optimisers::frols
