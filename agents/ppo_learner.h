// The learning part of proximal policy optimisation: collects from worlds, of truth or of a model, and improves policy
// and value networks. J. Schulman, F. Wolski, P. Dhariwal, A. Radford, O. Klimov, "Proximal policy optimization
// algorithms", 2017.
#pragma once

#include "agents/actor_critic.h"
#include "agents/evaluation.h"
#include "agents/policy_description.h"
#include "agents/ppo_update.h"
#include "agents/rollout.h"
#include "engine/environment.h"
#include "engine/settings.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::agents {

struct PpoConfig {
  int worlds = 64;               // side by side, >= 1
  int steps = 64;                // of every world in an iteration, >= 1
  int total_steps = 400000;      // env steps over which the learning rate falls, >= 1
  double learning_rate = 1e-3;   // at the start
  double final_rate = 0.1;       // share of it that is left after total_steps
  double adaptive_kl = 0;        // distance between policies that the learning rate is steered to; 0: it is not
  double discount = 0.99;        // of rewards, per step
  double gae_lambda = 0.95;      // agents/advantages.h
  bool stagger_episodes = true;  // cut the first episodes at times of their own
  bool standardise_observations = true;
  bool scale_rewards = true;
  PpoUpdateConfig update;
  ActorCriticConfig network;
  models::networks::AdamConfig adam{.epsilon = 1e-5};

  void describe(Fields& fields);
};

class PpoLearner {
 public:
  // Told, often, what is being done ("collect", "update") and the share of it done.
  using OnProgress = std::function<void(std::string_view stage, double share)>;

  // `worlds`: those to learn from; they reset themselves. A function of `seed`.
  PpoLearner(const PpoConfig& config, std::unique_ptr<Environment> worlds, std::uint64_t seed);

  // Collects `steps` steps of every world under the stochastic policy and improves by epochs over them. Throws Error
  // where a loss stops being finite. Returns the episodes that ended meanwhile.
  EndedEpisodes iterate(const OnProgress& on_progress);
  // What the last iteration came to; the set of names is always the same.
  [[nodiscard]] std::vector<Metric> metrics() const;

  [[nodiscard]] std::int64_t steps_of_iteration() const { return std::int64_t{rollout_.steps} * rollout_.worlds; }
  [[nodiscard]] std::int64_t steps() const { return steps_; }  // taken so far, over all worlds
  [[nodiscard]] double share_of_steps() const { return static_cast<double>(steps_) / config_.total_steps; }

  // The most likely actions at what the worlds observe -> executed [worlds][action_size], in the task's units.
  void choose_greedily(const Environment& worlds, std::span<float> executed);
  // Draws actions of the stochastic policy likewise; functions of (stream, world, step).
  void choose_at_random(const Environment& worlds, kernels::RandomStream stream, std::uint32_t step,
                        std::span<float> executed);
  // What is passed on to execution before it is cut to the range: most likely actions [rows][action_size] of a
  // continuous policy, in half ranges, at raw observations [rows][observation_size].
  void mean_actions(View<const float, 2> observations, std::span<float> means);
  // Adds network and standardisation to the policy that takes its most likely actions.
  void describe(PolicyDescription& policy) const;

  void save(ByteWriter& out) const;
  void load(ByteReader& in, const std::string& where);

 private:
  View<const float, 2> outputs_at(View<const float, 2> observations);
  void estimate();
  void steer_rate(double kl);
  [[nodiscard]] double explained_variance() const;

  PpoConfig config_;
  std::uint64_t seed_;
  ActorCritic<float> policy_;
  PpoUpdate update_;
  Rollout rollout_;
  Collector collector_;
  models::networks::Tape<float> tape_;
  std::vector<float> observed_, action_;  // of a step outside the rollout
  std::int64_t steps_ = 0;
  double rate_factor_ = 1;  // what adaptive_kl has made of the learning rate
  // Of the last iteration.
  PpoStatistics statistics_;
  double rate_ = 0, wall_steps_per_second_ = 0;
  std::int64_t faults_ = 0;
};

}  // namespace lockstep::agents
