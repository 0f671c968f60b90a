// dm_control's stacker/stack_2: stack two boxes with an arm.
#pragma once

#include "envs/suite_stacker.h"

namespace lockstep::envs::stacker_stack_2 {

struct Task : suite_stacker::Variant<2> {
  static constexpr Facts kFacts =
      suite_stacker::facts("stacker-stack_2", "stacker/stack_2", "stack two boxes with an arm", 2);
};

}  // namespace lockstep::envs::stacker_stack_2
