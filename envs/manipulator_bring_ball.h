// dm_control's manipulator/bring_ball: bring a ball to a target with an arm.
#pragma once

#include "envs/suite_manipulator.h"

namespace lockstep::envs::manipulator_bring_ball {

struct Task : suite_manipulator::Variant<suite_manipulator::Object::kBall, false> {
  static constexpr Facts kFacts = suite_manipulator::facts("manipulator-bring_ball", "manipulator/bring_ball",
                                                           "bring a ball to a target with an arm", false);
};

}  // namespace lockstep::envs::manipulator_bring_ball
