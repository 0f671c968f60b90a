// Collects steps of a batch of worlds under a stochastic policy, with what an on-policy update wants to know of them.
#pragma once

#include "agents/actor_critic.h"
#include "agents/episodes.h"
#include "agents/policy_description.h"
#include "engine/buffer.h"
#include "engine/environment.h"
#include "engine/running_moments.h"
#include "engine/view.h"

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace lockstep::agents {

// Steps of W worlds; rows are [step][world], `rows` = steps * worlds of them.
struct Rollout {
  Rollout(int steps, int worlds, int observation_size, int action_width);

  int steps, worlds, observation_size, action_width;
  HostBuffer<float> observations;              // [rows][observation_size], standardised as the policy saw them
  HostBuffer<float> actions;                   // [rows][action_width], as drawn
  HostBuffer<float> log_probs;                 // [rows], of the action under the policy that drew it
  HostBuffer<float> rewards;                   // [rows], scaled
  HostBuffer<float> values, next_values;       // [rows], agents/advantages.h
  HostBuffer<std::uint8_t> terminated, ended;  // [rows]
  HostBuffer<float> advantages, targets;       // [rows]
};

struct CollectorConfig {
  bool standardise_observations = true;
  bool scale_rewards = true;
  float discount = 0.99f;
};

// The worlds at work, and what was seen of them so far.
class Collector {
 public:
  // The environment must reset its worlds itself.
  Collector(std::unique_ptr<Environment> worlds, const CollectorConfig& config);

  // Fills the rollout but for advantages and targets. Draws are functions of `stream`, the world and the number of env
  // steps taken so far. `after_step` is told the share that is done.
  EndedEpisodes collect(const ActorCritic<float>& policy, kernels::RandomStream stream, Rollout& rollout,
                        const std::function<void(double)>& after_step);

  // observations [rows][observation_size] as the policy wants them; out may be the same.
  void standardise(View<const float, 2> observations, View<float, 2> out) const;
  // Adds the standardisation to a policy that sees what standardise() gives.
  void describe(PolicyDescription& policy) const;
  [[nodiscard]] std::int64_t faults() const { return worlds_->faults(); }

  void save(ByteWriter& out) const;
  void load(ByteReader& in);

 private:
  View<const float, 2> observe(std::span<float> target);
  void act(const ActorCritic<float>& policy, kernels::RandomStream stream, Rollout& rollout, int step);
  EndedEpisodes record(Rollout& rollout, int step);
  void scale_rewards(std::span<float> rewards, std::span<const std::uint8_t> ended);
  static void carry_back(std::span<const float> values, Rollout& rollout, int step);
  void value_last_states(const ActorCritic<float>& policy, Rollout& rollout, int step);

  std::unique_ptr<Environment> worlds_;
  CollectorConfig config_;
  RunningMoments observation_moments_, return_moments_;
  std::uint32_t step_ = 0;                  // env steps taken by every world
  std::vector<float> discounted_returns_;   // [worlds], of the running episodes
  std::vector<float> executed_, observed_;  // [worlds][action_size], [worlds][observation_size]
  models::networks::Tape<float> actor_tape_, critic_tape_;
};

}  // namespace lockstep::agents
