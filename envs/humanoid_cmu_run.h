// dm_control's humanoid_CMU/run: get up and run, with 56 joints.
#pragma once

#include "envs/suite_humanoid_cmu.h"

namespace lockstep::envs::humanoid_cmu_run {

struct Task : suite_humanoid_cmu::Variant<10> {
  static constexpr Facts kFacts =
      suite_humanoid_cmu::facts("humanoid_cmu-run", "humanoid_CMU/run", "get up and run, with 56 joints", 300);
};

}  // namespace lockstep::envs::humanoid_cmu_run
