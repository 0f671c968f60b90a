// dm_control's walker/stand: get up on two legs in the plane and stand.
#pragma once

#include "envs/suite_walker.h"

namespace lockstep::envs::walker_stand {

struct Task : suite_walker::Variant<0> {
  static constexpr Facts kFacts =
      suite_walker::facts("walker-stand", "walker/stand", "get up on two legs in the plane and stand", 950);
};

}  // namespace lockstep::envs::walker_stand
