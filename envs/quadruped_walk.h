// dm_control's quadruped/walk: walk on four legs.
#pragma once

#include "envs/suite_quadruped.h"

namespace lockstep::envs::quadruped_walk {

struct Task : suite_quadruped::Variant<suite_quadruped::Kind::kWalk> {
  static constexpr Facts kFacts =
      suite_quadruped::facts("quadruped-walk", "quadruped/walk", "walk on four legs", suite_quadruped::Kind::kWalk);
};

}  // namespace lockstep::envs::quadruped_walk
