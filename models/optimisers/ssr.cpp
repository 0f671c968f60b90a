// Stepwise sparse regression: the term with the smallest coefficient goes, one by one (Boninsegna, Nueske, Clementi
// 2018, J. Chem. Phys. 148, 241723); each target gets a number of terms of its own, by an information criterion.
#include "models/optimisers/greedy_sequence.h"

namespace lockstep::models::optimisers::ssr {
namespace {

struct Config {
  std::string criterion = "bic";      // aic | bic | elbow: which number of terms is taken
  std::string drop = "contribution";  // contribution | coefficient | loss: the least of which goes
  double alpha = 1e-12;               // ridge on columns of unit length while terms are chosen, > 0

  void describe(Fields& fields) {
    fields.add_choice("criterion", criterion, "which number of terms is taken", {"aic", "bic", "elbow"});
    fields.add_choice("drop", drop, "the least of which goes: |c| rms(feature), |c|, or the rise of the residual",
                      {"contribution", "coefficient", "loss"});
    fields.add("alpha", alpha, "ridge on columns of unit length while terms are chosen", {1e-300, 1e12});
  }
};

class Ssr final : public Optimiser {
 public:
  explicit Ssr(Config config) : config_(std::move(config)) {}
  [[nodiscard]] std::string_view name() const override { return "ssr"; }
  [[nodiscard]] StlsqResult fit(const Problem& problem) const override {
    refuse_constraints(problem, name());
    std::vector<std::vector<int>> supports;
    for (int target = 0; target < problem.sums.targets(); ++target) {
      const auto sequence = backward_sequence(
          problem, target,
          {.by_loss = config_.drop == "loss", .in_units = config_.drop == "contribution", .alpha = config_.alpha});
      supports.push_back(chosen_terms(sequence, config_.criterion, problem.sums.weight));
    }
    return fit_supports(problem, supports);
  }

 private:
  Config config_;
};

}  // namespace

extern const Entry kEntry{"ssr", "stepwise sparse regression: the smallest coefficient goes, size by AIC or BIC",
                          [](const Settings& settings) -> std::unique_ptr<Optimiser> {
                            return std::make_unique<Ssr>(configured<Config>(settings));
                          },
                          [] { return settings_of(Config{}); }};

}  // namespace lockstep::models::optimisers::ssr
