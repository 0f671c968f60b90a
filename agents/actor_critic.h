// A policy network, a value network and the policy's deviations, with all parameters in one vector.
#pragma once

#include "agents/action_distribution.h"
#include "agents/policy_description.h"
#include "engine/settings.h"
#include "models/networks/network.h"
#include "models/networks/safetensors.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace lockstep::agents {

struct ActorCriticConfig {
  int layers = 2;                   // hidden layers of either network, >= 1
  int width = 64;                   // units of a hidden layer, >= 1
  std::string activation = "tanh";  // of hidden units: tanh | relu | elu | silu
  double initial_deviation = 1;     // of Gaussian actions, in half ranges, > 0

  void describe(Fields& fields);
};

// Actor and critic see the same observations [batch][observation_size] and share nothing.
// Parameter vector: actor | critic | logarithms of the deviations.
template <class R>
class ActorCritic {
 public:
  // Orthogonal weights, the policy's head scaled by 0.01 so that it begins near the uniform one. A function of `seed`.
  ActorCritic(const TaskSpec& task, const ActorCriticConfig& config, std::uint64_t seed);

  [[nodiscard]] const ActionDistribution<R>& actions() const { return actions_; }
  [[nodiscard]] std::span<R> parameters() { return parameters_; }
  [[nodiscard]] std::span<const R> parameters() const { return parameters_; }
  [[nodiscard]] std::span<const R> log_deviation() const { return log_deviation_of<const R>(parameters_); }
  [[nodiscard]] double mean_deviation() const;  // NaN for discrete actions

  // Distribution parameters [batch][outputs] and values [batch][1]; valid until the tape's next pass.
  View<const R, 2> act(View<const R, 2> observations, models::networks::Tape<R>& tape) const {
    return actor_.forward(actor_part<const R>(parameters_), observations, tape);
  }
  View<const R, 2> value(View<const R, 2> observations, models::networks::Tape<R>& tape) const {
    return critic_.forward(critic_part<const R>(parameters_), observations, tape);
  }
  // Add to the gradient vector [parameters] what the gradient with respect to the outputs of the last pass makes of it.
  void act_backward(View<const R, 2> output_gradient, models::networks::Tape<R>& tape, std::span<R> gradient) const {
    actor_.backward(actor_part<const R>(parameters_), output_gradient, tape, actor_part<R>(gradient));
  }
  void value_backward(View<const R, 2> output_gradient, models::networks::Tape<R>& tape, std::span<R> gradient) const {
    critic_.backward(critic_part<const R>(parameters_), output_gradient, tape, critic_part<R>(gradient));
  }
  // The part of a vector like parameters() that belongs to the deviations, [deviations].
  template <class Number>
  [[nodiscard]] std::span<Number> log_deviation_of(std::span<Number> vector) const {
    return vector.subspan(static_cast<size_t>(actor_.num_parameters() + critic_.num_parameters()));
  }

  // "actor.layers.0.kernel" ..., "critic. ...", "log_deviation".
  [[nodiscard]] models::networks::TensorFile tensors() const;
  // Adds the actor to a policy that takes its most likely actions.
  void describe(PolicyDescription& policy) const;
  // Takes the parameters from such tensors. Throws Error, naming `where`, for a missing one or another shape.
  void take(const models::networks::TensorFile& file, const std::string& where);

 private:
  template <class Number>
  [[nodiscard]] std::span<Number> actor_part(std::span<Number> vector) const {
    return vector.first(static_cast<size_t>(actor_.num_parameters()));
  }
  template <class Number>
  [[nodiscard]] std::span<Number> critic_part(std::span<Number> vector) const {
    return vector.subspan(static_cast<size_t>(actor_.num_parameters()), static_cast<size_t>(critic_.num_parameters()));
  }

  ActionDistribution<R> actions_;
  std::vector<models::networks::LayerSpec> actor_layers_;
  models::networks::Network<R> actor_, critic_;
  std::vector<R> parameters_;
};

extern template class ActorCritic<float>;
extern template class ActorCritic<double>;

}  // namespace lockstep::agents
