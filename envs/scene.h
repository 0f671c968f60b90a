// What a task with a MuJoCo model sees of a world beyond its state: sensors, and what it kept from before the step.
#pragma once

#include "envs/reset_draw.h"
#include "envs/step_draw.h"
#include "envs/task_facts.h"
#include "envs/task_options.h"
#include "kernels/lanes.h"

#include <span>

namespace lockstep::envs {

// One moment of kLanes<T> worlds.
//   x [states], sensed [kSensed] in the order of the task's kSensors, before [kBefore] of the last `remember`; options
//   of the batch
template <class T, int kStates, int kSensed, int kBefore>
struct Scene {
  T x[kStates];
  T sensed[kSensed > 0 ? kSensed : 1];
  T before[kBefore > 0 ? kBefore : 1];
  const OptionValues* options = nullptr;
};

// A task that looks at scenes instead of states; it says how much it needs in kSensed and kBefore.
template <class Task>
inline constexpr bool kSeesScenes = requires {
  Task::kBefore;
};

// Numbers of a list of sensors.
constexpr int numbers_of(std::span<const SensedField> sensors) {
  int numbers = 0;
  for (const SensedField& sensor : sensors) numbers += sensor.numbers;
  return numbers;
}

template <class Task>
constexpr int sensed_size() {
  if constexpr (kSeesScenes<Task>) {
    return Task::kSensed;
  } else {
    return 0;
  }
}
template <class Task>
constexpr int before_size() {
  if constexpr (kSeesScenes<Task>) {
    return Task::kBefore;
  } else {
    return 0;
  }
}

template <class Task, class T>
using SceneOf = Scene<T, Task::kStates, sensed_size<Task>(), before_size<Task>()>;

// A task that draws its starts again until one is accepted: `accepts(scene)`.
template <class Task>
inline constexpr bool kChoosesStarts = requires(const SceneOf<Task, float>& s) {
  Task::accepts(s);
};

// A task that lets physics run before an episode starts: kSettleSteps physics steps without controls.
template <class Task>
constexpr int settle_steps() {
  if constexpr (requires { Task::kSettleSteps; }) {
    return Task::kSettleSteps;
  } else {
    return 0;
  }
}

// A task whose held numbers move on with every step: `follow(scene, action)` before the step is rewarded, and
// `evolve(scene, draw)` after, which may change velocities too (commands, pushes).
template <class Task>
inline constexpr bool kFollows = requires(SceneOf<Task, float>& s, const float (&action)[Task::kActions]) {
  Task::follow(s, action);
};
template <class Task>
inline constexpr bool kEvolves = requires(SceneOf<Task, float>& s, const StepDraw<float>& draw) {
  Task::evolve(s, draw);
};

// Whether an episode's first observation needs more than the drawn state.
template <class Task>
inline constexpr bool kStartsInPhysics = sensed_size<Task>() > 0 || kChoosesStarts<Task> || settle_steps<Task>() > 0;

}  // namespace lockstep::envs
