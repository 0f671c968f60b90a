// `lockstep bench plan-costs`: how good plans are at equal budgets, gradients beside sampling.
#pragma once

#include "apps/commands.h"

namespace lockstep::apps {

// Prints the cost (median and 90 %) of first plans of a pendulum's swing-up (published_swing_up.h) at budgets of 400,
// 2,000 and 10,000 roll-outs, a gradient counted as three, and the time of a plan. The rows' peer is CEM with five
// iterations at the same budget; ratio = its cost / ours. Returns an exit code.
int bench_plan_costs(CommandContext& context);

// Adds `plan-costs` to the group `bench`.
void add_bench_plan_costs(CLI::App& bench, CommandContext& context);

}  // namespace lockstep::apps
