// dm_control's swimmer/swimmer6: swim to a target with 6 links.
#pragma once

#include "envs/suite_swimmer.h"

namespace lockstep::envs::swimmer_swimmer6 {

struct Task : suite_swimmer::Variant<6> {
  static constexpr Facts kFacts =
      suite_swimmer::facts("swimmer-swimmer6", "swimmer/swimmer6", "swim to a target with 6 links", 6);
};

}  // namespace lockstep::envs::swimmer_swimmer6
