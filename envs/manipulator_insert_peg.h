// dm_control's manipulator/insert_peg: put a peg into a slot with an arm.
#pragma once

#include "envs/suite_manipulator.h"

namespace lockstep::envs::manipulator_insert_peg {

struct Task : suite_manipulator::Variant<suite_manipulator::Object::kPeg, true> {
  static constexpr Facts kFacts = suite_manipulator::facts("manipulator-insert_peg", "manipulator/insert_peg",
                                                           "put a peg into a slot with an arm", true);
};

}  // namespace lockstep::envs::manipulator_insert_peg
