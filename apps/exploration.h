// Motion of a task under random controls, for fitting models to.
#pragma once

#include "engine/environment.h"
#include "engine/transitions.h"

#include <cstdint>

namespace lockstep::apps {

struct ExplorationConfig {
  double seconds = 30;            // of simulated time, in all
  double amplitude = 0.6;         // standard deviation of the controls, share of half their range
  double correlation_time = 0.2;  // s over which they stay alike
  std::uint64_t seed = 0;
};

// Steps world 0 of `environment` (of one world, double precision, auto_reset) under smooth noise; episodes that end
// begin new trajectories. Error for a task of discrete actions.
[[nodiscard]] TransitionData explore(Environment& environment, const ExplorationConfig& config);

}  // namespace lockstep::apps
