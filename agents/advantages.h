// Generalised advantage estimation over batches of worlds.
#pragma once

#include "engine/view.h"

#include <cstdint>

namespace lockstep::agents {

// What happened in `steps` steps of `worlds` worlds, all [steps][worlds].
struct ValuedSteps {
  View<const float, 2> rewards;
  View<const float, 2> values;             // estimated value of the state before the step
  View<const float, 2> next_values;        // of the state after it: where an episode ended, of its own last state
  View<const std::uint8_t, 2> terminated;  // 1: the task ended there, so that nothing follows: no bootstrap
  View<const std::uint8_t, 2> ended;       // 1: terminated or cut (time limit): the next step is of another episode
};

// Advantages and value targets (advantage + value), [steps][worlds], backwards in time (J. Schulman et al.,
// "High-dimensional continuous control using generalized advantage estimation", ICLR 2016, eq. 16):
//   delta_t = r_t + discount (1 - terminated_t) V(s'_t) - V(s_t)
//   A_t = delta_t + discount lambda (1 - ended_t) A_{t+1}
void estimate_advantages(const ValuedSteps& steps, float discount, float lambda, View<float, 2> advantages,
                         View<float, 2> targets);

}  // namespace lockstep::agents
