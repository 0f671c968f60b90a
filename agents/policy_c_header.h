// A policy as a C header: one function, static arrays, no allocation.
#pragma once

#include "agents/policy_description.h"

#include <string>

namespace lockstep::agents {

// C99 (and C++) text that needs <math.h> alone and defines
//   static inline void lockstep_policy(const float observation[inputs], float action[action_size])
// Arithmetic is float; sums run in the order of the inputs. Throws what check_policy throws.
[[nodiscard]] std::string policy_c_header(const PolicyDescription& policy);

}  // namespace lockstep::agents
