// dm_control's walker/walk: get up and walk forward in the plane.
#pragma once

#include "envs/suite_walker.h"

namespace lockstep::envs::walker_walk {

struct Task : suite_walker::Variant<1> {
  static constexpr Facts kFacts =
      suite_walker::facts("walker-walk", "walker/walk", "get up and walk forward in the plane", 900);
};

}  // namespace lockstep::envs::walker_walk
