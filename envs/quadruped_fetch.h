// dm_control's quadruped/fetch: bring a ball to the middle on four legs.
#pragma once

#include "envs/suite_quadruped.h"

namespace lockstep::envs::quadruped_fetch {

struct Task : suite_quadruped::Variant<suite_quadruped::Kind::kFetch> {
  static constexpr Facts kFacts = suite_quadruped::facts(
      "quadruped-fetch", "quadruped/fetch", "bring a ball to the middle on four legs", suite_quadruped::Kind::kFetch);
};

}  // namespace lockstep::envs::quadruped_fetch
