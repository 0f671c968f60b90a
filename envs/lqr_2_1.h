// dm_control's lqr/lqr_2_1: bring two sprung balls to rest, pushing the first.
#pragma once

#include "envs/suite_lqr.h"

namespace lockstep::envs::lqr_2_1 {

struct Task : suite_lqr::Variant<2, 1> {
  static constexpr Facts kFacts =
      suite_lqr::facts("lqr-lqr_2_1", "lqr/lqr_2_1", "bring two sprung balls to rest, pushing the first", 2);
};

}  // namespace lockstep::envs::lqr_2_1
