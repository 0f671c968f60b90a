// An environment under a test's hands: steps, and what they led to.
#pragma once

#include "engine/environment.h"

#include <cstddef>
#include <vector>

namespace lockstep::envs {

// actions [worlds][action_size]
inline void step(Environment& env, const std::vector<float>& actions) {
  env.step(View<const float, 2>(actions.data(), env.config().num_worlds, env.spec().action_size));
}
inline std::vector<double> state(const Environment& env, int world = 0) {
  std::vector<double> x(static_cast<std::size_t>(env.spec().state_size));
  env.get_state(world, x);
  return x;
}
inline std::vector<float> observation(const Environment& env, int world) {
  std::vector<float> row;
  for (int i = 0; i < env.spec().observation_size; ++i) row.push_back(env.observation()(world, i));
  return row;
}

}  // namespace lockstep::envs
