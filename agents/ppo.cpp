// PPO: proximal policy optimisation on a batch of worlds.
//
// One iteration: collect `steps` steps of every world under the stochastic policy, estimate advantages, improve policy
// and value networks by epochs of minibatches, and evaluate the most likely actions in episodes of their own, from
// which nothing is learned. Done when all episodes of an evaluation reach the task's return of success. J. Schulman, F.
// Wolski, P. Dhariwal, A. Radford, O. Klimov, "Proximal policy optimization algorithms", 2017.
#include "agents/actor_critic.h"
#include "agents/advantages.h"
#include "agents/agent.h"
#include "agents/episodes.h"
#include "agents/evaluation.h"
#include "agents/ppo_update.h"
#include "agents/rollout.h"
#include "engine/byte_stream.h"
#include "models/networks/safetensors.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <utility>

namespace lockstep::agents::ppo {
namespace {

constexpr std::uint32_t kSavedVersion = 2;

// Purposes of random numbers: streams of the run's seed.
enum Stream : std::uint32_t { kActions = 0x99a0, kShuffles, kEvaluationSeeds, kEpisodeSeeds };

struct Config {
  int worlds = 64;               // side by side, where environment.num_worlds is 1
  int steps = 64;                // of every world in an iteration
  int total_steps = 400000;      // env steps over which the learning rate falls
  double learning_rate = 1e-3;   // at the start
  double final_rate = 0.1;       // share of it that is left after total_steps
  double adaptive_kl = 0;        // distance between policies that the learning rate is steered to; 0: it is not
  double discount = 0.99;        // of rewards, per step
  double gae_lambda = 0.95;      // agents/advantages.h
  bool stagger_episodes = true;  // cut the first episodes at times of their own
  bool standardise_observations = true;
  bool scale_rewards = true;
  EvaluationConfig evaluation;
  PpoUpdateConfig update;
  ActorCriticConfig network;
  models::networks::AdamConfig adam{.epsilon = 1e-5};

  void describe(Fields& fields) {
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
    evaluation.describe(fields);
    update.describe(fields);
    fields.add_section("network", network);
    fields.add_section("adam", adam);
  }
};

class Ppo final : public Agent {
 public:
  // `worlds`: those to learn from.
  Ppo(const AgentInputs& inputs, const Config& config, std::unique_ptr<Environment> worlds);

  [[nodiscard]] std::string_view name() const override { return "ppo"; }
  std::vector<Metric> iterate() override;
  [[nodiscard]] bool is_done() const override { return is_done_; }
  [[nodiscard]] std::int64_t budget() const override {
    const std::int64_t steps = std::int64_t{rollout_.steps} * rollout_.worlds;
    return (config_.total_steps + steps - 1) / steps;
  }
  [[nodiscard]] double progress() const override { return std::min(1.0, share_of_steps()); }
  [[nodiscard]] std::int64_t env_steps() const override { return env_steps_; }
  [[nodiscard]] double real_seconds() const override {
    return static_cast<double>(env_steps_) * spec_.control_timestep;
  }
  Episode evaluate(std::uint64_t seed) override;
  [[nodiscard]] std::vector<std::string> equations() const override { return {}; }
  [[nodiscard]] std::vector<double> multi_step_error() const override { return {}; }
  [[nodiscard]] std::optional<PolicyDescription> policy() const override;
  [[nodiscard]] std::vector<std::byte> save() const override;
  void load(std::span<const std::byte> bytes) override;

 private:
  [[nodiscard]] double share_of_steps() const { return static_cast<double>(env_steps_) / config_.total_steps; }
  void choose_greedily(const Environment& worlds, std::span<float> executed);
  std::vector<double> evaluate_side_by_side();
  void estimate();
  void steer_rate(double kl);
  [[nodiscard]] double explained_variance() const;
  [[nodiscard]] std::string saved_kind() const { return "agent ppo " + spec_.name; }

  AgentInputs inputs_;
  Config config_;
  TaskSpec spec_;
  ActorCritic<float> policy_;
  PpoUpdate update_;
  Rollout rollout_;
  Collector collector_;
  models::networks::Tape<float> tape_;
  std::vector<float> observed_, action_;  // of a greedy step
  std::int64_t iteration_ = 0, env_steps_ = 0;
  double rate_factor_ = 1;  // what adaptive_kl has made of the learning rate
  SuccessJudge judge_;
  bool is_done_ = false;
};

Ppo::Ppo(const AgentInputs& inputs, const Config& config, std::unique_ptr<Environment> worlds)
    : inputs_(inputs),
      config_(config),
      spec_(worlds->spec()),
      policy_(spec_, config.network, inputs.seed),
      update_(config.update, config.adam, policy_),
      rollout_(config.steps, worlds->config().num_worlds, spec_.observation_size, policy_.actions().width()),
      collector_(std::move(worlds), {.standardise_observations = config.standardise_observations,
                                     .scale_rewards = config.scale_rewards,
                                     .discount = static_cast<float>(config.discount)}),
      action_(static_cast<size_t>(spec_.action_size)),
      judge_(config.evaluation, spec_) {
  update_.reserve(rollout_);
}

// The most likely actions at what the worlds observe -> executed [worlds][action_size].
void Ppo::choose_greedily(const Environment& worlds, std::span<float> executed) {
  const View<const float, 2> seen = worlds.observation();
  const int count = seen.extent(0), width = seen.extent(1);
  observed_.resize(static_cast<size_t>(count) * static_cast<size_t>(width));
  collector_.standardise(seen, view(observed_.data(), count, width));
  const View<const float, 2> outputs =
      policy_.act(view(static_cast<const float*>(observed_.data()), count, width), tape_);
  const size_t size = action_.size();
  for (int world = 0; world < count; ++world) {
    policy_.actions().mode(row_of(outputs, world), action_);
    policy_.actions().execute(action_, executed.subspan(static_cast<size_t>(world) * size, size));
  }
}

// Returns of one episode in each of `evaluations` worlds, whose starts are functions of the seed and the iteration.
std::vector<double> Ppo::evaluate_side_by_side() {
  return returns_side_by_side(
      inputs_, config_.evaluation.evaluations,
      derived_seed(inputs_.seed, kEvaluationSeeds, static_cast<std::uint64_t>(iteration_)),
      [this](const Environment& worlds, std::span<float> executed) { choose_greedily(worlds, executed); },
      reporter(inputs_, "evaluate"));
}

void Ppo::estimate() {
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
void Ppo::steer_rate(double kl) {
  constexpr double kStep = 1.5, kLeast = 1e-2, kMost = 1e2;
  if (kl > 2 * config_.adaptive_kl) rate_factor_ = std::max(kLeast, rate_factor_ / kStep);
  if (kl < config_.adaptive_kl / 2) rate_factor_ = std::min(kMost, rate_factor_ * kStep);
}

// 1 - variance of (target - value) / variance of the targets: 1 for values that know everything, 0 for a constant.
double Ppo::explained_variance() const {
  // An advantage is the target less the value.
  const double targets = moments_of(rollout_.targets.span()).square;
  return targets > 0 ? 1 - moments_of(rollout_.advantages.span()).square / targets
                     : std::numeric_limits<double>::quiet_NaN();
}

std::vector<Metric> Ppo::iterate() {
  const auto start = std::chrono::steady_clock::now();
  const std::int64_t faults = collector_.faults();
  const EndedEpisodes episodes =
      collector_.collect(policy_, {inputs_.seed, kActions}, rollout_, reporter(inputs_, "collect"));
  estimate();
  const double rate =
      rate_factor_ * models::networks::linear_rate(config_.learning_rate, config_.final_rate * config_.learning_rate,
                                                   share_of_steps());
  const PpoStatistics update =
      update_.run(rollout_, rate, {inputs_.seed, kShuffles}, policy_, reporter(inputs_, "update"));
  if (config_.adaptive_kl > 0) steer_rate(update.kl);
  const std::int64_t steps = std::int64_t{rollout_.steps} * rollout_.worlds;
  env_steps_ += steps;
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const std::vector<double> returns = evaluate_side_by_side();
  judge_.judge(returns);
  // Without a return that counts as success, a run is done when its steps are.
  is_done_ = judge_.has_target() ? judge_.is_convinced() : share_of_steps() >= 1;
  ++iteration_;
  std::vector<Metric> metrics = return_metrics(returns, is_done_, episodes);
  metrics.insert(metrics.end(), {{"faults", static_cast<double>(collector_.faults() - faults)},
                                 {"policy_loss", update.policy_loss},
                                 {"value_loss", update.value_loss},
                                 {"entropy", update.entropy},
                                 {"kl", update.kl},
                                 {"clip_fraction", update.clip_fraction},
                                 {"explained_variance", explained_variance()},
                                 {"gradient_norm", update.gradient_norm},
                                 {"learning_rate", rate},
                                 {"epochs", static_cast<double>(update.epochs)},
                                 {"action_deviation", policy_.mean_deviation()},
                                 {"wall_steps_per_second", static_cast<double>(steps) / seconds}});
  return metrics;
}

Episode Ppo::evaluate(std::uint64_t seed) {
  return greedy_episode(
      inputs_, derived_seed(seed, kEpisodeSeeds, 0),
      [this](const Environment& worlds, std::span<float> executed) { choose_greedily(worlds, executed); },
      reporter(inputs_, "evaluate"));
}

std::optional<PolicyDescription> Ppo::policy() const {
  PolicyDescription policy = policy_for(spec_);
  policy_.describe(policy);
  collector_.describe(policy);
  return policy;
}

std::vector<std::byte> Ppo::save() const {
  ByteWriter out(saved_kind(), kSavedVersion);
  out.write(iteration_);
  out.write(env_steps_);
  out.write(rate_factor_);
  judge_.save(out);
  out.write(is_done_);
  out.write_array(std::span<const std::byte>(models::networks::encode_safetensors(policy_.tensors())));
  update_.save(out);
  collector_.save(out);
  return std::move(out).finish();
}

void Ppo::load(std::span<const std::byte> bytes) {
  const std::string where = "the agent's part of the checkpoint";
  ByteReader in(bytes, saved_kind(), kSavedVersion, where);
  const auto iteration = in.read<std::int64_t>(), env_steps = in.read<std::int64_t>();
  rate_factor_ = in.read<double>();
  judge_.load(in);
  const bool is_done = in.read<bool>();
  policy_.take(models::networks::decode_safetensors(in.read_vector<std::byte>(), where), where);
  update_.load(in);
  collector_.load(in);
  in.expect_end();
  iteration_ = iteration;
  env_steps_ = env_steps;
  is_done_ = is_done;
}

std::unique_ptr<Agent> make(const AgentInputs& inputs) {
  const auto config = configured<Config>(inputs.settings);
  return std::make_unique<Ppo>(inputs, config, training_worlds(inputs, "ppo", config.worlds, config.stagger_episodes));
}

}  // namespace

extern const Entry kEntry{"ppo", "proximal policy optimisation: policy and value networks on many worlds at once", make,
                          [] { return settings_of(Config{}); }};

}  // namespace lockstep::agents::ppo
