// dm_control's manipulator/insert_ball: put a ball into a cup with an arm.
#pragma once

#include "envs/suite_manipulator.h"

namespace lockstep::envs::manipulator_insert_ball {

struct Task : suite_manipulator::Variant<suite_manipulator::Object::kBall, true> {
  static constexpr Facts kFacts = suite_manipulator::facts("manipulator-insert_ball", "manipulator/insert_ball",
                                                           "put a ball into a cup with an arm", true);
};

}  // namespace lockstep::envs::manipulator_insert_ball
