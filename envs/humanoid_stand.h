// dm_control's humanoid/stand: get up and stand still.
#pragma once

#include "envs/suite_humanoid.h"

namespace lockstep::envs::humanoid_stand {

struct Task : suite_humanoid::Variant<0, false> {
  static constexpr Facts kFacts =
      suite_humanoid::facts("humanoid-stand", "humanoid/stand", "get up and stand still", 800);
};

}  // namespace lockstep::envs::humanoid_stand
