// dm_control's cartpole/balance: keep a pole upright on a cart.
#pragma once

#include "envs/cartpole.h"

namespace lockstep::envs::cartpole_balance {

struct Task : cartpole::Variant<false, false> {
  static constexpr Facts kFacts =
      cartpole::facts("cartpole-balance", "cartpole/balance", "keep a pole upright on a cart", 950);
};

}  // namespace lockstep::envs::cartpole_balance
