// CEM: the cross-entropy method over the knots of the controls.
// De Boer, Kroese, Mannor, Rubinstein, "A tutorial on the cross-entropy method", Ann. Oper. Res. 134 (2005), sec. 3.
#include "planners/elite_search.h"

#include <memory>

namespace lockstep::planners::cem {
namespace {

struct Config : SamplingConfig {
  EliteConfig search;

  Config() {
    iterations = 4;
    noise_std = 0.5;
  }
  void describe(Fields& fields) {
    SamplingConfig::describe(fields);
    search.describe(fields);
  }
  void check() const { SamplingConfig::check("cem"); }
};

}  // namespace

extern const Entry kEntry{"cem", "cross-entropy method: Gaussians fitted to the cheapest samples",
                          [](const Settings& settings) -> std::unique_ptr<Planner> {
                            const auto config = configured<Config>(settings);
                            return std::make_unique<SamplingPlanner>("cem", config,
                                                                     std::make_unique<EliteSearch>(config.search));
                          },
                          [] { return settings_of(Config{}); }};

}  // namespace lockstep::planners::cem
