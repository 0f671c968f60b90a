// Motion of a task under random controls: noise about the middle of the controls' range.
#include "apps/exploration.h"
#include "agents/smooth_noise.h"
#include "engine/error.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace lockstep::apps {

TransitionData explore(Environment& environment, const ExplorationConfig& config) {
  const TaskSpec& spec = environment.spec();
  if (spec.discrete_actions > 0) {
    throw Error("task " + spec.name + " has discrete actions", "exploration",
                "choose a task whose actions are continuous: lockstep list tasks");
  }
  agents::SmoothNoise noise(config.seed, 0, spec.action_size, spec.control_timestep, config.correlation_time);
  TransitionData data(spec.state_size, spec.action_size);
  const auto size = static_cast<size_t>(spec.action_size);
  std::vector<double> x(static_cast<size_t>(spec.state_size)), next(x.size()), u(size);
  std::vector<float> action(size);
  std::int64_t trajectory = 0;
  environment.get_state(0, x);
  for (int step = 0; step < static_cast<int>(std::lround(config.seconds / spec.control_timestep)); ++step) {
    const std::span<const double> sample = noise.next();
    for (size_t i = 0; i < size; ++i) {
      const double low = spec.action_low[i], high = spec.action_high[i];
      const bool is_bounded = std::isfinite(low) && std::isfinite(high);
      const double middle = is_bounded ? 0.5 * (low + high) : 0, half = is_bounded ? 0.5 * (high - low) : 1;
      action[i] = static_cast<float>(std::clamp(middle + config.amplitude * half * sample[i], low, high));
      u[i] = static_cast<double>(action[i]);
    }
    environment.step(View<const float, 2>(action.data(), 1, spec.action_size));
    environment.get_state(0, next);
    // With auto_reset the state after an end is the next episode's first: that pair is no transition.
    const bool has_ended = environment.terminated()[0] != 0 || environment.truncated()[0] != 0;
    if (has_ended) {
      ++trajectory;
    } else {
      data.append({.x = x,
                   .u = u,
                   .next = next,
                   .reward = static_cast<double>(environment.reward()[0]),
                   .trajectory = trajectory});
    }
    x = next;
  }
  return data;
}

}  // namespace lockstep::apps
