// dm_control's cartpole/swingup: swing a pole up with its cart and hold it.
#pragma once

#include "envs/cartpole.h"

namespace lockstep::envs::cartpole_swingup {

struct Task : cartpole::Variant<true, false> {
  static constexpr Facts kFacts =
      cartpole::facts("cartpole-swingup", "cartpole/swingup", "swing a pole up with its cart and hold it", 800);
};

}  // namespace lockstep::envs::cartpole_swingup
