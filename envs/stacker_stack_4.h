// dm_control's stacker/stack_4: stack four boxes with an arm.
#pragma once

#include "envs/suite_stacker.h"

namespace lockstep::envs::stacker_stack_4 {

struct Task : suite_stacker::Variant<4> {
  static constexpr Facts kFacts =
      suite_stacker::facts("stacker-stack_4", "stacker/stack_4", "stack four boxes with an arm", 4);
};

}  // namespace lockstep::envs::stacker_stack_4
