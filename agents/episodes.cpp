// Seeds by counter-based random numbers; the loop of an episode.
#include "agents/episodes.h"
#include "engine/error.h"
#include "engine/view.h"
#include "kernels/philox.h"

#include <cmath>

#include <fmt/format.h>

namespace lockstep::agents {

std::uint64_t derived_seed(std::uint64_t seed, std::uint32_t purpose, std::uint64_t index) {
  const auto words =
      kernels::philox({seed, purpose}, static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32));
  return static_cast<std::uint64_t>(words.word[0]) << 32 | words.word[1];
}

ActionRange::ActionRange(const TaskSpec& task) : low(task.action_low), high(task.action_high) {
  for (size_t i = 0; i < low.size(); ++i) {
    const bool is_bounded = std::isfinite(low[i]) && std::isfinite(high[i]);
    middle.push_back(is_bounded ? 0.5 * (low[i] + high[i]) : 0.0);
    half.push_back(is_bounded ? 0.5 * (high[i] - low[i]) : 1.0);
  }
}

namespace {

void require_finite_episodes(const TaskSpec& task, std::string_view agent) {
  const auto refuse = [&](const char* problem) {
    throw Error(fmt::format("task {} {}", task.name, problem), fmt::format("agent {}", agent),
                "choose a task with actions whose episodes end (lockstep list tasks)");
  };
  if (task.action_size == 0) refuse("has no actions");
  if (task.episode_steps == 0) refuse("has no time limit, so that an evaluation might never end");
}

}  // namespace

std::unique_ptr<Environment> training_worlds(const AgentInputs& inputs, std::string_view agent, int num_worlds,
                                             bool stagger_episodes) {
  EnvironmentConfig config = inputs.environment;
  if (config.num_worlds == 1) config.num_worlds = num_worlds;
  config.auto_reset = true;
  config.stagger_episodes = stagger_episodes;
  config.seed = inputs.seed;
  std::unique_ptr<Environment> worlds = inputs.make_environment(inputs.task, config);
  require_finite_episodes(worlds->spec(), agent);
  return worlds;
}

std::function<void(double)> reporter(const AgentInputs& inputs, std::string_view stage) {
  return [&inputs, stage](double share) {
    if (inputs.on_progress) inputs.on_progress(stage, share);
  };
}

void show_true_rewards(EnvironmentConfig& config) {
  config.learns_statistics = false;
  config.wrapping.normalise_rewards = false;
}

std::unique_ptr<Environment> single_world(const AgentInputs& inputs, std::uint64_t seed) {
  EnvironmentConfig config = inputs.environment;
  config.num_worlds = 1;
  config.threads = 1;
  config.precision = "double";
  config.auto_reset = false;
  config.seed = seed;
  show_true_rewards(config);
  return inputs.make_environment(inputs.task, config);
}

std::vector<double> state_of(const Environment& world) {
  std::vector<double> x(static_cast<size_t>(world.spec().state_size));
  world.get_state(0, x);
  return x;
}

Episode record_episode(Environment& world, const std::function<void(std::span<const double>, std::span<float>)>& choose,
                       const std::function<void(double)>& on_share) {
  const TaskSpec& task = world.spec();
  Episode episode;
  episode.state_size = task.state_size;
  episode.action_size = task.action_size;
  std::vector<double> x = state_of(world);
  episode.states = x;
  std::vector<float> action(static_cast<size_t>(task.action_size));
  for (bool has_ended = false; !has_ended; ++episode.steps) {
    choose(x, action);
    world.step(view<const float>(action.data(), 1, task.action_size));
    x = state_of(world);
    episode.states.insert(episode.states.end(), x.begin(), x.end());
    episode.actions.insert(episode.actions.end(), action.begin(), action.end());
    episode.rewards.push_back(world.reward()[0]);
    has_ended = world.terminated()[0] != 0 || world.truncated()[0] != 0;
    if (task.episode_steps > 0) on_share((episode.steps + 1.0) / task.episode_steps);
  }
  episode.episode_return = static_cast<double>(world.final_return()[0]);
  return episode;
}

}  // namespace lockstep::agents
