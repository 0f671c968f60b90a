// STLSQ as an optimiser; the method is in models/stlsq.h.
#include "models/stlsq.h"
#include "models/optimisers/optimiser.h"

namespace lockstep::models::optimisers::stlsq {
namespace {

class Stlsq final : public Optimiser {
 public:
  explicit Stlsq(StlsqConfig config) : config_(std::move(config)) {}
  [[nodiscard]] std::string_view name() const override { return "stlsq"; }
  [[nodiscard]] StlsqResult fit(const Problem& problem) const override {
    refuse_constraints(problem, name());
    return models::stlsq(problem.sums, config_, problem.allowed, problem.residual_pass);
  }

 private:
  StlsqConfig config_;
};

}  // namespace

extern const Entry kEntry{"stlsq", "sequentially thresholded least squares",
                          [](const Settings& settings) -> std::unique_ptr<Optimiser> {
                            return std::make_unique<Stlsq>(configured<StlsqConfig>(settings));
                          },
                          [] { return settings_of(StlsqConfig{}); }};

}  // namespace lockstep::models::optimisers::stlsq
