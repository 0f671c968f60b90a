// Policies of every kind that can be described, for tests of what is exported.
#pragma once

#include "agents/policy_description.h"

#include <string>
#include <vector>

namespace lockstep::agents {

struct PolicyCase {
  std::string name;
  PolicyDescription policy;
};

// Every activation, with and without layer norms, standardised and raw, squashed, bounded, unbounded and discrete; with
// weights that bring every branch to bear.
[[nodiscard]] std::vector<PolicyCase> policy_cases();

// Observations [rows][inputs], normal with a deviation of 3: a function of `seed`.
[[nodiscard]] std::vector<float> random_observations(int rows, int inputs, std::uint64_t seed);

}  // namespace lockstep::agents
