// iCEM: the cross-entropy method with coloured noise, elites that stay, and shrinking populations.
// Pinneri, Sawant, Blaes, Achterhold, Stueckler, Rolinek, Martius, "Sample-efficient cross-entropy method for real-time
// planning", CoRL 2020, algorithm 1 and table 2.
#include "planners/elite_search.h"

#include <memory>

namespace lockstep::planners::icem {
namespace {

struct Config : SamplingConfig {
  EliteConfig search;

  Config() {
    iterations = 3;
    noise_std = 0.5;
    search.colour = 2;
    search.keep_elites = 0.3;
    search.decay = 1.25;
  }
  void describe(Fields& fields) {
    SamplingConfig::describe(fields);
    search.describe(fields);
  }
  void check() const { SamplingConfig::check("icem"); }
};

}  // namespace

extern const Entry kEntry{"icem", "cross-entropy method with coloured noise, kept elites, shrinking populations",
                          [](const Settings& settings) -> std::unique_ptr<Planner> {
                            const auto config = configured<Config>(settings);
                            return std::make_unique<SamplingPlanner>("icem", config,
                                                                     std::make_unique<EliteSearch>(config.search));
                          },
                          [] { return settings_of(Config{}); }};

}  // namespace lockstep::planners::icem
