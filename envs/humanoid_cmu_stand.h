// dm_control's humanoid_CMU/stand: stand up and stand, with 56 joints.
#pragma once

#include "envs/suite_humanoid_cmu.h"

namespace lockstep::envs::humanoid_cmu_stand {

struct Task : suite_humanoid_cmu::Variant<0> {
  static constexpr Facts kFacts =
      suite_humanoid_cmu::facts("humanoid_cmu-stand", "humanoid_CMU/stand", "stand up and stand, with 56 joints", 800);
};

}  // namespace lockstep::envs::humanoid_cmu_stand
