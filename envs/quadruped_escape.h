// dm_control's quadruped/escape: climb out of a bowl with bumps, on four legs.
#pragma once

#include "envs/suite_quadruped.h"

namespace lockstep::envs::quadruped_escape {

struct Task : suite_quadruped::Variant<suite_quadruped::Kind::kEscape> {
  static constexpr Facts kFacts =
      suite_quadruped::facts("quadruped-escape", "quadruped/escape", "climb out of a bowl with bumps, on four legs",
                             suite_quadruped::Kind::kEscape);
};

}  // namespace lockstep::envs::quadruped_escape
