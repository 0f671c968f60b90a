// Targets, gradients and steps of soft actor-critic.
#include "agents/sac_update.h"
#include "agents/squashed_gaussian.h"
#include "engine/error.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace lockstep::agents {
namespace {

// Streams of initial weights.
enum Stream : std::uint32_t { kActorWeights = 0x5ac0, kCriticWeights };

constexpr double kPolicyGain = 0.01;
constexpr int kCritics = 2;

}  // namespace

void SacUpdateConfig::describe(Fields& fields) {
  fields.add("learning_rate", learning_rate, "of the policy", {0, 10});
  fields.add("critic_rate", critic_rate, "learning rate of the critics", {0, 10});
  fields.add("target_share", target_share, "how far the critics' slow copies move per update", {1e-9, 1});
  fields.add("temperature", temperature, "weight of the entropy; 0: learned", {0, 1e6});
  fields.add("temperature_rate", temperature_rate, "learning rate of a learned temperature", {0, 10});
  fields.add("initial_temperature", initial_temperature, "of a learned temperature", {1e-9, 1e6});
  fields.add("entropy_per_action", entropy_per_action,
             "nats per dimension of the action that a learned temperature holds the policy at", {-100, 100});
}

template <class R>
SacUpdate<R>::SacUpdate(const PolicySizes& sizes, const SacUpdateConfig& config, const OffPolicyNetworkConfig& network,
                        const models::networks::AdamConfig& adam, std::uint64_t seed, ThreadPool& pool)
    : observation_size_(sizes.observation),
      action_size_(sizes.action),
      config_(config),
      actor_(sizes.observation, network.layers_to(2 * sizes.action, kPolicyGain, false)),
      actor_parameters_(static_cast<size_t>(actor_.num_parameters())),
      critics_(sizes, kCritics, network, seed, kCriticWeights, pool),
      log_temperature_{
          static_cast<R>(std::log(config.temperature > 0 ? config.temperature : config.initial_temperature))},
      actor_adam_(actor_.num_parameters(), adam),
      critic_adam_(static_cast<long>(critics_.parameters().size()), adam),
      temperature_adam_(1, adam),
      kernels_(&squashed_gaussian<R>()),
      actor_gradient_(actor_parameters_.size()),
      critic_gradient_(critics_.parameters().size()) {
  actor_.initialise(seed, kActorWeights, actor_parameters_);
}

template <class R>
R SacUpdate<R>::temperature() const {
  return std::exp(log_temperature_[0]);
}

template <class R>
void SacUpdate<R>::reserve(int rows) {
  const auto count = static_cast<size_t>(rows), actions = static_cast<size_t>(action_size_);
  joint_.resize(count * static_cast<size_t>(critics_.inputs()));
  joint_gradient_.resize(joint_.size());
  noise_.resize(2 * count * actions);
  log_probs_.resize(count);
  targets_.resize(count);
  errors_.resize(count);
  output_gradient_.resize(count * 2 * actions);
}

template <class R>
kernels::SquashedActions<R> SacUpdate<R>::draw_joint(View<const R, 2> observations, std::span<const R> noise) {
  const int rows = observations.extent(0), width = critics_.inputs();
  for (int row = 0; row < rows; ++row)
    std::copy_n(&observations(row, 0), observation_size_, joint_.data() + static_cast<long>(row) * width);
  const View<const R, 2> outputs = actor_.forward(actor_parameters_, observations, actor_tape_);
  const kernels::SquashedActions<R> samples{.batch = rows,
                                            .width = action_size_,
                                            .outputs = outputs.data_handle(),
                                            .noise = noise.data(),
                                            .actions = joint_.data() + observation_size_,
                                            .action_stride = width,
                                            .log_probs = log_probs_.data()};
  kernels_->draw(samples);
  return samples;
}

template <class R>
void SacUpdate<R>::bootstrap(const Transitions<R>& transitions, std::span<const R> noise, std::span<R> targets) {
  const int rows = transitions.observations.extent(0);
  reserve(rows);
  draw_joint(transitions.next_observations, noise);
  critics_.least_target_values(rows_of(joint_, rows, critics_.inputs()), targets);
  const R temperature = this->temperature();
  for (size_t row = 0; row < targets.size(); ++row) {
    const R value = targets[row] - temperature * log_probs_[row];
    targets[row] = transitions.rewards[row] + transitions.discounts[row] * value;
  }
}

template <class R>
R SacUpdate<R>::actor_gradient(View<const R, 2> observations, std::span<const R> noise, std::span<R> gradient) {
  const int rows = observations.extent(0), width = critics_.inputs();
  reserve(rows);
  const kernels::SquashedActions<R> samples = draw_joint(observations, noise);
  const R value =
      critics_.least_value_gradient(rows_of(joint_, rows, width), kCritics, view(joint_gradient_.data(), rows, width));
  const R temperature = this->temperature();
  kernels_->slopes({.samples = samples,
                    .action_gradient = joint_gradient_.data() + observation_size_,
                    .gradient_stride = width,
                    .log_prob_weight = temperature / static_cast<R>(rows),
                    .output_gradient = output_gradient_.data()});
  actor_.backward(actor_parameters_, rows_of(output_gradient_, rows, 2 * action_size_), actor_tape_, gradient, {},
                  models::networks::GradientUse::kReplace);
  return value + temperature * mean_of<R>(log_probs_);
}

// log_probs_ are those of the policy at the update's own states.
template <class R>
void SacUpdate<R>::step_temperature() {
  if (config_.temperature > 0) return;
  const R target = static_cast<R>(config_.entropy_per_action * action_size_);
  const R gradient = -(mean_of<R>(log_probs_) + target);
  temperature_adam_.step(std::span(&gradient, 1), config_.temperature_rate, log_temperature_);
}

template <class R>
void SacUpdate<R>::update(const Transitions<R>& transitions, kernels::RandomStream stream) {
  const int rows = transitions.observations.extent(0), width = critics_.inputs();
  reserve(rows);
  const size_t numbers = static_cast<size_t>(rows) * static_cast<size_t>(action_size_);
  kernels_->fill_normal(stream, updates_, static_cast<long>(2 * numbers), noise_.data());
  const std::span<const R> noise = noise_;
  bootstrap(transitions, noise.first(numbers), targets_);

  join_rows(transitions.observations, transitions.actions, std::span(joint_));
  const R critic_loss =
      critics_.regression_gradient(rows_of(joint_, rows, width), targets_, critic_gradient_, transitions.weights);
  critics_.mean_errors(targets_, errors_);
  critics_.step(critic_adam_, critic_gradient_, config_.critic_rate, static_cast<R>(config_.target_share));

  const R actor_loss = actor_gradient(transitions.observations, noise.subspan(numbers), actor_gradient_);
  if (!std::isfinite(critic_loss) || !std::isfinite(actor_loss)) {
    throw Error(
        fmt::format("the critics' loss is {} and the policy's {} in update {}", critic_loss, actor_loss, updates_ + 1),
        "sac", "set a lower learning_rate or critic_rate; the last checkpoint is whole");
  }
  actor_adam_.step(actor_gradient_, config_.learning_rate, actor_parameters_);
  const R temperature = this->temperature();
  step_temperature();
  ++updates_;

  const double entropy = -static_cast<double>(mean_of<R>(log_probs_));
  statistics_.critic_loss += static_cast<double>(critic_loss);
  statistics_.actor_loss += static_cast<double>(actor_loss);
  statistics_.entropy += entropy;
  statistics_.temperature += static_cast<double>(temperature);
  statistics_.value += static_cast<double>(mean_of<R>(targets_));
  ++statistics_.updates;
}

template <class R>
void SacUpdate<R>::act(View<const R, 2> observations, std::span<const R> noise, std::span<R> actions) {
  const int rows = observations.extent(0);
  const View<const R, 2> outputs = actor_.forward(actor_parameters_, observations, actor_tape_);
  if (noise.empty()) {
    for (int row = 0; row < rows; ++row) {
      for (int i = 0; i < action_size_; ++i)
        actions[static_cast<size_t>(row * action_size_ + i)] = std::tanh(outputs(row, i));
    }
    return;
  }
  log_probs_.resize(std::max(log_probs_.size(), static_cast<size_t>(rows)));
  kernels_->draw({.batch = rows,
                  .width = action_size_,
                  .outputs = outputs.data_handle(),
                  .noise = noise.data(),
                  .actions = actions.data(),
                  .action_stride = action_size_,
                  .log_probs = log_probs_.data()});
}

template <class R>
void SacUpdate<R>::save(ByteWriter& out) const {
  models::networks::TensorFile file;
  append_parameters(actor_, std::span<const R>(actor_parameters_), "actor.", file);
  critics_.append(file);
  out.write_array(std::span<const std::byte>(models::networks::encode_safetensors(file)));
  out.write_array(std::span<const R>(log_temperature_));
  actor_adam_.save(out);
  critic_adam_.save(out);
  temperature_adam_.save(out);
  critics_.save_norms(out);
  out.write(updates_);
}

template <class R>
void SacUpdate<R>::load(ByteReader& in, const std::string& where) {
  const std::vector<std::byte> bytes = in.read_vector<std::byte>();
  const models::networks::TensorFile file = models::networks::decode_safetensors(bytes, where);
  take_parameters(actor_, file, "actor.", where, std::span(actor_parameters_));
  critics_.take(file, where);
  in.read_array(std::span(log_temperature_));
  actor_adam_.load(in);
  critic_adam_.load(in);
  temperature_adam_.load(in);
  critics_.load_norms(in);
  updates_ = in.read<std::uint32_t>();
}

template class SacUpdate<float>;
template class SacUpdate<double>;

}  // namespace lockstep::agents
