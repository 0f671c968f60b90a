// The update of proximal policy optimisation: epochs of minibatches over one rollout.
#pragma once

#include "agents/actor_critic.h"
#include "agents/rollout.h"
#include "engine/settings.h"
#include "models/networks/adam.h"

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace lockstep::agents {

struct PpoUpdateConfig {
  int epochs = 10;                     // passes over a rollout, >= 1
  int minibatches = 8;                 // parts a pass is split into, >= 1, at most the rollout's rows
  double clip = 0.2;                   // the likelihood ratio counts within [1 - clip, 1 + clip]
  double value_clip = 0;               // values count within so much of the old ones; 0: no clipping
  double value_weight = 0.5;           // of the value loss
  double entropy_weight = 0;           // of the entropy bonus
  double gradient_limit = 0.5;         // largest norm of the gradient; 0: none
  double target_kl = 0;                // no further epoch once the policy is 1.5 times so far from the old one; 0: all
  bool standardise_advantages = true;  // within each minibatch

  void describe(Fields& fields);
};

// Means over the minibatches of the last epoch that was run.
struct PpoStatistics {
  double policy_loss = 0, value_loss = 0, entropy = 0;
  double kl = 0;             // from the old policy to the new: mean of ratio - 1 - log ratio (J. Schulman, 2020)
  double clip_fraction = 0;  // share of samples whose ratio is outside the clip
  double gradient_norm = 0;  // before it is limited
  int epochs = 0;            // how many were run
};

// Rows that the loss is taken over, all [rows] but for the first two.
template <class R>
struct PpoSamples {
  View<const R, 2> observations, actions;  // [rows][observation_size], [rows][action width]
  std::span<const R> log_probs, values;    // under the old parameters
  std::span<const R> advantages, targets;
};

// Clipped surrogate objective (J. Schulman et al., "Proximal policy optimization algorithms", 2017, eqs. 7 and 9), its
// gradient by reverse mode, and the scratch of both.
template <class R>
class PpoLoss {
 public:
  explicit PpoLoss(const PpoUpdateConfig& config) : config_(config) {}

  // With r = exp(log_prob - old log_prob), the mean over the rows of
  //   -min(r A, clip(r) A) + value_weight / 2 (V - target)^2 - entropy_weight H
  // Adds its derivative to gradient [parameters] and its parts to the statistics' sums; returns the loss.
  // value_clip: the squared error is the larger of that and of the one with V moved no further than value_clip from
  // the old value.
  R add_gradient(const ActorCritic<R>& policy, const PpoSamples<R>& samples, std::span<R> gradient,
                 PpoStatistics& sums);

 private:
  R add_policy_rows(const ActorCritic<R>& policy, const PpoSamples<R>& samples, std::span<R> gradient,
                    PpoStatistics& sums);
  R value_row(R value, R old_value, R target, R& slope) const;

  PpoUpdateConfig config_;
  models::networks::Tape<R> actor_tape_, critic_tape_;
  std::vector<R> output_gradient_, value_gradient_;
};

// Steps an ActorCritic by Adam. Allocates nothing after the first run() on rollouts of one size.
class PpoUpdate {
 public:
  PpoUpdate(const PpoUpdateConfig& config, const models::networks::AdamConfig& adam, const ActorCritic<float>& policy);

  // Makes room for rollouts like this one, as run() does. Error where it has fewer rows than there are minibatches.
  void reserve(const Rollout& rollout);

  // Epochs of minibatches over the rollout, whose advantages and targets are filled. Shuffles are functions of `stream`
  // and the number of updates so far. `after_minibatch` is told the share that is done. Throws Error, naming the epoch,
  // where the loss stops being finite; the policy is then as it was before that minibatch.
  PpoStatistics run(const Rollout& rollout, double learning_rate, kernels::RandomStream stream,
                    ActorCritic<float>& policy, const std::function<void(double)>& after_minibatch);

  void save(ByteWriter& out) const;
  void load(ByteReader& in);

 private:
  PpoSamples<float> gather(const Rollout& rollout, size_t first, size_t count);

  PpoUpdateConfig config_;
  PpoLoss<float> loss_;
  models::networks::Adam<float> adam_;
  std::uint32_t updates_ = 0;
  std::vector<float> gradient_;
  std::vector<std::uint32_t> order_;  // rows of the rollout, shuffled
  std::vector<float> observations_, actions_, log_probs_, values_, advantages_, targets_;  // of a minibatch
};

extern template class PpoLoss<float>;
extern template class PpoLoss<double>;

}  // namespace lockstep::agents
