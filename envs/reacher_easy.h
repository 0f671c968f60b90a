// dm_control's reacher/easy: bring the tip of a two-link arm to a large target.
#pragma once

#include "envs/suite_reacher.h"

namespace lockstep::envs::reacher_easy {

struct Task : suite_reacher::Variant<false> {
  static constexpr Facts kFacts =
      suite_reacher::facts("reacher-easy", "reacher/easy", "bring the tip of a two-link arm to a large target", 900);
};

}  // namespace lockstep::envs::reacher_easy
