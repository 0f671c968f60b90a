// `lockstep train --seeds`: runs a sweep, prints its table, leaves sweep.csv and report.html.
#pragma once

#include "apps/commands.h"
#include "apps/sweep.h"

namespace lockstep::apps {

// Returns the exit code: kDone where every seed met the agent's criterion. Throws what a failed run threw, after the
// others have ended and the files of the sweep are written.
int train_sweep(const SweepRequest& request, CommandContext& context);

}  // namespace lockstep::apps
