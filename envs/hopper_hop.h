// dm_control's hopper/hop: hop forward on one leg.
#pragma once

#include "envs/suite_hopper.h"

namespace lockstep::envs::hopper_hop {

struct Task : suite_hopper::Variant<true> {
  static constexpr Facts kFacts = suite_hopper::facts("hopper-hop", "hopper/hop", "hop forward on one leg", 400);
};

}  // namespace lockstep::envs::hopper_hop
