// Planner: chooses controls by looking ahead through Dynamics, minimising Cost, within bounds and a budget.
#pragma once

#include "engine/cost.h"
#include "engine/dynamics.h"
#include "engine/settings.h"
#include "engine/view.h"
#include "planners/constraints.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::planners {

// The problem a planner solves: horizon steps of `dynamics` under `cost`, controls kept in [u_min, u_max].
struct Problem {
  Dynamics* dynamics = nullptr;              // not owned
  const Cost* cost = nullptr;                // not owned
  std::span<const double> u_min, u_max;      // [nu]; infinite where unbounded
  int horizon = 0;                           // N control steps, >= 1
  const Constraints* constraints = nullptr;  // not owned; nullptr: none. Planners that know none refuse them.
};

// What one plan took and reached.
struct PlanStats {
  double cost = 0;       // of the returned plan, under the problem's own dynamics
  double violation = 0;  // largest of its constraints
  int iterations = 0;
  std::int64_t model_steps = 0;  // dynamics evaluations, Jacobian columns included
  double seconds = 0;
  bool converged = false;
  std::string status;  // "converged", "out of iterations", "all candidates diverged: kept the warm start"
};

// Receding-horizon planner. Deterministic given (seed, number of calls since reset).
class Planner {
 public:
  virtual ~Planner() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;

  // Forgets the warm start. Call it at the start of an episode.
  virtual void reset(const Problem& problem, std::uint64_t seed) = 0;
  // Plans from x0 [nx], warm-started by `controls` [N][nu], which is overwritten by the plan.
  // Controls stay in bounds; nothing returned is ever NaN.
  virtual PlanStats plan(std::span<const double> x0, View<double, 2> controls) = 0;
  // States [N + 1][nx] that the last plan predicts.
  [[nodiscard]] virtual View<const double, 2> predicted() const = 0;
  // Feedback gains K [N][nu][nx] of the last plan (u = u_k + K_k (x - x_k)); an empty view where there are none.
  [[nodiscard]] virtual View<const double, 3> gains() const = 0;
  // Everything that the next plan depends on beside its arguments.
  [[nodiscard]] virtual std::vector<std::byte> save() const = 0;
  virtual void load(std::span<const std::byte> bytes) = 0;
};

// One row of the generated table of planners.
struct Entry {
  std::string_view name;
  std::string_view summary;
  // Settings: the planner's keys, as in TOML; unknown keys and bad values throw Error.
  std::function<std::unique_ptr<Planner>(const Settings&)> make;
  std::function<Settings()> defaults;
};

// The table, in the order of planners/CMakeLists.txt.
std::span<const Entry* const> entries();
// Throws Error with the nearest name.
const Entry& find(std::string_view name);

}  // namespace lockstep::planners
