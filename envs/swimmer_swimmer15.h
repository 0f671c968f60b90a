// dm_control's swimmer/swimmer15: swim to a target with 15 links.
#pragma once

#include "envs/suite_swimmer.h"

namespace lockstep::envs::swimmer_swimmer15 {

struct Task : suite_swimmer::Variant<15> {
  static constexpr Facts kFacts =
      suite_swimmer::facts("swimmer-swimmer15", "swimmer/swimmer15", "swim to a target with 15 links", 15);
};

}  // namespace lockstep::envs::swimmer_swimmer15
