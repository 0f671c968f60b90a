// What agents of every kind do with single worlds: seeds of their own, ranges of actions, episodes that are recorded.
#pragma once

#include "agents/agent.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace lockstep::agents {

// A seed of its own for one purpose (a stream of the run's random numbers) and number.
[[nodiscard]] std::uint64_t derived_seed(std::uint64_t seed, std::uint32_t purpose, std::uint64_t index);

// Middle and half width of each action's range [action_size]; 0 and 1 where it is unbounded.
struct ActionRange {
  explicit ActionRange(const TaskSpec& task);
  std::vector<double> middle, half;
};

// One world of the run's task in double, on one thread. It is reset by hand, so that no last state is lost.
[[nodiscard]] std::unique_ptr<Environment> single_world(const AgentInputs& inputs, std::uint64_t seed);

// The state [state_size] of a single world.
[[nodiscard]] std::vector<double> state_of(const Environment& world);

// The world's episode to its end under choose(state [state_size], action [action_size] to be written), without
// `predicted`. `on_share` is told how much of it is done, where the task says how long it can last.
[[nodiscard]] Episode record_episode(Environment& world,
                                     const std::function<void(std::span<const double>, std::span<float>)>& choose,
                                     const std::function<void(double)>& on_share);

}  // namespace lockstep::agents
