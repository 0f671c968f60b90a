// Targets, gradients and steps of TD3.
#include "agents/td3_update.h"
#include "agents/squashed_gaussian.h"
#include "engine/error.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace lockstep::agents {
namespace {

// Streams of initial weights.
enum Stream : std::uint32_t { kActorWeights = 0x7d30, kCriticWeights };

constexpr double kPolicyGain = 0.01;
constexpr int kCritics = 2;

// Hidden layers, then tanh.
std::vector<models::networks::LayerSpec> policy_layers(const OffPolicyNetworkConfig& network, int action_size) {
  auto layers = network.layers_to(action_size, kPolicyGain, false);
  layers.back().activation = models::networks::Activation::kTanh;
  return layers;
}

}  // namespace

void Td3UpdateConfig::describe(Fields& fields) {
  fields.add("learning_rate", learning_rate, "of the policy", {0, 10});
  fields.add("critic_rate", critic_rate, "learning rate of the critics", {0, 10});
  fields.add("target_share", target_share, "how far the slow copies move per update", {1e-9, 1});
  fields.add("target_noise", target_noise, "deviation of the noise on the targets' actions, in half ranges", {0, 10});
  fields.add("noise_limit", noise_limit, "that noise is cut at, in half ranges", {0, 10});
  fields.add("policy_delay", policy_delay, "updates of the critics per update of the policy", {1, 1000});
}

template <class R>
Td3Update<R>::Td3Update(const PolicySizes& sizes, const Td3UpdateConfig& config, const OffPolicyNetworkConfig& network,
                        const models::networks::AdamConfig& adam, std::uint64_t seed, ThreadPool& pool)
    : observation_size_(sizes.observation),
      action_size_(sizes.action),
      config_(config),
      actor_(sizes.observation, policy_layers(network, sizes.action)),
      actor_parameters_(static_cast<size_t>(actor_.num_parameters())),
      critics_(sizes, kCritics, network, seed, kCriticWeights, pool),
      actor_adam_(actor_.num_parameters(), adam),
      critic_adam_(static_cast<long>(critics_.parameters().size()), adam),
      actor_gradient_(actor_parameters_.size()),
      critic_gradient_(critics_.parameters().size()) {
  actor_.initialise(seed, kActorWeights, actor_parameters_);
  actor_targets_ = actor_parameters_;
}

template <class R>
void Td3Update<R>::reserve(int rows) {
  const auto count = static_cast<size_t>(rows), actions = static_cast<size_t>(action_size_);
  joint_.resize(count * static_cast<size_t>(critics_.inputs()));
  joint_gradient_.resize(joint_.size());
  noise_.resize(count * actions);
  actions_.resize(count * actions);
  action_gradient_.resize(count * actions);
  targets_.resize(count);
  errors_.resize(count);
}

template <class R>
void Td3Update<R>::bootstrap(const Transitions<R>& transitions, std::span<const R> noise, std::span<R> targets) {
  const int rows = transitions.observations.extent(0);
  reserve(rows);
  const View<const R, 2> chosen = actor_.forward(actor_targets_, transitions.next_observations, actor_tape_);
  const R deviation = static_cast<R>(config_.target_noise), limit = static_cast<R>(config_.noise_limit);
  for (size_t i = 0; i < actions_.size(); ++i) {
    const R action = chosen.data_handle()[i] + std::clamp(deviation * noise[i], -limit, limit);
    actions_[i] = std::clamp(action, R(-1), R(1));
  }
  join_rows(transitions.next_observations, rows_of(actions_, rows, action_size_), std::span(joint_));
  critics_.least_target_values(rows_of(joint_, rows, critics_.inputs()), targets);
  for (size_t row = 0; row < targets.size(); ++row)
    targets[row] = transitions.rewards[row] + transitions.discounts[row] * targets[row];
}

template <class R>
R Td3Update<R>::actor_gradient(View<const R, 2> observations, std::span<R> gradient) {
  const int rows = observations.extent(0), width = critics_.inputs();
  reserve(rows);
  join_rows(observations, actor_.forward(actor_parameters_, observations, actor_tape_), std::span(joint_));
  const R loss =
      critics_.least_value_gradient(rows_of(joint_, rows, width), 1, view(joint_gradient_.data(), rows, width));
  for (int row = 0; row < rows; ++row) {
    std::copy_n(joint_gradient_.data() + static_cast<long>(row) * width + observation_size_, action_size_,
                action_gradient_.data() + static_cast<long>(row) * action_size_);
  }
  actor_.backward(actor_parameters_, rows_of(action_gradient_, rows, action_size_), actor_tape_, gradient, {},
                  models::networks::GradientUse::kReplace);
  return loss;
}

template <class R>
void Td3Update<R>::step_policy(const Transitions<R>& transitions) {
  const R loss = actor_gradient(transitions.observations, actor_gradient_);
  if (!std::isfinite(loss)) {
    throw Error(fmt::format("the policy's loss is {} in update {}", loss, updates_ + 1), "td3",
                "set a lower learning_rate; the last checkpoint is whole");
  }
  actor_adam_.step(actor_gradient_, config_.learning_rate, actor_parameters_,
                   {.parameters = actor_targets_, .share = static_cast<R>(config_.target_share)});
  statistics_.actor_loss += static_cast<double>(loss);
  ++statistics_.actor_updates;
}

template <class R>
void Td3Update<R>::update(const Transitions<R>& transitions, kernels::RandomStream stream) {
  const int rows = transitions.observations.extent(0);
  reserve(rows);
  squashed_gaussian<R>().fill_normal(stream, updates_, static_cast<long>(noise_.size()), noise_.data());
  bootstrap(transitions, noise_, targets_);
  join_rows(transitions.observations, transitions.actions, std::span(joint_));
  const R loss = critics_.regression_gradient(rows_of(joint_, rows, critics_.inputs()), targets_, critic_gradient_,
                                              transitions.weights);
  critics_.mean_errors(targets_, errors_);
  if (!std::isfinite(loss)) {
    throw Error(fmt::format("the critics' loss is {} in update {}", loss, updates_ + 1), "td3",
                "set a lower critic_rate; the last checkpoint is whole");
  }
  const bool is_policys_turn = (updates_ + 1) % static_cast<std::uint32_t>(config_.policy_delay) == 0;
  critics_.step(critic_adam_, critic_gradient_, config_.critic_rate,
                is_policys_turn ? static_cast<R>(config_.target_share) : R(0));
  statistics_.critic_loss += static_cast<double>(loss);
  statistics_.value += static_cast<double>(mean_of<R>(targets_));
  ++statistics_.updates;
  if (is_policys_turn) step_policy(transitions);
  ++updates_;
}

template <class R>
void Td3Update<R>::act(View<const R, 2> observations, std::span<R> actions) {
  const View<const R, 2> chosen = actor_.forward(actor_parameters_, observations, actor_tape_);
  std::copy_n(chosen.data_handle(), actions.size(), actions.data());
}

template <class R>
void Td3Update<R>::save(ByteWriter& out) const {
  models::networks::TensorFile file;
  append_parameters(actor_, std::span<const R>(actor_parameters_), "actor.", file);
  append_parameters(actor_, std::span<const R>(actor_targets_), "target_actor.", file);
  critics_.append(file);
  out.write_array(std::span<const std::byte>(models::networks::encode_safetensors(file)));
  actor_adam_.save(out);
  critic_adam_.save(out);
  critics_.save_norms(out);
  out.write(updates_);
}

template <class R>
void Td3Update<R>::load(ByteReader& in, const std::string& where) {
  const std::vector<std::byte> bytes = in.read_vector<std::byte>();
  const models::networks::TensorFile file = models::networks::decode_safetensors(bytes, where);
  take_parameters(actor_, file, "actor.", where, std::span(actor_parameters_));
  take_parameters(actor_, file, "target_actor.", where, std::span(actor_targets_));
  critics_.take(file, where);
  actor_adam_.load(in);
  critic_adam_.load(in);
  critics_.load_norms(in);
  updates_ = in.read<std::uint32_t>();
}

template class Td3Update<float>;
template class Td3Update<double>;

}  // namespace lockstep::agents
