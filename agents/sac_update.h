// The update of soft actor-critic: a squashed Gaussian policy, two critics and a temperature, improved together.
#pragma once

#include "agents/critics.h"
#include "agents/replay.h"
#include "engine/settings.h"
#include "kernels/squashed_gaussian.h"
#include "models/networks/adam.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace lockstep::agents {

struct SacUpdateConfig {
  double learning_rate = 3e-4;     // of the policy
  double critic_rate = 3e-4;       // of the critics
  double target_share = 0.005;     // how far the critics' slow copies move per update, (0, 1]
  double temperature = 0;          // weight of the entropy; 0: learned
  double temperature_rate = 3e-4;  // learning rate of the temperature
  double initial_temperature = 1;  // where it is learned, > 0
  double entropy_per_action = -1;  // nats per dimension of the action that a learned temperature holds the policy at

  void describe(Fields& fields);
};

// Sums over updates.
struct SacStatistics {
  double critic_loss = 0, actor_loss = 0, entropy = 0, temperature = 0, value = 0;
  std::int64_t updates = 0;
};

// T. Haarnoja et al., "Soft actor-critic algorithms and applications", 2018: two critics, whose least value counts
// (S. Fujimoto et al., ICML 2018), and a temperature that holds the policy's entropy near a target.
//   target:      y = r + discount (min_k Q'_k(s', a') - temperature log pi(a'|s')),  a' ~ pi(s')
//   critics:     sum over k of (Q_k(s, a) - y)^2 / 2
//   policy:      temperature log pi(a|s) - min_k Q_k(s, a),  a = tanh(mean + deviation * noise)
//   temperature: -log temperature (log pi(a|s) + entropy target)
// all means over the rows. Allocates nothing after the first update of one size.
template <class R>
class SacUpdate {
 public:
  SacUpdate(const PolicySizes& sizes, const SacUpdateConfig& config, const OffPolicyNetworkConfig& network,
            const models::networks::AdamConfig& adam, std::uint64_t seed, ThreadPool& pool);

  // One step of everything on the transitions; noise is a function of the stream and the number of updates so far.
  void update(const Transitions<R>& transitions, kernels::RandomStream stream);

  // actions [rows][action_size] in (-1, 1) at observations [rows][observation_size]: drawn with noise of the same
  // shape, or where noise is empty those of the means.
  void act(View<const R, 2> observations, std::span<const R> noise, std::span<R> actions);

  // The parts of an update, for tests. targets [rows]; gradients [parameters] are overwritten, losses returned.
  void bootstrap(const Transitions<R>& transitions, std::span<const R> noise, std::span<R> targets);
  R actor_gradient(View<const R, 2> observations, std::span<const R> noise, std::span<R> gradient);

  [[nodiscard]] const models::networks::Network<R>& actor() const { return actor_; }
  [[nodiscard]] std::span<R> actor_parameters() { return actor_parameters_; }
  [[nodiscard]] std::span<const R> actor_parameters() const { return actor_parameters_; }
  [[nodiscard]] Critics<R>& critics() { return critics_; }
  [[nodiscard]] R temperature() const;
  // |TD error| [rows] of the last update's transitions, before it; the mean of the critics'.
  [[nodiscard]] std::span<const float> errors() const { return errors_; }
  // Since the last call.
  [[nodiscard]] SacStatistics take_statistics() { return std::exchange(statistics_, {}); }

  void save(ByteWriter& out) const;
  // Throws Error, naming `where`, for what another network was saved from.
  void load(ByteReader& in, const std::string& where);

 private:
  void reserve(int rows);
  // Draws actions at observations into the action columns of joint_ [rows][inputs], whose other columns become the
  // observations; log-probabilities go to log_probs_.
  kernels::SquashedActions<R> draw_joint(View<const R, 2> observations, std::span<const R> noise);
  void step_temperature();

  int observation_size_, action_size_;
  SacUpdateConfig config_;
  models::networks::Network<R> actor_;
  std::vector<R> actor_parameters_;
  Critics<R> critics_;
  std::vector<R> log_temperature_;  // [1]
  models::networks::Adam<R> actor_adam_, critic_adam_, temperature_adam_;
  std::uint32_t updates_ = 0;
  SacStatistics statistics_;

  models::networks::Tape<R> actor_tape_;
  const kernels::SquashedGaussianKernels<R>* kernels_;
  std::vector<R> joint_, joint_gradient_;  // [rows][observation_size + action_size]
  std::vector<R> noise_, log_probs_, targets_, output_gradient_, actor_gradient_, critic_gradient_;
  std::vector<float> errors_;  // [rows]
};

extern template class SacUpdate<float>;
extern template class SacUpdate<double>;

}  // namespace lockstep::agents
