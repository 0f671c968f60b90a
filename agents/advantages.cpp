// One backward scan per world.
#include "agents/advantages.h"

namespace lockstep::agents {

void estimate_advantages(const ValuedSteps& steps, float discount, float lambda, View<float, 2> advantages,
                         View<float, 2> targets) {
  const int count = steps.rewards.extent(0), worlds = steps.rewards.extent(1);
  for (int t = count - 1; t >= 0; --t) {
    for (int world = 0; world < worlds; ++world) {
      const float next = steps.terminated(t, world) != 0 ? 0 : steps.next_values(t, world);
      const float delta = steps.rewards(t, world) + discount * next - steps.values(t, world);
      const bool goes_on = t + 1 < count && steps.ended(t, world) == 0;
      advantages(t, world) = delta + (goes_on ? discount * lambda * advantages(t + 1, world) : 0);
      targets(t, world) = advantages(t, world) + steps.values(t, world);
    }
  }
}

}  // namespace lockstep::agents
