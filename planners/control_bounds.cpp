// Checks and clipping shared by the planners.
#include "planners/control_bounds.h"
#include "engine/error.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace lockstep::planners {

void check_problem(const Problem& problem, std::string_view planner, bool knows_constraints) {
  const std::string where = fmt::format("problem given to the planner {}", planner);
  if (problem.dynamics == nullptr || problem.cost == nullptr)
    throw Error(problem.dynamics == nullptr ? "the problem has no dynamics" : "the problem has no cost", where,
                "set Problem::dynamics and Problem::cost");
  const int nx = problem.dynamics->state_size(), nu = problem.dynamics->control_size();
  if (problem.cost->state_size() != nx || problem.cost->control_size() != nu)
    throw Error(fmt::format("the cost is for {} states and {} controls, the dynamics ({}) have {} and {}",
                            problem.cost->state_size(), problem.cost->control_size(), problem.dynamics->name(), nx, nu),
                where, "take the cost and the dynamics of the same task");
  if (problem.horizon < 1)
    throw Error(fmt::format("horizon = {} is below 1", problem.horizon), where, "plan at least one step ahead");
  if (std::ssize(problem.u_min) != nu || std::ssize(problem.u_max) != nu)
    throw Error(
        fmt::format("{} lower and {} upper bounds for {} controls", problem.u_min.size(), problem.u_max.size(), nu),
        where, "give one bound per control, infinite where there is none");
  for (int i = 0; i < nu; ++i)
    if (!(problem.u_min[i] <= problem.u_max[i]))
      throw Error(fmt::format("bounds of control {} are [{}, {}]", i, problem.u_min[i], problem.u_max[i]), where,
                  "the lower bound must not exceed the upper one");
  if (problem.constraints == nullptr) return;
  if (!knows_constraints)
    throw Error("the problem has constraints beside its control bounds", where,
                "choose ilqr, ddp or fddp, or put the constraints into the cost as penalties");
  if (problem.constraints->state_size() != nx || problem.constraints->control_size() != nu)
    throw Error(fmt::format("the constraints are for {} states and {} controls, the dynamics ({}) have {} and {}",
                            problem.constraints->state_size(), problem.constraints->control_size(),
                            problem.dynamics->name(), nx, nu),
                where, "take the constraints and the dynamics of the same task");
}

void clip(const Problem& problem, View<double, 2> controls) {
  for (int step = 0; step < controls.extent(0); ++step)
    for (int i = 0; i < controls.extent(1); ++i) {
      const double value = std::isfinite(controls(step, i)) ? controls(step, i) : 0;
      controls(step, i) = std::clamp(value, problem.u_min[i], problem.u_max[i]);
    }
}

double half_range(const Problem& problem, int control) {
  const double range = problem.u_max[control] - problem.u_min[control];
  return std::isfinite(range) ? 0.5 * range : 1;
}

void shift(View<double, 2> controls, int steps) {
  const int horizon = controls.extent(0);
  for (int step = 0; step < horizon; ++step)
    for (int i = 0; i < controls.extent(1); ++i) controls(step, i) = controls(std::min(step + steps, horizon - 1), i);
}

}  // namespace lockstep::planners
