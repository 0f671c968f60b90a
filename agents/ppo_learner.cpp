// PPO's iteration: collect, estimate advantages, improve.
#include "agents/ppo_learner.h"
#include "agents/advantages.h"
#include "engine/byte_stream.h"
#include "models/networks/safetensors.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <utility>

namespace lockstep::agents {
namespace {

// Purposes of random numbers: streams of the run's seed.
enum Stream : std::uint32_t { kActions = 0x99a0, kShuffles };

}  // namespace

void PpoConfig::describe(Fields& fields) {
  fields.add("worlds", worlds, "worlds side by side, where environment.num_worlds is 1", {1, 1 << 20});
  fields.add("steps", steps, "of every world in an iteration", {1, 1e6});
  fields.add("total_steps", total_steps, "env steps over which the learning rate falls", {1, 2e9});
  fields.add("learning_rate", learning_rate, "at the start", {0, 10});
  fields.add("final_rate", final_rate, "share of the learning rate that is left after total_steps", {0, 1});
  fields.add("adaptive_kl", adaptive_kl,
             "distance from the old policy that the learning rate is steered to; 0: it is not", {0, 10});
  fields.add("discount", discount, "of rewards, per step", {0, 1});
  fields.add("gae_lambda", gae_lambda, "how far rewards reach beyond one step before values stand in", {0, 1});
  fields.add("stagger_episodes", stagger_episodes, "cut each world's first episode at a time of its own");
  fields.add("standardise_observations", standardise_observations, "by their running mean and deviation");
  fields.add("scale_rewards", scale_rewards, "by the running deviation of the discounted return");
  update.describe(fields);
  fields.add_section("network", network);
  fields.add_section("adam", adam);
}

PpoLearner::PpoLearner(const PpoConfig& config, std::unique_ptr<Environment> worlds, std::uint64_t seed)
    : config_(config),
      seed_(seed),
      policy_(worlds->spec(), config.network, seed),
      update_(config.update, config.adam, policy_),
      rollout_(config.steps, worlds->config().num_worlds, worlds->spec().observation_size, policy_.actions().width()),
      collector_(std::move(worlds), {.standardise_observations = config.standardise_observations,
                                     .scale_rewards = config.scale_rewards,
                                     .discount = static_cast<float>(config.discount)}),
      action_(static_cast<size_t>(policy_.actions().width())) {
  update_.reserve(rollout_);
}

// Distribution parameters [rows][outputs] at raw observations.
View<const float, 2> PpoLearner::outputs_at(View<const float, 2> observations) {
  const int count = observations.extent(0), width = observations.extent(1);
  observed_.resize(static_cast<size_t>(count) * static_cast<size_t>(width));
  collector_.standardise(observations, view(observed_.data(), count, width));
  return policy_.act(view(std::as_const(observed_).data(), count, width), tape_);
}

void PpoLearner::choose_greedily(const Environment& worlds, std::span<float> executed) {
  const View<const float, 2> outputs = outputs_at(worlds.observation());
  const auto size = static_cast<size_t>(worlds.spec().action_size);
  for (int world = 0; world < outputs.extent(0); ++world) {
    policy_.actions().mode(row_of(outputs, world), action_);
    policy_.actions().execute(action_, executed.subspan(static_cast<size_t>(world) * size, size));
  }
}

void PpoLearner::choose_at_random(const Environment& worlds, kernels::RandomStream stream, std::uint32_t step,
                                  std::span<float> executed) {
  const View<const float, 2> outputs = outputs_at(worlds.observation());
  const auto size = static_cast<size_t>(worlds.spec().action_size);
  for (int world = 0; world < outputs.extent(0); ++world) {
    policy_.actions().sample(row_of(outputs, world), policy_.log_deviation(),
                             {stream, static_cast<std::uint32_t>(world), step}, action_);
    policy_.actions().execute(action_, executed.subspan(static_cast<size_t>(world) * size, size));
  }
}

void PpoLearner::mean_actions(View<const float, 2> observations, std::span<float> means) {
  const View<const float, 2> outputs = outputs_at(observations);
  const size_t width = action_.size();
  for (int row = 0; row < outputs.extent(0); ++row)
    policy_.actions().mode(row_of(outputs, row), means.subspan(static_cast<size_t>(row) * width, width));
}

void PpoLearner::estimate() {
  const auto matrix = [&](auto& buffer) { return view(buffer.data(), rollout_.steps, rollout_.worlds); };
  estimate_advantages({.rewards = matrix(std::as_const(rollout_.rewards)),
                       .values = matrix(std::as_const(rollout_.values)),
                       .next_values = matrix(std::as_const(rollout_.next_values)),
                       .terminated = matrix(std::as_const(rollout_.terminated)),
                       .ended = matrix(std::as_const(rollout_.ended))},
                      static_cast<float>(config_.discount), static_cast<float>(config_.gae_lambda),
                      matrix(rollout_.advantages), matrix(rollout_.targets));
}

// Half or twice the wanted distance is near enough; N. Rudin et al., "Learning to walk in minutes using massively
// parallel deep reinforcement learning", CoRL 2022, whose factors these are.
void PpoLearner::steer_rate(double kl) {
  constexpr double kStep = 1.5, kLeast = 1e-2, kMost = 1e2;
  if (kl > 2 * config_.adaptive_kl) rate_factor_ = std::max(kLeast, rate_factor_ / kStep);
  if (kl < config_.adaptive_kl / 2) rate_factor_ = std::min(kMost, rate_factor_ * kStep);
}

// 1 - variance of (target - value) / variance of the targets: 1 for values that know everything, 0 for a constant.
double PpoLearner::explained_variance() const {
  // An advantage is the target less the value.
  const double targets = moments_of(rollout_.targets.span()).square;
  return targets > 0 ? 1 - moments_of(rollout_.advantages.span()).square / targets
                     : std::numeric_limits<double>::quiet_NaN();
}

EndedEpisodes PpoLearner::iterate(const OnProgress& on_progress) {
  const auto stage = [&](std::string_view name) {
    return [&on_progress, name](double share) { on_progress(name, share); };
  };
  const auto start = std::chrono::steady_clock::now();
  const std::int64_t faults = collector_.faults();
  const EndedEpisodes episodes = collector_.collect(policy_, {seed_, kActions}, rollout_, stage("collect"));
  estimate();
  rate_ = rate_factor_ * models::networks::linear_rate(config_.learning_rate,
                                                       config_.final_rate * config_.learning_rate, share_of_steps());
  statistics_ = update_.run(rollout_, rate_, {seed_, kShuffles}, policy_, stage("update"));
  if (config_.adaptive_kl > 0) steer_rate(statistics_.kl);
  steps_ += steps_of_iteration();
  faults_ = collector_.faults() - faults;
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  wall_steps_per_second_ = static_cast<double>(steps_of_iteration()) / seconds;
  return episodes;
}

std::vector<Metric> PpoLearner::metrics() const {
  return {{"faults", static_cast<double>(faults_)},
          {"policy_loss", statistics_.policy_loss},
          {"value_loss", statistics_.value_loss},
          {"entropy", statistics_.entropy},
          {"kl", statistics_.kl},
          {"clip_fraction", statistics_.clip_fraction},
          {"explained_variance", explained_variance()},
          {"gradient_norm", statistics_.gradient_norm},
          {"learning_rate", rate_},
          {"epochs", static_cast<double>(statistics_.epochs)},
          {"action_deviation", policy_.mean_deviation()},
          {"wall_steps_per_second", wall_steps_per_second_}};
}

void PpoLearner::describe(PolicyDescription& policy) const {
  policy_.describe(policy);
  collector_.describe(policy);
}

void PpoLearner::save(ByteWriter& out) const {
  out.write(steps_);
  out.write(rate_factor_);
  out.write_array(std::span<const std::byte>(models::networks::encode_safetensors(policy_.tensors())));
  update_.save(out);
  collector_.save(out);
}

void PpoLearner::load(ByteReader& in, const std::string& where) {
  steps_ = in.read<std::int64_t>();
  rate_factor_ = in.read<double>();
  policy_.take(models::networks::decode_safetensors(in.read_vector<std::byte>(), where), where);
  update_.load(in);
  collector_.load(in);
}

}  // namespace lockstep::agents
