// dm_control's acrobot/swingup: swing two links up with a motor at the elbow.
#pragma once

#include "envs/acrobot.h"

namespace lockstep::envs::acrobot_swingup {

struct Task : acrobot::Variant<false> {
  static constexpr Facts kFacts =
      acrobot::facts("acrobot-swingup", "acrobot/swingup", "swing two links up with a motor at the elbow", 300);
};

}  // namespace lockstep::envs::acrobot_swingup
