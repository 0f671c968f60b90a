// dm_control's fish/upright: keep a fish upright in water.
#pragma once

#include "envs/suite_fish.h"

namespace lockstep::envs::fish_upright {

struct Task : suite_fish::Variant<false> {
  static constexpr Facts kFacts = suite_fish::facts("fish-upright", "fish/upright", "keep a fish upright in water", 0);
};

}  // namespace lockstep::envs::fish_upright
