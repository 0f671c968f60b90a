// dm_control's finger/turn_easy: turn a hinged body into a large target.
#pragma once

#include "envs/suite_finger.h"

namespace lockstep::envs::finger_turn_easy {

struct Task : suite_finger::Variant<suite_finger::Kind::kTurnEasy> {
  static constexpr Facts kFacts = suite_finger::facts(
      "finger-turn_easy", "finger/turn_easy", "turn a hinged body into a large target", suite_finger::Kind::kTurnEasy);
};

}  // namespace lockstep::envs::finger_turn_easy
