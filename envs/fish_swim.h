// dm_control's fish/swim: swim to a target in water.
#pragma once

#include "envs/suite_fish.h"

namespace lockstep::envs::fish_swim {

struct Task : suite_fish::Variant<true> {
  static constexpr Facts kFacts = suite_fish::facts("fish-swim", "fish/swim", "swim to a target in water", 3);
};

}  // namespace lockstep::envs::fish_swim
