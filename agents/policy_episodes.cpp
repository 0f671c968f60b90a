// Steps worlds under an exported policy and keeps every step.
#include "agents/policy_episodes.h"
#include "engine/error.h"
#include "kernels/philox.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

namespace lockstep::agents {
namespace {

constexpr std::uint32_t kNoise = 0xda7a;  // stream of the seed

void append(View<const float, 2> rows, int row, std::vector<float>& to) {
  to.insert(to.end(), &rows(row, 0), &rows(row, 0) + rows.extent(1));
}

void add_noise(const PolicyDescription& policy, const RecordingConfig& config, std::uint32_t step,
               std::span<float> actions) {
  const auto size = static_cast<size_t>(policy.action_size);
  for (size_t k = 0; k < actions.size(); ++k) {
    const size_t i = k % size;
    const float draw = kernels::normal<float>({config.seed, kNoise}, static_cast<std::uint32_t>(k / size), step,
                                              static_cast<std::uint32_t>(i));
    actions[k] = std::clamp(actions[k] + static_cast<float>(config.noise) * policy.half[i] * draw, policy.low[i],
                            policy.high[i]);
  }
}

bool is_whole(const RecordedEpisode& episode) {
  const auto are_finite = [](const std::vector<float>& numbers) {
    return std::ranges::all_of(numbers, [](float x) { return std::isfinite(x); });
  };
  return are_finite(episode.observations) && are_finite(episode.actions) && are_finite(episode.rewards);
}

// What the step just taken came to in the worlds whose episode is still recorded. Returns how many episodes ended.
int record_step(const Environment& worlds, std::span<const float> actions, std::vector<bool>& has_ended,
                std::vector<RecordedEpisode>& episodes) {
  const auto size = actions.size() / episodes.size();
  int ended = 0;
  for (size_t k = 0; k < episodes.size(); ++k) {
    if (has_ended[k]) continue;
    RecordedEpisode& episode = episodes[k];
    const std::span<const float> action = actions.subspan(k * size, size);
    episode.actions.insert(episode.actions.end(), action.begin(), action.end());
    episode.rewards.push_back(worlds.reward()[k]);
    episode.terminated.push_back(worlds.terminated()[k]);
    episode.truncated.push_back(worlds.truncated()[k]);
    has_ended[k] = worlds.terminated()[k] != 0 || worlds.truncated()[k] != 0;
    append(has_ended[k] ? worlds.final_observation() : worlds.observation(), static_cast<int>(k), episode.observations);
    ended += has_ended[k] ? 1 : 0;
  }
  return ended;
}

}  // namespace

EpisodeSet record_episodes(const PolicyDescription& policy, Environment& worlds, const RecordingConfig& config,
                           const std::function<void(double)>& on_share) {
  if (policy.is_discrete && config.noise > 0) {
    throw Error(fmt::format("noise of {} on discrete actions", config.noise), policy.task,
                "leave the noise away: it is for continuous actions");
  }
  const TaskSpec& task = worlds.spec();
  const int count = worlds.config().num_worlds;
  EpisodeSet set{.task = task.name,
                 .agent = {},
                 .observation_size = task.observation_size,
                 .action_size = task.action_size,
                 .discrete_actions = task.discrete_actions,
                 .action_low = task.action_low,
                 .action_high = task.action_high,
                 .seed = worlds.config().seed,
                 .episodes = {}};
  std::vector<RecordedEpisode> episodes(static_cast<size_t>(count));
  std::vector<bool> has_ended(episodes.size());
  for (int world = 0; world < count; ++world)
    append(worlds.observation(), world, episodes[static_cast<size_t>(world)].observations);
  int ended = 0;
  for (std::uint32_t step = 0; ended < count; ++step) {
    std::vector<float> actions = policy_actions(policy, worlds.observation());
    if (config.noise > 0) add_noise(policy, config, step, actions);
    worlds.step(view(std::as_const(actions).data(), count, task.action_size));
    ended += record_step(worlds, actions, has_ended, episodes);
    on_share(static_cast<double>(ended) / count);
  }
  std::ranges::copy_if(episodes, std::back_inserter(set.episodes), is_whole);
  return set;
}

}  // namespace lockstep::agents
