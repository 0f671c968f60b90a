// dm_control's reacher/hard: bring the tip of a two-link arm to a small target.
#pragma once

#include "envs/suite_reacher.h"

namespace lockstep::envs::reacher_hard {

struct Task : suite_reacher::Variant<true> {
  static constexpr Facts kFacts =
      suite_reacher::facts("reacher-hard", "reacher/hard", "bring the tip of a two-link arm to a small target", 900);
};

}  // namespace lockstep::envs::reacher_hard
