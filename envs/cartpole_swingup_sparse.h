// dm_control's cartpole/swingup_sparse: swing a pole up with its cart and hold it, scored 0 or 1.
#pragma once

#include "envs/cartpole.h"

namespace lockstep::envs::cartpole_swingup_sparse {

struct Task : cartpole::Variant<true, true> {
  static constexpr Facts kFacts = cartpole::facts("cartpole-swingup_sparse", "cartpole/swingup_sparse",
                                                  "swing a pole up with its cart and hold it, scored 0 or 1", 700);
};

}  // namespace lockstep::envs::cartpole_swingup_sparse
