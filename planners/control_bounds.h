// Control bounds of a planning problem: checks, clipping, ranges, the shift between two plans.
#pragma once

#include "planners/planner.h"

#include <span>

namespace lockstep::planners {

// Throws Error (where: the planner's name) unless dynamics, cost, bounds and horizon fit together, and for constraints
// where the planner knows none.
void check_problem(const Problem& problem, std::string_view planner, bool knows_constraints = false);

// controls [N][nu]: clipped into the bounds; what is not finite becomes the control nearest to 0 in the bounds.
void clip(const Problem& problem, View<double, 2> controls);

// Half the range of one control; 1 where it is not bounded on both sides.
[[nodiscard]] double half_range(const Problem& problem, int control);

// Warm start of the next plan: drops the first `steps` rows of controls [N][nu] and repeats the last one.
void shift(View<double, 2> controls, int steps = 1);

}  // namespace lockstep::planners
