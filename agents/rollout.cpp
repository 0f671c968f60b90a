// Steps worlds under a policy and records them.
#include "agents/rollout.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace lockstep::agents {
namespace {

// Standardised observations and scaled rewards are cut to this many deviations.
constexpr float kLimit = 10;

template <class T>
std::span<T> row_of(HostBuffer<T>& buffer, int row, int width) {
  return buffer.span().subspan(static_cast<size_t>(row) * static_cast<size_t>(width), static_cast<size_t>(width));
}

size_t product(int a, int b) { return static_cast<size_t>(a) * static_cast<size_t>(b); }

}  // namespace

Rollout::Rollout(int num_steps, int num_worlds, int observations_of_world, int numbers_of_action)
    : steps(num_steps),
      worlds(num_worlds),
      observation_size(observations_of_world),
      action_width(numbers_of_action),
      observations(product(steps, worlds) * static_cast<size_t>(observation_size)),
      actions(product(steps, worlds) * static_cast<size_t>(action_width)),
      log_probs(product(steps, worlds)),
      rewards(product(steps, worlds)),
      values(product(steps, worlds)),
      next_values(product(steps, worlds)),
      terminated(product(steps, worlds)),
      ended(product(steps, worlds)),
      advantages(product(steps, worlds)),
      targets(product(steps, worlds)) {}

Collector::Collector(std::unique_ptr<Environment> worlds, const CollectorConfig& config)
    : worlds_(std::move(worlds)),
      config_(config),
      observation_moments_(worlds_->spec().observation_size),
      return_moments_(1),
      discounted_returns_(static_cast<size_t>(worlds_->config().num_worlds)),
      executed_(product(worlds_->config().num_worlds, worlds_->spec().action_size)),
      observed_(product(worlds_->config().num_worlds, worlds_->spec().observation_size)) {}

void Collector::standardise(View<const float, 2> observations, View<float, 2> out) const {
  if (config_.standardise_observations) {
    observation_moments_.standardise(observations, kLimit, out);
  } else if (out.data_handle() != observations.data_handle()) {
    std::copy_n(observations.data_handle(), product(out.extent(0), out.extent(1)), out.data_handle());
  }
}

void Collector::describe(PolicyDescription& policy) const {
  if (config_.standardise_observations) set_standardisation(observation_moments_, kLimit, policy);
}

// The worlds' present observations, learned from and standardised into target [worlds][observation_size].
View<const float, 2> Collector::observe(std::span<float> target) {
  const View<const float, 2> seen = worlds_->observation();
  observation_moments_.add(seen);
  standardise(seen, view(target.data(), seen.extent(0), seen.extent(1)));
  return view(static_cast<const float*>(target.data()), seen.extent(0), seen.extent(1));
}

// Draws and executes an action in every world.
void Collector::act(const ActorCritic<float>& policy, kernels::RandomStream stream, Rollout& rollout, int step) {
  const int worlds = rollout.worlds, first = step * worlds;
  const ActionDistribution<float>& actions = policy.actions();
  const View<const float, 2> seen = observe(row_of(rollout.observations, step, worlds * rollout.observation_size));
  const View<const float, 2> outputs = policy.act(seen, actor_tape_);
  const View<const float, 2> values = policy.value(seen, critic_tape_);
  const auto action_size = static_cast<size_t>(worlds_->spec().action_size);
  for (int world = 0; world < worlds; ++world) {
    const std::span<float> action = row_of(rollout.actions, first + world, rollout.action_width);
    const std::span<const float> of_world = row_of(outputs, world);
    actions.sample(of_world, policy.log_deviation(), {stream, static_cast<std::uint32_t>(world), step_}, action);
    rollout.log_probs[static_cast<size_t>(first + world)] =
        actions.likelihood(of_world, policy.log_deviation(), action).log_prob;
    rollout.values[static_cast<size_t>(first + world)] = values(world, 0);
    actions.execute(action, std::span(executed_).subspan(static_cast<size_t>(world) * action_size, action_size));
  }
  worlds_->step(view(static_cast<const float*>(executed_.data()), worlds, worlds_->spec().action_size));
  ++step_;
}

// Rewards divided by the deviation of the discounted return so far, as in OpenAI Baselines' VecNormalize.
void Collector::scale_rewards(std::span<float> rewards, std::span<const std::uint8_t> ended) {
  for (size_t world = 0; world < rewards.size(); ++world)
    discounted_returns_[world] = rewards[world] + config_.discount * discounted_returns_[world];
  return_moments_.add(view(static_cast<const float*>(discounted_returns_.data()), rewards.size(), 1));
  const float scale = return_moments_.scale(0);
  for (size_t world = 0; world < rewards.size(); ++world) {
    rewards[world] = std::clamp(rewards[world] * scale, -kLimit, kLimit);
    if (ended[world] != 0) discounted_returns_[world] = 0;
  }
}

// What the step just taken came to, in every world.
EndedEpisodes Collector::record(Rollout& rollout, int step) {
  const int worlds = rollout.worlds;
  EndedEpisodes episodes;
  const std::span<std::uint8_t> terminated = row_of(rollout.terminated, step, worlds);
  const std::span<std::uint8_t> ended = row_of(rollout.ended, step, worlds);
  for (size_t world = 0; world < terminated.size(); ++world) {
    terminated[world] = worlds_->terminated()[world];
    ended[world] = terminated[world] != 0 || worlds_->truncated()[world] != 0 ? 1 : 0;
    if (ended[world] == 0) continue;
    episodes.add({1, static_cast<double>(worlds_->final_return()[world])});
  }
  const std::span<float> rewards = row_of(rollout.rewards, step, worlds);
  std::ranges::copy(worlds_->reward(), rewards.begin());
  if (config_.scale_rewards) scale_rewards(rewards, ended);
  return episodes;
}

// Values of the last states of episodes that were cut: those go on in truth, only the recording stops. Where a fault
// left no finite state, the value before the step stands in.
void Collector::value_last_states(const ActorCritic<float>& policy, Rollout& rollout, int step) {
  const std::span<const std::uint8_t> terminated = row_of(rollout.terminated, step, rollout.worlds);
  const std::span<const std::uint8_t> ended = row_of(rollout.ended, step, rollout.worlds);
  const auto is_cut = [&](size_t world) { return ended[world] != 0 && terminated[world] == 0; };
  bool any = false;
  for (size_t world = 0; world < ended.size(); ++world) any = any || is_cut(world);
  if (!any) return;
  const int worlds = rollout.worlds, width = rollout.observation_size;
  standardise(worlds_->final_observation(), view(observed_.data(), worlds, width));
  const View<const float, 2> values =
      policy.value(view(static_cast<const float*>(observed_.data()), worlds, width), critic_tape_);
  const std::span<float> next = row_of(rollout.next_values, step, worlds);
  const std::span<const float> before = row_of(rollout.values, step, worlds);
  for (size_t world = 0; world < ended.size(); ++world) {
    if (!is_cut(world)) continue;
    const float value = values(static_cast<int>(world), 0);
    next[world] = std::isfinite(value) ? value : before[world];
  }
}

// Values of the states after a step, in worlds whose episode goes on.
void Collector::carry_back(std::span<const float> values, Rollout& rollout, int step) {
  const std::span<const std::uint8_t> ended = row_of(rollout.ended, step, rollout.worlds);
  const std::span<float> next = row_of(rollout.next_values, step, rollout.worlds);
  for (size_t world = 0; world < ended.size(); ++world) {
    if (ended[world] == 0) next[world] = values[world];
  }
}

EndedEpisodes Collector::collect(const ActorCritic<float>& policy, kernels::RandomStream stream, Rollout& rollout,
                                 const std::function<void(double)>& after_step) {
  EndedEpisodes episodes;
  const int worlds = rollout.worlds, width = rollout.observation_size;
  for (int step = 0; step < rollout.steps; ++step) {
    act(policy, stream, rollout, step);
    if (step > 0) carry_back(row_of(rollout.values, step, worlds), rollout, step - 1);
    episodes.add(record(rollout, step));
    value_last_states(policy, rollout, step);
    after_step((step + 1.0) / rollout.steps);
  }
  standardise(worlds_->observation(), view(observed_.data(), worlds, width));
  const View<const float, 2> values =
      policy.value(view(static_cast<const float*>(observed_.data()), worlds, width), critic_tape_);
  carry_back({values.data_handle(), static_cast<size_t>(worlds)}, rollout, rollout.steps - 1);
  return episodes;
}

void Collector::save(ByteWriter& out) const {
  observation_moments_.save(out);
  return_moments_.save(out);
  out.write(step_);
  out.write_array(std::span<const float>(discounted_returns_));
  out.write_array(std::span<const std::byte>(worlds_->save()));
}

void Collector::load(ByteReader& in) {
  observation_moments_.load(in);
  return_moments_.load(in);
  step_ = in.read<std::uint32_t>();
  in.read_array(std::span<float>(discounted_returns_));
  worlds_->load(in.read_vector<std::byte>());
}

}  // namespace lockstep::agents
