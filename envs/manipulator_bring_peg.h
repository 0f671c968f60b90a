// dm_control's manipulator/bring_peg: bring a peg to a target with an arm.
#pragma once

#include "envs/suite_manipulator.h"

namespace lockstep::envs::manipulator_bring_peg {

struct Task : suite_manipulator::Variant<suite_manipulator::Object::kPeg, false> {
  static constexpr Facts kFacts = suite_manipulator::facts("manipulator-bring_peg", "manipulator/bring_peg",
                                                           "bring a peg to a target with an arm", false);
};

}  // namespace lockstep::envs::manipulator_bring_peg
