// dm_control's acrobot/swingup_sparse: swing two links up with a motor at the elbow, scored 0 or 1.
#pragma once

#include "envs/acrobot.h"

namespace lockstep::envs::acrobot_swingup_sparse {

struct Task : acrobot::Variant<true> {
  static constexpr Facts kFacts = acrobot::facts("acrobot-swingup_sparse", "acrobot/swingup_sparse",
                                                 "swing two links up with a motor at the elbow, scored 0 or 1", 200);
};

}  // namespace lockstep::envs::acrobot_swingup_sparse
