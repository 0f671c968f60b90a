// LQR: one Riccati sweep about the warm start's trajectory, kept where it costs less than the warm start.
// Exact, to rounding, where the dynamics are linear and the cost is quadratic; elsewhere a step of Newton's kind, and
// time-varying feedback about the plan. planners/riccati.h has regulators of matrices, and the infinite horizon.
#include "planners/ilqr.h"

#include <memory>

namespace lockstep::planners::lqr {
namespace {

struct Config {
  ilqr::Config solver;

  Config() {
    solver.iterations = solver.cold_iterations = 1;
    solver.starts = solver.step_sizes = 1;
    solver.mu = 0;
  }
  void describe(Fields& fields) {
    fields.add("mu_max", solver.mu_max, "a plan gives up when its regularisation exceeds this", {1e-12, 1e20});
  }
  void check() const { solver.check(); }
};

std::unique_ptr<Planner> make(const Settings& settings) {
  return std::make_unique<ilqr::Ilqr>(configured<Config>(settings).solver, "lqr");
}

}  // namespace

extern const Entry kEntry{"lqr", "linear-quadratic regulator: one Riccati sweep about the warm start", make,
                          [] { return settings_of(Config{}); }};

}  // namespace lockstep::planners::lqr
