// dm_control's humanoid_CMU/walk: get up and walk, with 56 joints.
#pragma once

#include "envs/suite_humanoid_cmu.h"

namespace lockstep::envs::humanoid_cmu_walk {

struct Task : suite_humanoid_cmu::Variant<1> {
  static constexpr Facts kFacts =
      suite_humanoid_cmu::facts("humanoid_cmu-walk", "humanoid_CMU/walk", "get up and walk, with 56 joints", 700);
};

}  // namespace lockstep::envs::humanoid_cmu_walk
