// dm_control's lqr/lqr_6_2: bring six sprung balls to rest, pushing two.
#pragma once

#include "envs/suite_lqr.h"

namespace lockstep::envs::lqr_6_2 {

struct Task : suite_lqr::Variant<6, 2> {
  static constexpr Facts kFacts =
      suite_lqr::facts("lqr-lqr_6_2", "lqr/lqr_6_2", "bring six sprung balls to rest, pushing two", 6);
};

}  // namespace lockstep::envs::lqr_6_2
