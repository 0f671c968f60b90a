// dm_control's hopper/stand: get up on one leg and stand.
#pragma once

#include "envs/suite_hopper.h"

namespace lockstep::envs::hopper_stand {

struct Task : suite_hopper::Variant<false> {
  static constexpr Facts kFacts =
      suite_hopper::facts("hopper-stand", "hopper/stand", "get up on one leg and stand", 800);
};

}  // namespace lockstep::envs::hopper_stand
