// FDDP: iLQR's solver on states and controls, which may begin with states that no roll-out reaches.
// Mastalli et al., "Crocoddyl", ICRA 2020, sec. III (feasibility-driven multiple shooting).
#include "planners/ilqr.h"

#include <memory>

namespace lockstep::planners::fddp {
namespace {

struct Config : ilqr::Config {
  Config() { shooting = "multiple"; }
};

}  // namespace

extern const Entry kEntry{"fddp", "feasibility-driven DDP: iLQR by multiple shooting, from infeasible warm starts",
                          [](const Settings& settings) -> std::unique_ptr<Planner> {
                            return std::make_unique<ilqr::Ilqr>(configured<Config>(settings), "fddp");
                          },
                          [] { return settings_of(Config{}); }};

}  // namespace lockstep::planners::fddp
