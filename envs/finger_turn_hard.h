// dm_control's finger/turn_hard: turn a hinged body into a small target.
#pragma once

#include "envs/suite_finger.h"

namespace lockstep::envs::finger_turn_hard {

struct Task : suite_finger::Variant<suite_finger::Kind::kTurnHard> {
  static constexpr Facts kFacts = suite_finger::facts(
      "finger-turn_hard", "finger/turn_hard", "turn a hinged body into a small target", suite_finger::Kind::kTurnHard);
};

}  // namespace lockstep::envs::finger_turn_hard
