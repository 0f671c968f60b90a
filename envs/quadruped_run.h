// dm_control's quadruped/run: run on four legs.
#pragma once

#include "envs/suite_quadruped.h"

namespace lockstep::envs::quadruped_run {

struct Task : suite_quadruped::Variant<suite_quadruped::Kind::kRun> {
  static constexpr Facts kFacts =
      suite_quadruped::facts("quadruped-run", "quadruped/run", "run on four legs", suite_quadruped::Kind::kRun);
};

}  // namespace lockstep::envs::quadruped_run
