// Losses, gradients and steps of proximal policy optimisation.
#include "agents/ppo_update.h"
#include "engine/error.h"
#include "models/random_index.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

namespace lockstep::agents {
namespace {

// How far beyond the target the policy may be before an update stops, as in OpenAI's Spinning Up.
constexpr double kKlMargin = 1.5;

// Mean 0, deviation 1; a single number, or equal ones, become 0.
void standardise(std::span<float> numbers) {
  const Moments moments = moments_of(numbers);
  const double deviation = std::sqrt(moments.square / static_cast<double>(numbers.size()));
  for (float& x : numbers) x = static_cast<float>((static_cast<double>(x) - moments.mean) / (deviation + 1e-8));
}

}  // namespace

void PpoUpdateConfig::describe(Fields& fields) {
  fields.add("epochs", epochs, "passes over a rollout", {1, 1000});
  fields.add("minibatches", minibatches, "parts that a pass is split into", {1, 1e6});
  fields.add("clip", clip, "the likelihood ratio counts within 1 - clip and 1 + clip", {1e-6, 100});
  fields.add("value_clip", value_clip, "values count within so much of the old ones; 0: no clipping", {0, 1e9});
  fields.add("value_weight", value_weight, "of the value loss", {0, 1e6});
  fields.add("entropy_weight", entropy_weight, "of the entropy bonus", {0, 1e6});
  fields.add("gradient_limit", gradient_limit, "largest norm of the gradient; 0: none", {0, 1e9});
  fields.add("target_kl", target_kl, "no further epoch at 1.5 times this distance from the old policy; 0: all",
             {0, 1e6});
  fields.add("standardise_advantages", standardise_advantages, "within each minibatch");
}

template <class R>
R PpoLoss<R>::add_policy_rows(const ActorCritic<R>& policy, const PpoSamples<R>& samples, std::span<R> gradient,
                              PpoStatistics& sums) {
  const View<const R, 2> outputs = policy.act(samples.observations, actor_tape_);
  const int rows = outputs.extent(0), width = outputs.extent(1);
  const R share = R(1) / static_cast<R>(rows), clip = static_cast<R>(config_.clip);
  const R entropy_weight = static_cast<R>(config_.entropy_weight);
  output_gradient_.resize(static_cast<size_t>(rows) * static_cast<size_t>(width));
  R policy_loss = 0, entropy = 0;
  double kl = 0, clipped = 0;
  for (int row = 0; row < rows; ++row) {
    const auto k = static_cast<size_t>(row);
    const std::span<const R> action = row_of(samples.actions, row), of_row = row_of(outputs, row);
    const auto likelihood = policy.actions().likelihood(of_row, policy.log_deviation(), action);
    const R log_ratio = likelihood.log_prob - samples.log_probs[k], ratio = std::exp(log_ratio);
    const R free = ratio * samples.advantages[k];
    const R limited = std::clamp(ratio, 1 - clip, 1 + clip) * samples.advantages[k];
    policy_loss -= std::min(free, limited);
    entropy += likelihood.entropy;
    kl += static_cast<double>(ratio - 1 - log_ratio);
    clipped += std::abs(ratio - 1) > clip ? 1 : 0;
    // Where the limited one is smaller, the ratio is outside the clip, and nothing depends on it.
    const R slope = free <= limited ? -free * share : R(0);
    policy.actions().backward(of_row, policy.log_deviation(), action, {slope, -entropy_weight * share},
                              std::span(output_gradient_).subspan(k * static_cast<size_t>(width), outputs.extent(1)),
                              policy.log_deviation_of(gradient));
  }
  policy.act_backward(view(static_cast<const R*>(output_gradient_.data()), rows, width), actor_tape_, gradient);
  sums.policy_loss += static_cast<double>(policy_loss * share);
  sums.entropy += static_cast<double>(entropy * share);
  sums.kl += kl / rows;
  sums.clip_fraction += clipped / rows;
  return (policy_loss - entropy_weight * entropy) * share;
}

// Half the squared error of a value, and its derivative.
template <class R>
R PpoLoss<R>::value_row(R value, R old_value, R target, R& slope) const {
  const R error = value - target;
  slope = error;
  if (config_.value_clip == 0) return error * error / 2;
  const R limit = static_cast<R>(config_.value_clip);
  const R near = old_value + std::clamp(value - old_value, -limit, limit), near_error = near - target;
  if (near_error * near_error <= error * error) return error * error / 2;
  slope = near == value ? near_error : R(0);
  return near_error * near_error / 2;
}

template <class R>
R PpoLoss<R>::add_gradient(const ActorCritic<R>& policy, const PpoSamples<R>& samples, std::span<R> gradient,
                           PpoStatistics& sums) {
  const R policy_loss = add_policy_rows(policy, samples, gradient, sums);
  const View<const R, 2> values = policy.value(samples.observations, critic_tape_);
  const int rows = values.extent(0);
  const R weight = static_cast<R>(config_.value_weight) / static_cast<R>(rows);
  value_gradient_.resize(static_cast<size_t>(rows));
  R value_loss = 0;
  for (size_t k = 0; k < value_gradient_.size(); ++k) {
    R slope = 0;
    value_loss += value_row(values(static_cast<int>(k), 0), samples.values[k], samples.targets[k], slope);
    value_gradient_[k] = weight * slope;
  }
  policy.value_backward(view(static_cast<const R*>(value_gradient_.data()), rows, 1), critic_tape_, gradient);
  sums.value_loss += static_cast<double>(value_loss) / rows;
  return policy_loss + weight * value_loss;
}

PpoUpdate::PpoUpdate(const PpoUpdateConfig& config, const models::networks::AdamConfig& adam,
                     const ActorCritic<float>& policy)
    : config_(config),
      loss_(config_),
      adam_(static_cast<long>(policy.parameters().size()), adam),
      gradient_(policy.parameters().size()) {}

void PpoUpdate::reserve(const Rollout& rollout) {
  const size_t rows = rollout.log_probs.size();
  if (rows < static_cast<size_t>(config_.minibatches)) {
    throw Error(fmt::format("minibatches = {} of {} steps in an iteration", config_.minibatches, rows), "agent ppo",
                fmt::format("set minibatches at most to {}, or steps or worlds higher", rows));
  }
  order_.resize(rows);
  const size_t largest =
      (rows + static_cast<size_t>(config_.minibatches) - 1) / static_cast<size_t>(config_.minibatches);
  observations_.resize(largest * static_cast<size_t>(rollout.observation_size));
  actions_.resize(largest * static_cast<size_t>(rollout.action_width));
  for (std::vector<float>* column : {&log_probs_, &values_, &advantages_, &targets_}) column->resize(largest);
}

// Copies the rows order_[first] ... into the minibatch.
PpoSamples<float> PpoUpdate::gather(const Rollout& rollout, size_t first, size_t count) {
  const auto width = static_cast<size_t>(rollout.observation_size), numbers = static_cast<size_t>(rollout.action_width);
  for (size_t k = 0; k < count; ++k) {
    const size_t row = order_[first + k];
    std::copy_n(&rollout.observations[row * width], width, &observations_[k * width]);
    std::copy_n(&rollout.actions[row * numbers], numbers, &actions_[k * numbers]);
    log_probs_[k] = rollout.log_probs[row];
    values_[k] = rollout.values[row];
    advantages_[k] = rollout.advantages[row];
    targets_[k] = rollout.targets[row];
  }
  if (config_.standardise_advantages) standardise(std::span(advantages_).first(count));
  return {.observations = view(static_cast<const float*>(observations_.data()), count, width),
          .actions = view(static_cast<const float*>(actions_.data()), count, numbers),
          .log_probs = std::span(log_probs_).first(count),
          .values = std::span(values_).first(count),
          .advantages = std::span(advantages_).first(count),
          .targets = std::span(targets_).first(count)};
}

PpoStatistics PpoUpdate::run(const Rollout& rollout, double learning_rate, kernels::RandomStream stream,
                             ActorCritic<float>& policy, const std::function<void(double)>& after_minibatch) {
  reserve(rollout);
  const size_t rows = order_.size();
  const auto parts = static_cast<size_t>(config_.minibatches);
  PpoStatistics statistics;
  for (int epoch = 0; epoch < config_.epochs; ++epoch) {
    std::iota(order_.begin(), order_.end(), 0u);
    models::shuffle(order_, stream, updates_, static_cast<std::uint32_t>(epoch));
    statistics = {.epochs = epoch + 1};
    for (size_t part = 0; part < parts; ++part) {
      const size_t first = rows * part / parts, count = rows * (part + 1) / parts - first;
      std::ranges::fill(gradient_, 0.0f);
      const float loss = loss_.add_gradient(policy, gather(rollout, first, count), gradient_, statistics);
      const double norm = models::networks::clip_norm(std::span(gradient_), config_.gradient_limit);
      if (!std::isfinite(loss) || !std::isfinite(norm)) {
        throw Error(
            fmt::format("the loss is {} and its gradient's norm {} in epoch {} of an update", loss, norm, epoch + 1),
            "ppo", "set a lower learning_rate, or a lower gradient_limit; the last checkpoint is whole");
      }
      statistics.gradient_norm += norm;
      adam_.step(gradient_, learning_rate, policy.parameters());
      after_minibatch((epoch + (static_cast<double>(part) + 1) / static_cast<double>(parts)) / config_.epochs);
    }
    for (double* sum : {&statistics.policy_loss, &statistics.value_loss, &statistics.entropy, &statistics.kl,
                        &statistics.clip_fraction, &statistics.gradient_norm})
      *sum /= config_.minibatches;
    if (config_.target_kl > 0 && statistics.kl > kKlMargin * config_.target_kl) break;
  }
  ++updates_;
  return statistics;
}

void PpoUpdate::save(ByteWriter& out) const {
  out.write(updates_);
  adam_.save(out);
}

void PpoUpdate::load(ByteReader& in) {
  updates_ = in.read<std::uint32_t>();
  adam_.load(in);
}

template class PpoLoss<float>;
template class PpoLoss<double>;

}  // namespace lockstep::agents
