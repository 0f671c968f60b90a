// The reward of dm_control's humanoids: to stand, or to move at a speed. (dm_control 1.0.50, suite/humanoid.)
#pragma once

#include "envs/task_facts.h"
#include "envs/tolerance.h"
#include "kernels/lanes.h"

namespace lockstep::envs {

// A high head (1.4 m), an upright torso and small control, times standing still or moving, multiplied.
//   head_height (m), upright: cosine of the torso's tilt; vx, vy (m/s) of the centre of mass; kSpeed 0: to stand
template <int kSpeed, class T, int kActions>
[[gnu::always_inline]] LS_FN T humanoid_reward(T head_height, T upright, T vx, T vy, const T (&u)[kActions]) {
  constexpr double kStandHeight = 1.4;
  const T standing = tolerance(head_height, {.low = kStandHeight, .high = kUnbounded, .margin = kStandHeight / 4});
  const T level =
      tolerance<Sigmoid::kLinear>(upright, {.low = 0.9, .high = kUnbounded, .margin = 1.9, .value_at_margin = 0});
  T small = T(0);
  for (int i = 0; i < kActions; ++i) {
    small += tolerance<Sigmoid::kQuadratic>(u[i], {.margin = 1, .value_at_margin = 0});
  }
  const T stand = standing * level * (T(4) + T(1.0 / kActions) * small) * T(0.2);
  if constexpr (kSpeed == 0) {
    return stand * (tolerance(vx, {.margin = 2}) + tolerance(vy, {.margin = 2})) * T(0.5);
  } else {
    const T move =
        tolerance<Sigmoid::kLinear>(kernels::square_root(vx * vx + vy * vy),
                                    {.low = kSpeed, .high = kUnbounded, .margin = kSpeed, .value_at_margin = 0});
    return stand * (T(5) * move + T(1)) * T(1.0 / 6);
  }
}

}  // namespace lockstep::envs
