// dm_control's humanoid/run: get up and run.
#pragma once

#include "envs/suite_humanoid.h"

namespace lockstep::envs::humanoid_run {

struct Task : suite_humanoid::Variant<10, false> {
  static constexpr Facts kFacts = suite_humanoid::facts("humanoid-run", "humanoid/run", "get up and run", 300);
};

}  // namespace lockstep::envs::humanoid_run
