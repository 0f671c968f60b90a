// Names of observations that are numbers of the state.
#pragma once

#include "envs/task_facts.h"

#include <array>

namespace lockstep::envs {

// The names of kCount numbers of the state, from number `first` on.
template <int kCount, int kStates>
consteval std::array<const char*, kCount> names_of_state(const StateField (&state)[kStates], int first) {
  std::array<const char*, kCount> names{};
  for (int i = 0; i < kCount; ++i) names[static_cast<std::size_t>(i)] = state[first + i].name;
  return names;
}

}  // namespace lockstep::envs
