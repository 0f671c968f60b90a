// DDP: iLQR's solver with the second derivatives of the dynamics, for fewer iterations near a solution.
// Mayne, "A second-order gradient method for determining optimal trajectories", 1966; Tassa et al., IROS 2012, eqs.
// 5c-5e.
#include "planners/ilqr.h"

#include <memory>

namespace lockstep::planners::ddp {
namespace {

// Second derivatives can make Q_uu indefinite whatever the state's regularisation: mu goes to the controls.
struct Config : ilqr::Config {
  Config() {
    second_order = true;
    regularised = "control";
  }
};

}  // namespace

extern const Entry kEntry{"ddp", "differential dynamic programming: iLQR with second derivatives of the dynamics",
                          [](const Settings& settings) -> std::unique_ptr<Planner> {
                            return std::make_unique<ilqr::Ilqr>(configured<Config>(settings), "ddp");
                          },
                          [] { return settings_of(Config{}); }};

}  // namespace lockstep::planners::ddp
