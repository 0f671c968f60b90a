// dm_control's walker/run: get up and run forward in the plane.
#pragma once

#include "envs/suite_walker.h"

namespace lockstep::envs::walker_run {

struct Task : suite_walker::Variant<8> {
  static constexpr Facts kFacts =
      suite_walker::facts("walker-run", "walker/run", "get up and run forward in the plane", 700);
};

}  // namespace lockstep::envs::walker_run
