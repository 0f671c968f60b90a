// What agents of every kind do with single worlds: seeds of their own, ranges of actions, episodes that are recorded.
#pragma once

#include "agents/agent.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace lockstep::agents {

// A seed of its own for one purpose (a stream of the run's random numbers) and number.
[[nodiscard]] std::uint64_t derived_seed(std::uint64_t seed, std::uint32_t purpose, std::uint64_t index);

// Middle and half width of each action's range [action_size]; 0 and 1 where it is unbounded. And the range itself.
struct ActionRange {
  explicit ActionRange(const TaskSpec& task);
  std::vector<double> middle, half, low, high;

  // Action number i at `position` half widths from the middle, cut to the range.
  [[nodiscard]] double at(size_t i, double position) const {
    return std::clamp(middle[i] + half[i] * position, low[i], high[i]);
  }
};

// Worlds to learn from: they reset themselves, and are `num_worlds` unless the run asks for a number of its own. Error,
// naming the agent, where the task has no actions or its episodes need not end.
[[nodiscard]] std::unique_ptr<Environment> training_worlds(const AgentInputs& inputs, std::string_view agent,
                                                           int num_worlds, bool stagger_episodes);

// Tells the run's observer the share of a stage that is done; the inputs must outlive it.
[[nodiscard]] std::function<void(double)> reporter(const AgentInputs& inputs, std::string_view stage);

// Episodes that ended while collecting.
struct EndedEpisodes {
  std::int64_t count = 0;
  double sum_of_returns = 0;

  void add(const EndedEpisodes& more) {
    count += more.count;
    sum_of_returns += more.sum_of_returns;
  }
};

// For worlds that judge: they learn no statistics, and normalise observations by those of the worlds that are learned
// from, but no rewards.
void show_true_rewards(EnvironmentConfig& config);

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
