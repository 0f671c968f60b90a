// Rules of Gymnasium's MuJoCo tasks (version 5), on their default observations, which leave out the position along x.
#include "agents/termination.h"

#include <algorithm>
#include <cmath>

namespace lockstep::agents {
namespace {

using Numbers = std::span<const float>;

// Height, angle, and the rest of the state.
bool hopper_falls(Numbers seen) {
  const bool is_bounded = std::ranges::all_of(seen.subspan(1), [](float x) { return std::abs(x) < 100; });
  return !(is_bounded && seen[0] > 0.7f && std::abs(seen[1]) < 0.2f);
}
bool walker_falls(Numbers seen) { return !(seen[0] > 0.8f && seen[0] < 2 && std::abs(seen[1]) < 1); }
bool ant_falls(Numbers seen) { return !(seen[0] >= 0.2f && seen[0] <= 1); }
bool humanoid_falls(Numbers seen) { return !(seen[0] > 1 && seen[0] < 2); }
// Position and angle, then speeds.
bool pendulum_falls(Numbers seen) { return !(std::abs(seen[1]) <= 0.2f); }
bool never(Numbers) { return false; }

struct Rule {
  std::string_view task;
  Termination ends;
};
constexpr Rule kRules[] = {{"hopper-v5", hopper_falls},
                           {"walker2d-v5", walker_falls},
                           {"ant-v5", ant_falls},
                           {"humanoid-v5", humanoid_falls},
                           {"inverted-pendulum-v5", pendulum_falls}};

const Rule* find_rule(std::string_view task) {
  const Rule* const found = std::ranges::find(kRules, task, &Rule::task);
  return found == std::end(kRules) ? nullptr : found;
}

}  // namespace

Termination termination_of(std::string_view task) {
  const Rule* const rule = find_rule(task);
  return rule == nullptr ? never : rule->ends;
}

bool has_termination_rule(std::string_view task) { return find_rule(task) != nullptr; }

}  // namespace lockstep::agents
