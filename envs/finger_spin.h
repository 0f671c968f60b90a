// dm_control's finger/spin: spin a hinged body with a finger.
#pragma once

#include "envs/suite_finger.h"

namespace lockstep::envs::finger_spin {

struct Task : suite_finger::Variant<suite_finger::Kind::kSpin> {
  static constexpr Facts kFacts =
      suite_finger::facts("finger-spin", "finger/spin", "spin a hinged body with a finger", suite_finger::Kind::kSpin);
};

}  // namespace lockstep::envs::finger_spin
