// An agent for tests of the program's frame: random search over linear policies (Rastrigin 1963; Mania et al. 2018).
#pragma once

#include "agents/agent.h"

namespace lockstep {

// Each iteration perturbs the best policy found so far and keeps it where an episode on the true physics pays more.
// Deterministic given its seed; settings "noise" (size of a perturbation) and "wanted_iterations" (then it is done).
extern const agents::Entry kLinearSearch;

}  // namespace lockstep
