// Gradient-CEM: the cross-entropy method whose cheapest samples descend the gradient before the Gaussian is fitted.
// Bharadhwaj, Xie, Shkurti, "Model-predictive control via cross-entropy and gradient-based optimization", L4DC 2020,
// algorithm 1.
#include "planners/elite_search.h"

#include <memory>

namespace lockstep::planners::gradient_cem {
namespace {

struct Config : SamplingConfig {
  EliteConfig search;
  RefinementConfig refinement;

  Config() {
    samples = 32;
    iterations = 3;
    noise_std = 0.5;
    search.elites = 4;
    refinement.refined = 4;
  }
  void describe(Fields& fields) {
    SamplingConfig::describe(fields);
    search.describe(fields);
    refinement.describe(fields);
  }
  void check() const { SamplingConfig::check("gradient-cem"); }
};

}  // namespace

extern const Entry kEntry{"gradient-cem", "cross-entropy method whose cheapest samples descend the gradient",
                          [](const Settings& settings) -> std::unique_ptr<Planner> {
                            const auto config = configured<Config>(settings);
                            return std::make_unique<SamplingPlanner>("gradient-cem", config,
                                                                     std::make_unique<EliteSearch>(config.search),
                                                                     config.refinement);
                          },
                          [] { return settings_of(Config{}); }};

}  // namespace lockstep::planners::gradient_cem
