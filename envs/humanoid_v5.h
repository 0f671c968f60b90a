// Gymnasium's Humanoid-v5: walk along x without falling.
#pragma once

#include "envs/gymnasium_humanoid.h"

namespace lockstep::envs::humanoid_v5 {

struct Task : gymnasium_humanoid::Variant<false> {
  static constexpr Facts kFacts =
      gymnasium_humanoid::facts("humanoid-v5", "Humanoid-v5", "walk along x without falling",
                                "Gymnasium 1.4.0, Humanoid-v5", "gymnasium/envs/mujoco/assets/humanoid.xml");
};

}  // namespace lockstep::envs::humanoid_v5
