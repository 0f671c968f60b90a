// Gymnasium's HumanoidStandup-v5: get up from lying on the back.
#pragma once

#include "envs/gymnasium_humanoid.h"

namespace lockstep::envs::humanoid_standup_v5 {

struct Task : gymnasium_humanoid::Variant<true> {
  static constexpr Facts kFacts = gymnasium_humanoid::facts(
      "humanoid-standup-v5", "HumanoidStandup-v5", "get up from lying on the back",
      "Gymnasium 1.4.0, HumanoidStandup-v5", "gymnasium/envs/mujoco/assets/humanoidstandup.xml");
};

}  // namespace lockstep::envs::humanoid_standup_v5
