// dm_control's cartpole/balance_sparse: keep a pole upright on a cart, scored 0 or 1.
#pragma once

#include "envs/cartpole.h"

namespace lockstep::envs::cartpole_balance_sparse {

struct Task : cartpole::Variant<false, true> {
  static constexpr Facts kFacts = cartpole::facts("cartpole-balance_sparse", "cartpole/balance_sparse",
                                                  "keep a pole upright on a cart, scored 0 or 1", 950);
};

}  // namespace lockstep::envs::cartpole_balance_sparse
