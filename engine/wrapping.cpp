// The keys of a Wrapping.
#include "engine/wrapping.h"

namespace lockstep {

void Wrapping::describe(Fields& fields) {
  fields.add("action_delay", action_delay, "decisions until an action is executed", {0, 100});
  fields.add("action_noise", action_noise, "deviation of noise on executed actions, share of half their range",
             {0, 100});
  fields.add("action_repeat", action_repeat, "env steps of one decision; rewards are summed", {1, 1000});
  fields.add("observation_noise", observation_noise,
             "uniform noise on observations, in the half widths that the task lists (go1-velocity does)", {0, 100});
  fields.add("normalise_observations", normalise_observations, "to mean 0 and deviation 1 of all that was seen");
  fields.add("normalise_rewards", normalise_rewards, "divide by the deviation of discounted returns");
  fields.add("reward_discount", reward_discount, "of the returns that normalise_rewards looks at", {0, 1});
  fields.add("frame_stack", frame_stack, "observations shown together, the oldest first", {1, 100});
}

}  // namespace lockstep
