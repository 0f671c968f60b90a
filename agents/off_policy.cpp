// The loop of agents that learn from replay.
#include "agents/off_policy.h"
#include "agents/episodes.h"
#include "engine/byte_stream.h"
#include "engine/error.h"
#include "engine/hdf5_episodes.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

namespace lockstep::agents {
namespace {

constexpr std::uint32_t kSavedVersion = 1;
// A run whose worlds diverge more often than this learns from a simulation that is broken.
constexpr double kLargestDroppedShare = 0.01;

// Purposes of random numbers: streams of the run's seed.
enum Stream : std::uint32_t {
  kExploration = 0x0ff0,
  kRandomActions,
  kSamples,
  kUpdates,
  kEvaluationSeeds,
  kEpisodeSeeds
};

std::unique_ptr<Environment> continuous_worlds(std::string_view name, const AgentInputs& inputs, int num_worlds) {
  std::unique_ptr<Environment> worlds = training_worlds(inputs, name, num_worlds, false);
  if (worlds->spec().discrete_actions > 0) {
    throw Error(fmt::format("task {} has {} discrete actions", inputs.task, worlds->spec().discrete_actions),
                fmt::format("agent {}", name), "choose a task with continuous actions, or agent ppo");
  }
  return worlds;
}

class OffPolicyAgent final : public Agent {
 public:
  OffPolicyAgent(std::string_view name, const AgentInputs& inputs, const OffPolicyConfig& config,
                 const LearnerFactory& make_learner, std::unique_ptr<Environment> worlds);

  [[nodiscard]] std::string_view name() const override { return name_; }
  std::vector<Metric> iterate() override;
  [[nodiscard]] bool is_done() const override {
    return env_steps_ >= config_.total_steps || (config_.stop_on_success && judge_.is_convinced());
  }
  [[nodiscard]] bool is_successful() const override { return judge_.has_target() ? judge_.is_convinced() : is_done(); }
  [[nodiscard]] std::int64_t budget() const override {
    return (std::int64_t{config_.total_steps} + config_.iteration_steps - 1) / config_.iteration_steps;
  }
  [[nodiscard]] double progress() const override {
    return std::min(1.0, static_cast<double>(env_steps_) / config_.total_steps);
  }
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
  [[nodiscard]] int num_worlds() const { return worlds_->config().num_worlds; }
  void choose(std::span<float> actions);
  void execute(std::span<const float> actions, std::span<float> executed) const;
  void choose_greedily(const Environment& worlds, std::span<float> executed);
  void step(EndedEpisodes& ended);
  void remember(EndedEpisodes& ended);
  void remember_file(const std::string& path);
  void learn();
  void update();
  void check_dropped() const;
  [[nodiscard]] std::string saved_kind() const { return fmt::format("agent {} {}", name_, spec_.name); }

  std::string name_;
  AgentInputs inputs_;
  OffPolicyConfig config_;
  TaskSpec spec_;
  ActionRange range_;
  ThreadPool pool_;
  std::unique_ptr<OffPolicyLearner> learner_;
  std::unique_ptr<Environment> worlds_;
  Replay replay_;
  Minibatch<float> minibatch_;
  std::vector<std::int32_t> drawn_;  // [batch] rows of the replay, where it is prioritised
  SuccessJudge judge_;
  std::vector<float> observations_, actions_, executed_, greedy_;
  std::int64_t iteration_ = 0, env_steps_ = 0;
  std::uint32_t steps_ = 0, updates_ = 0;  // of every world; gradient updates
  double owed_ = 0;                        // updates that were earned and not yet made
};

OffPolicyAgent::OffPolicyAgent(std::string_view name, const AgentInputs& inputs, const OffPolicyConfig& config,
                               const LearnerFactory& make_learner, std::unique_ptr<Environment> worlds)
    : name_(name),
      inputs_(inputs),
      config_(config),
      spec_(worlds->spec()),
      range_(spec_),
      pool_(inputs.environment.threads),
      learner_(make_learner(spec_, inputs.seed, pool_)),
      worlds_(std::move(worlds)),
      replay_(config.replay, num_worlds(), spec_.observation_size, spec_.action_size),
      minibatch_(config.batch, spec_.observation_size, spec_.action_size),
      drawn_(static_cast<size_t>(config.batch)),
      judge_(config.evaluation, spec_) {
  const auto count = static_cast<size_t>(num_worlds());
  observations_.resize(count * static_cast<size_t>(spec_.observation_size));
  actions_.resize(count * static_cast<size_t>(spec_.action_size));
  executed_.resize(actions_.size());
  if (!config.replay.initial_transitions.empty()) remember_file(config.replay.initial_transitions);
}

// Steps that somebody else took, in the task's units; actions beyond the range count as its bounds.
void OffPolicyAgent::remember_file(const std::string& path) {
  const StepTable steps = read_steps(path, spec_);
  const auto width = static_cast<size_t>(spec_.observation_size), size = static_cast<size_t>(spec_.action_size);
  std::vector<float> action(size);
  for (size_t row = 0; row < steps.rows(); ++row) {
    for (size_t i = 0; i < size; ++i) {
      const double inside = (static_cast<double>(steps.actions[row * size + i]) - range_.middle[i]) / range_.half[i];
      action[i] = static_cast<float>(std::clamp(inside, -1.0, 1.0));
    }
    replay_.add(0, {.observation = std::span(steps.observations).subspan(row * width, width),
                    .action = action,
                    .next_observation = std::span(steps.next_observations).subspan(row * width, width),
                    .reward = steps.rewards[row],
                    .is_terminated = steps.is_terminated[row] != 0,
                    .is_last = steps.is_last[row] != 0});
  }
}

// Uniform actions at first, then those of the exploring policy.
void OffPolicyAgent::choose(std::span<float> actions) {
  if (env_steps_ >= config_.random_steps) {
    learner_->explore(worlds_->observation(), {{inputs_.seed, kExploration}, steps_}, actions);
    return;
  }
  for (size_t k = 0; k < actions.size(); ++k) {
    actions[k] = 2 * kernels::uniform<float>({inputs_.seed, kRandomActions}, static_cast<std::uint32_t>(k), steps_) - 1;
  }
}

// Actions in [-1, 1] -> what the worlds are given, both [worlds][action_size].
void OffPolicyAgent::execute(std::span<const float> actions, std::span<float> executed) const {
  const auto size = static_cast<size_t>(spec_.action_size);
  for (size_t k = 0; k < actions.size(); ++k)
    executed[k] = static_cast<float>(range_.at(k % size, static_cast<double>(actions[k])));
}

void OffPolicyAgent::choose_greedily(const Environment& worlds, std::span<float> executed) {
  greedy_.resize(executed.size());
  learner_->act_greedily(worlds.observation(), greedy_);
  execute(greedy_, executed);
}

// Puts the step that was just taken into the replay.
void OffPolicyAgent::remember(EndedEpisodes& ended) {
  const auto width = static_cast<size_t>(spec_.observation_size), size = static_cast<size_t>(spec_.action_size);
  for (int world = 0; world < num_worlds(); ++world) {
    const auto k = static_cast<size_t>(world);
    const bool is_terminated = worlds_->terminated()[k] != 0;
    const bool is_last = is_terminated || worlds_->truncated()[k] != 0;
    const View<const float, 2> after = is_last ? worlds_->final_observation() : worlds_->observation();
    replay_.add(world, {.observation = std::span<const float>(observations_).subspan(k * width, width),
                        .action = std::span<const float>(actions_).subspan(k * size, size),
                        .next_observation = {&after(world, 0), width},
                        .reward = worlds_->reward()[k],
                        .is_terminated = is_terminated,
                        .is_last = is_last});
    if (!is_last) continue;
    ended.add({1, static_cast<double>(worlds_->final_return()[k])});
  }
}

void OffPolicyAgent::step(EndedEpisodes& ended) {
  choose(actions_);
  execute(actions_, executed_);
  std::copy_n(worlds_->observation().data_handle(), observations_.size(), observations_.data());
  worlds_->step(view(std::as_const(executed_).data(), num_worlds(), spec_.action_size));
  remember(ended);
  ++steps_;
  env_steps_ += num_worlds();
}

// The updates that the last step earned. Random steps earn none.
void OffPolicyAgent::learn() {
  if (env_steps_ <= config_.random_steps || replay_.size() == 0) return;
  learner_->watch(replay_, env_steps_);
  for (owed_ += config_.updates_per_step * num_worlds(); owed_ >= 1; owed_ -= 1, ++updates_) update();
}

// One update, from draws of either kind.
void OffPolicyAgent::update() {
  const kernels::RandomStream samples{inputs_.seed, kSamples}, noise{inputs_.seed, kUpdates};
  if (!replay_.is_prioritised()) {
    replay_.sample(samples, updates_, minibatch_);
    learner_->update(minibatch_.transitions(), noise);
    return;
  }
  const double start = config_.replay.priority_correction;
  replay_.sample_by_priority(samples, updates_, start + (1 - start) * progress(), minibatch_, drawn_);
  learner_->update(minibatch_.transitions(), noise);
  replay_.set_priorities(drawn_, learner_->errors());
}

void OffPolicyAgent::check_dropped() const {
  if (static_cast<double>(replay_.dropped()) <= kLargestDroppedShare * static_cast<double>(env_steps_)) return;
  throw Error(fmt::format("{} of {} steps led to numbers that are not finite", replay_.dropped(), env_steps_),
              fmt::format("agent {} on task {}", name_, spec_.name),
              "the simulation diverges: look at it (lockstep view), or set environment.precision to double");
}

std::vector<Metric> OffPolicyAgent::iterate() {
  const auto start = std::chrono::steady_clock::now();
  const auto report = reporter(inputs_, "collect and update");
  const std::uint32_t updates = updates_;
  const std::int64_t before = env_steps_, goal = before + config_.iteration_steps;
  EndedEpisodes ended;
  while (env_steps_ < goal) {
    step(ended);
    learn();
    report(static_cast<double>(env_steps_ - before) / config_.iteration_steps);
  }
  check_dropped();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const std::vector<double> returns = returns_side_by_side(
      inputs_, config_.evaluation.evaluations,
      derived_seed(inputs_.seed, kEvaluationSeeds, static_cast<std::uint64_t>(iteration_)),
      [this](const Environment& worlds, std::span<float> executed) { choose_greedily(worlds, executed); },
      reporter(inputs_, "evaluate"));
  judge_.judge(returns);
  ++iteration_;
  std::vector<Metric> metrics = return_metrics(returns, is_successful(), ended);
  metrics.push_back({"faults", static_cast<double>(worlds_->faults())});
  metrics.push_back({"replay_size", static_cast<double>(replay_.size())});
  for (Metric& metric : learner_->take_statistics()) metrics.push_back(std::move(metric));
  metrics.push_back({"updates_per_second", static_cast<double>(updates_ - updates) / seconds});
  metrics.push_back({"wall_steps_per_second", static_cast<double>(env_steps_ - before) / seconds});
  return metrics;
}

Episode OffPolicyAgent::evaluate(std::uint64_t seed) {
  return greedy_episode(
      inputs_, derived_seed(seed, kEpisodeSeeds, 0),
      [this](const Environment& worlds, std::span<float> executed) { choose_greedily(worlds, executed); },
      reporter(inputs_, "evaluate"));
}

std::optional<PolicyDescription> OffPolicyAgent::policy() const {
  PolicyDescription policy = policy_for(spec_);
  learner_->describe(policy);
  return policy;
}

std::vector<std::byte> OffPolicyAgent::save() const {
  ByteWriter out(saved_kind(), kSavedVersion);
  out.write(iteration_);
  out.write(env_steps_);
  out.write(steps_);
  out.write(updates_);
  out.write(owed_);
  judge_.save(out);
  learner_->save(out);
  replay_.save(out);
  out.write_array(std::span<const std::byte>(worlds_->save()));
  return std::move(out).finish();
}

void OffPolicyAgent::load(std::span<const std::byte> bytes) {
  const std::string where = "the agent's part of the checkpoint";
  ByteReader in(bytes, saved_kind(), kSavedVersion, where);
  iteration_ = in.read<std::int64_t>();
  env_steps_ = in.read<std::int64_t>();
  steps_ = in.read<std::uint32_t>();
  updates_ = in.read<std::uint32_t>();
  owed_ = in.read<double>();
  judge_.load(in);
  learner_->load(in, where);
  replay_.load(in);
  worlds_->load(in.read_vector<std::byte>());
  in.expect_end();
}

}  // namespace

void OffPolicyConfig::describe(Fields& fields) {
  fields.add("worlds", worlds, "worlds side by side, where environment.num_worlds is 1", {1, 1 << 20});
  fields.add("iteration_steps", iteration_steps, "env steps, over all worlds, between two evaluations", {1, 1e9});
  fields.add("total_steps", total_steps, "env steps after which the run is over", {1, 2e9});
  fields.add("random_steps", random_steps, "env steps of uniform actions before the first update", {0, 2e9});
  fields.add("updates_per_step", updates_per_step, "gradient updates per env step", {0, 1000});
  fields.add("batch", batch, "transitions of an update", {1, 1 << 20});
  fields.add("stop_on_success", stop_on_success, "end the run when evaluations succeed, before total_steps");
  evaluation.describe(fields);
  replay.describe(fields);
}

std::unique_ptr<Agent> make_off_policy_agent(std::string_view name, const AgentInputs& inputs,
                                             const OffPolicyConfig& config, const LearnerFactory& make_learner) {
  return std::make_unique<OffPolicyAgent>(name, inputs, config, make_learner,
                                          continuous_worlds(name, inputs, config.worlds));
}

}  // namespace lockstep::agents
