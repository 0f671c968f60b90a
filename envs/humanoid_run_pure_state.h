// dm_control's humanoid/run_pure_state: get up and run, seeing the state alone.
#pragma once

#include "envs/suite_humanoid.h"

namespace lockstep::envs::humanoid_run_pure_state {

struct Task : suite_humanoid::Variant<10, true> {
  static constexpr Facts kFacts = suite_humanoid::facts("humanoid-run_pure_state", "humanoid/run_pure_state",
                                                        "get up and run, seeing the state alone", 300);
};

}  // namespace lockstep::envs::humanoid_run_pure_state
