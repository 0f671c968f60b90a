// The update of TD3: a deterministic policy and two critics, whose targets look around the policy's slow copy.
#pragma once

#include "agents/critics.h"
#include "agents/replay.h"
#include "engine/settings.h"
#include "models/networks/adam.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace lockstep::agents {

struct Td3UpdateConfig {
  double learning_rate = 3e-4;  // of the policy
  double critic_rate = 3e-4;    // of the critics
  double target_share = 0.005;  // how far the slow copies move per update, (0, 1]
  double target_noise = 0.2;    // deviation of the noise on the targets' actions, in half ranges
  double noise_limit = 0.5;     // that noise is cut at, in half ranges
  int policy_delay = 2;         // updates of the critics per update of the policy and the slow copies, >= 1

  void describe(Fields& fields);
};

// Sums over updates; the actor's over those that had one.
struct Td3Statistics {
  double critic_loss = 0, actor_loss = 0, value = 0;
  std::int64_t updates = 0, actor_updates = 0;
};

// S. Fujimoto, H. van Hoof, D. Meger, "Addressing function approximation error in actor-critic methods", ICML 2018,
// algorithm 1:
//   target:  y = r + discount min_k Q'_k(s', cut(policy'(s') + cut(noise)))
//   critics: sum over k of (Q_k(s, a) - y)^2 / 2;  policy: -Q_0(s, policy(s)), every `policy_delay` updates
// all means over the rows. Allocates nothing after the first update of one size.
template <class R>
class Td3Update {
 public:
  Td3Update(const PolicySizes& sizes, const Td3UpdateConfig& config, const OffPolicyNetworkConfig& network,
            const models::networks::AdamConfig& adam, std::uint64_t seed, ThreadPool& pool);

  // One step on the transitions; noise is a function of the stream and the number of updates so far.
  void update(const Transitions<R>& transitions, kernels::RandomStream stream);

  // The policy's actions [rows][action_size] in (-1, 1) at observations [rows][observation_size].
  void act(View<const R, 2> observations, std::span<R> actions);

  // The parts of an update, for tests. targets [rows]; the gradient [parameters] is overwritten, the loss returned.
  void bootstrap(const Transitions<R>& transitions, std::span<const R> noise, std::span<R> targets);
  R actor_gradient(View<const R, 2> observations, std::span<R> gradient);

  [[nodiscard]] const models::networks::Network<R>& actor() const { return actor_; }
  [[nodiscard]] std::span<R> actor_parameters() { return actor_parameters_; }
  [[nodiscard]] std::span<const R> actor_parameters() const { return actor_parameters_; }
  [[nodiscard]] Critics<R>& critics() { return critics_; }
  // |TD error| [rows] of the last update's transitions, before it; the mean of the critics'.
  [[nodiscard]] std::span<const float> errors() const { return errors_; }
  // Since the last call.
  [[nodiscard]] Td3Statistics take_statistics() { return std::exchange(statistics_, {}); }

  void save(ByteWriter& out) const;
  // Throws Error, naming `where`, for what another network was saved from.
  void load(ByteReader& in, const std::string& where);

 private:
  void reserve(int rows);
  void step_policy(const Transitions<R>& transitions);

  int observation_size_, action_size_;
  Td3UpdateConfig config_;
  models::networks::Network<R> actor_;
  std::vector<R> actor_parameters_, actor_targets_;
  Critics<R> critics_;
  models::networks::Adam<R> actor_adam_, critic_adam_;
  std::uint32_t updates_ = 0;
  Td3Statistics statistics_;

  models::networks::Tape<R> actor_tape_;
  std::vector<R> joint_, joint_gradient_;  // [rows][observation_size + action_size]
  std::vector<R> noise_, actions_, targets_, action_gradient_, actor_gradient_, critic_gradient_;
  std::vector<float> errors_;  // [rows]
};

extern template class Td3Update<float>;
extern template class Td3Update<double>;

}  // namespace lockstep::agents
