// What may stand between an agent and the worlds of a task: delayed, noisy and repeated actions; normalised and stacked
// observations; normalised rewards. docs/tasks.md says in which order.
#pragma once

#include "engine/running_moments.h"
#include "engine/settings.h"

namespace lockstep {

// Everything off by default. A "decision" is one action of the agent.
struct Wrapping {
  int action_delay = 0;                 // decisions until an action is executed, [0, 100]
  double action_noise = 0;              // deviation of normal noise on executed actions, share of half their range
  int action_repeat = 1;                // env steps of one decision, [1, 1000]; rewards are summed
  double observation_noise = 0;         // uniform noise on observations, in the half widths that the task lists
  bool normalise_observations = false;  // to mean 0 and deviation 1 of all that was seen, cut off at 10
  bool normalise_rewards = false;       // divided by the deviation of discounted returns, cut off at 10
  double reward_discount = 0.99;        // of these returns, [0, 1]
  int frame_stack = 1;                  // observations shown together, the oldest first, [1, 100]

  [[nodiscard]] bool is_active() const {
    return action_delay > 0 || action_noise > 0 || observation_noise > 0 || action_repeat > 1 || normalises() ||
           frame_stack > 1;
  }
  [[nodiscard]] bool normalises() const { return normalise_observations || normalise_rewards; }
  void describe(Fields& fields);
};

// What is known of a task's observations and of discounted returns. Environments that are made with the same one see by
// the same scale; widths are 0 until the first of them is made.
struct RunningStatistics {
  RunningMoments observations{0}, returns{0};
};

}  // namespace lockstep
