// dm_control's humanoid/walk: get up and walk.
#pragma once

#include "envs/suite_humanoid.h"

namespace lockstep::envs::humanoid_walk {

struct Task : suite_humanoid::Variant<1, false> {
  static constexpr Facts kFacts = suite_humanoid::facts("humanoid-walk", "humanoid/walk", "get up and walk", 700);
};

}  // namespace lockstep::envs::humanoid_walk
