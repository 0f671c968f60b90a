// SINDy-RL: a sparse model of the task as it is observed, a policy trained inside it by PPO, and at the end a sparse
// policy distilled from that one.
//
// One iteration: collect real steps (smooth noise first, then the stochastic policy), fit the surrogate to all that is
// kept, train in surrogate worlds, evaluate the most likely actions in real episodes of their own, from which nothing
// is learned. Done when all episodes of an evaluation reach the task's return of success. N. Zolman, C. Lagemann, U.
// Fasel, J. N. Kutz, S. L. Brunton, "SINDy-RL: Interpretable and efficient model-based reinforcement learning", 2024.
#include "agents/agent.h"
#include "agents/episodes.h"
#include "agents/evaluation.h"
#include "agents/observed_worlds.h"
#include "agents/ppo_learner.h"
#include "agents/smooth_noise.h"
#include "agents/sparse_policy.h"
#include "agents/surrogate_worlds.h"
#include "engine/byte_stream.h"
#include "engine/error.h"
#include "models/random_index.h"
#include "models/sindy_fit.h"
#include "models/sparse_surrogate.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include <fmt/format.h>

namespace lockstep::agents::sindy_rl {
namespace {

constexpr std::uint32_t kSavedVersion = 1;
constexpr int kErrorSteps = 100;  // of the error that a reader of the run sees

// Purposes of random numbers: streams of the run's seed, beside those of the learner.
enum Stream : std::uint32_t {
  kReal = 0x5e10,
  kNoise,
  kActions,
  kStarts,
  kSurrogate,
  kBufferStarts,
  kDistil,
  kTrials,
  kEvaluationSeeds,
  kEpisodeSeeds
};

// Many worlds and many steps: the model's are cheap. The learning rate falls over steps in the model.
PpoConfig surrogate_training() {
  PpoConfig config;
  config.worlds = 256;
  config.total_steps = 5000000;
  config.update.epochs = 5;
  config.update.minibatches = 16;
  return config;
}

struct Config {
  int random_steps = 8000;          // real env steps of smooth noise before the first fit
  double random_correlation = 0.1;  // s over which that noise stays alike
  int collect_steps = 500;          // real env steps under the policy, before every later fit
  int kept_steps = 8000;            // of them that are fitted to, the newest
  int training_iterations = 10;     // of PPO in the surrogate, between fits
  int starts = 1024;                // observations of real resets that surrogate episodes begin with
  double start_from_data = 0;       // share of surrogate episodes that begin where real ones have been
  std::string leaving = "end";      // agents/surrogate_worlds.h
  EvaluationConfig evaluation{.evaluations = 10};
  PpoConfig ppo = surrogate_training();
  models::SurrogateConfig surrogate;
  SparsePolicyConfig sparse_policy;

  void describe(Fields& fields) {
    fields.add("random_steps", random_steps, "real env steps of smooth noise before the first fit", {1, 1e9});
    fields.add("random_correlation", random_correlation, "s over which that noise stays alike", {1e-6, 1e3});
    fields.add("collect_steps", collect_steps, "real env steps under the policy before every later fit", {1, 1e9});
    fields.add("kept_steps", kept_steps, "of these that are fitted to, the newest", {1, 1e9});
    fields.add("training_iterations", training_iterations, "of PPO in the surrogate between fits", {1, 1e6});
    fields.add("starts", starts, "observations of real resets that surrogate episodes begin with", {1, 1 << 20});
    fields.add("start_from_data", start_from_data, "share of surrogate episodes that begin where real ones have been",
               {0, 0.99});
    fields.add_choice("leaving", leaving, "what leaving the surrogate's region comes to", {"cut", "end"});
    evaluation.describe(fields);
    fields.add_section("ppo", ppo);
    fields.add_section("surrogate", surrogate);
    fields.add_section("sparse_policy", sparse_policy);
  }
  void check() const { surrogate.check(); }
  [[nodiscard]] SurrogateWorldsConfig worlds(int count, std::uint64_t world_seed, int threads) const {
    return {.num_worlds = count,
            .seed = world_seed,
            .threads = threads,
            .leaving = leaving == "cut" ? Leaving::kCut : Leaving::kEnd,
            .discount = ppo.discount};
  }
};

// Observations of as many fresh episodes as `starts` [starts][observation_size].
std::vector<double> real_starts(const AgentInputs& inputs, int starts) {
  EnvironmentConfig config = inputs.environment;
  config.num_worlds = starts;
  config.seed = derived_seed(inputs.seed, kStarts, 0);
  show_true_rewards(config);
  const std::unique_ptr<Environment> worlds = inputs.make_environment(inputs.task, config);
  const View<const float, 2> seen = worlds->observation();
  return {seen.data_handle(), seen.data_handle() + seen.size()};
}

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

class SindyRl final : public Agent {
 public:
  SindyRl(const AgentInputs& inputs, const Config& config, std::unique_ptr<Environment> real);

  [[nodiscard]] std::string_view name() const override { return "sindy-rl"; }
  std::vector<Metric> iterate() override;
  [[nodiscard]] bool is_done() const override { return is_done_; }
  [[nodiscard]] bool is_successful() const override { return judge_.is_convinced(); }
  [[nodiscard]] std::int64_t budget() const override {
    const std::int64_t steps = learner_.steps_of_iteration() * config_.training_iterations;
    return (config_.ppo.total_steps + steps - 1) / steps;
  }
  [[nodiscard]] double progress() const override { return std::min(1.0, learner_.share_of_steps()); }
  [[nodiscard]] std::int64_t env_steps() const override { return env_steps_; }
  [[nodiscard]] double real_seconds() const override {
    return static_cast<double>(env_steps_) * spec_.control_timestep;
  }
  Episode evaluate(std::uint64_t seed) override;
  [[nodiscard]] std::vector<std::string> equations() const override;
  [[nodiscard]] std::vector<double> multi_step_error() const override { return model_error_; }
  [[nodiscard]] std::optional<PolicyDescription> policy() const override;
  [[nodiscard]] std::vector<std::byte> save() const override;
  void load(std::span<const std::byte> bytes) override;

 private:
  [[nodiscard]] Chooser greedy() {
    return [this](const Environment& worlds, std::span<float> executed) { learner_.choose_greedily(worlds, executed); };
  }
  void collect();
  void collect_noise();
  void collect_by_policy();
  void judge_model();
  void fit();
  [[nodiscard]] TransitionData all_data() const;
  [[nodiscard]] std::vector<double> episode_starts(const TransitionData& data, double share) const;
  [[nodiscard]] std::unique_ptr<Environment> fresh_worlds(int count, int group, std::uint64_t seed,
                                                          const std::vector<double>& starts) const;
  double distil(double network_return);
  std::vector<double> evaluate_side_by_side(const Chooser& choose);
  [[nodiscard]] std::string saved_kind() const { return "agent sindy-rl " + spec_.name; }
  void report(std::string_view stage, double share) const {
    if (inputs_.on_progress) inputs_.on_progress(stage, share);
  }

  AgentInputs inputs_;
  Config config_;
  TaskSpec spec_;
  std::vector<double> real_starts_;
  ObservedWorlds real_;
  models::SparseSurrogate surrogate_;
  SurrogateWorlds* imagined_;  // owned by the learner
  PpoLearner learner_;
  SparsePolicy sparse_policy_;
  SuccessJudge judge_;

  TransitionData random_, on_policy_;
  int newest_ = 0;  // rows of the last collection, at the end of on_policy_
  std::vector<double> model_error_;
  std::int64_t iteration_ = 0, env_steps_ = 0;
  double sparse_return_ = std::numeric_limits<double>::quiet_NaN();
  bool is_done_ = false;
};

// Makes the worlds that the learner will own, and remembers where they are.
std::unique_ptr<SurrogateWorlds> imagined_worlds(const AgentInputs& inputs, const Config& config, const TaskSpec& task,
                                                 SurrogateWorlds*& address) {
  SurrogateWorldsConfig of_training =
      config.worlds(config.ppo.worlds, derived_seed(inputs.seed, kSurrogate, 0), inputs.environment.threads);
  of_training.stagger_episodes = config.ppo.stagger_episodes;
  auto worlds = std::make_unique<SurrogateWorlds>(task, of_training);
  address = worlds.get();
  return worlds;
}

SindyRl::SindyRl(const AgentInputs& inputs, const Config& config, std::unique_ptr<Environment> real)
    : inputs_(inputs),
      config_(config),
      spec_(real->spec()),
      real_starts_(real_starts(inputs, config.starts)),
      real_(std::move(real)),
      surrogate_(spec_, config.surrogate),
      imagined_(nullptr),
      learner_(config.ppo, imagined_worlds(inputs, config, spec_, imagined_), inputs.seed),
      sparse_policy_(spec_, config.sparse_policy, surrogate_.names()),
      judge_(config.evaluation, spec_),
      random_(spec_.observation_size, spec_.action_size),
      on_policy_(spec_.observation_size, spec_.action_size) {}

// Each world has noise of its own, of half the range's size.
void SindyRl::collect_noise() {
  const ActionRange range(spec_);
  std::vector<SmoothNoise> noise;
  for (int world = 0; world < real_.worlds().config().num_worlds; ++world) {
    noise.emplace_back(derived_seed(inputs_.seed, kNoise, 0), static_cast<std::uint32_t>(world), spec_.action_size,
                       spec_.control_timestep, config_.random_correlation);
  }
  const auto size = static_cast<size_t>(spec_.action_size);
  const Chooser choose = [&](const Environment&, std::span<float> actions) {
    for (size_t world = 0; world < noise.size(); ++world) {
      const std::span<const double> sample = noise[world].next();
      for (size_t i = 0; i < size; ++i) actions[world * size + i] = static_cast<float>(range.at(i, sample[i]));
    }
  };
  env_steps_ += real_.collect(config_.random_steps, choose, random_, reporter(inputs_, "explore"));
  // Episodes under noise tell nothing of the policy.
  real_.restart();
}

void SindyRl::collect_by_policy() {
  const auto first = static_cast<std::uint32_t>(env_steps_);
  std::uint32_t step = 0;
  const Chooser choose = [&](const Environment& worlds, std::span<float> actions) {
    learner_.choose_at_random(worlds, {inputs_.seed, kActions}, first + step++, actions);
  };
  const int before = on_policy_.size();
  env_steps_ += real_.collect(config_.collect_steps, choose, on_policy_, reporter(inputs_, "collect"));
  newest_ = on_policy_.size() - before;
  const int surplus = on_policy_.size() - config_.kept_steps;
  if (surplus <= 0) return;
  std::vector<std::uint8_t> keep(static_cast<size_t>(on_policy_.size()), 1);
  std::fill_n(keep.begin(), surplus, 0);
  on_policy_ = on_policy_.filtered(keep);
  newest_ = std::min(newest_, on_policy_.size());
}

void SindyRl::collect() {
  if (iteration_ == 0) {
    collect_noise();
  } else {
    collect_by_policy();
    judge_model();
  }
}

// The model as it was before it saw the newest rows; those that touch stops are left out, for a stop is no equation.
void SindyRl::judge_model() {
  const models::SindySystem& system = surrogate_.dynamics().front().field().system();
  std::vector<std::uint8_t> keep = models::is_inside(on_policy_, system);
  std::fill(keep.begin(), keep.end() - newest_, 0);
  const TransitionData unseen = on_policy_.filtered(keep);
  if (unseen.empty()) return;
  models::SurrogateDynamics dynamics = surrogate_.dynamics().front();
  model_error_ = models::multi_step_error(dynamics, unseen, kErrorSteps, models::state_scale(unseen, system));
}

TransitionData SindyRl::all_data() const {
  TransitionData all = random_;
  all.append(on_policy_);
  return all;
}

// Real resets, and as many observations of the data as their share asks for.
std::vector<double> SindyRl::episode_starts(const TransitionData& data, double share) const {
  std::vector<double> starts = real_starts_;
  const auto more = static_cast<std::uint32_t>(std::lround(config_.starts * share / (1 - share)));
  const auto size = static_cast<size_t>(spec_.observation_size);
  for (std::uint32_t k = 0; k < more; ++k) {
    const size_t row = models::index_below(static_cast<size_t>(data.size()), {inputs_.seed, kBufferStarts}, k,
                                           static_cast<std::uint32_t>(data.size()));
    const std::span<const double> x = data.row(static_cast<int>(row)).x;
    starts.insert(starts.end(), x.begin(), x.begin() + static_cast<std::ptrdiff_t>(size));
  }
  return starts;
}

void SindyRl::fit() {
  report("fit", 0);
  const TransitionData data = all_data();
  for (int row = 0; row < data.size(); ++row) {
    if (data.done()[static_cast<size_t>(row)] == 0 || has_termination_rule(spec_.name)) continue;
    throw Error(fmt::format("task {} ended an episode by a rule that the surrogate does not know", spec_.name),
                "agent sindy-rl",
                "choose a task that only its time limit ends, or add its rule to agents/termination.cpp");
  }
  surrogate_.fit(data);
  imagined_->follow(surrogate_, episode_starts(data, config_.start_from_data));
  report("fit", 1);
}

std::unique_ptr<Environment> SindyRl::fresh_worlds(int count, int group, std::uint64_t seed,
                                                   const std::vector<double>& starts) const {
  SurrogateWorldsConfig config = config_.worlds(count, seed, inputs_.environment.threads);
  config.group = group;
  config.groups_start_alike = true;
  auto worlds = std::make_unique<SurrogateWorlds>(spec_, config);
  worlds->follow(surrogate_, starts);
  return worlds;
}

// Returns of one real episode in each of `evaluations` worlds, whose starts are functions of the seed and the
// iteration.
std::vector<double> SindyRl::evaluate_side_by_side(const Chooser& choose) {
  return returns_side_by_side(inputs_, config_.evaluation.evaluations,
                              derived_seed(inputs_.seed, kEvaluationSeeds, static_cast<std::uint64_t>(iteration_)),
                              choose, reporter(inputs_, "evaluate"));
}

// Distils inside the surrogate, and chooses among what was found by real episodes, which count as interaction: enough
// is 95 % of `network_return`. Returns the mean return in the real episodes that the network has just been judged by.
double SindyRl::distil(double network_return) {
  const std::vector<double> starts = episode_starts(all_data(), config_.sparse_policy.start_from_data);
  sparse_policy_.distil(
      [this](View<const float, 2> observations, std::span<float> means) { learner_.mean_actions(observations, means); },
      [&](int count, int group, std::uint64_t seed) { return fresh_worlds(count, group, seed, starts); },
      derived_seed(inputs_.seed, kDistil, 0), reporter(inputs_, "distil"));
  std::uint64_t trials = 0;
  sparse_policy_.select(
      [&](const Chooser& policy) {
        env_steps_ += spec_.episode_steps;
        return returns_side_by_side(inputs_, 1, derived_seed(inputs_.seed, kTrials, trials++), policy,
                                    [](double) {})[0];
      },
      network_return - 0.05 * std::abs(network_return));
  return mean_of(evaluate_side_by_side(
      [this](const Environment& worlds, std::span<float> executed) { sparse_policy_.choose(worlds, executed); }));
}

std::vector<Metric> SindyRl::iterate() {
  collect();
  fit();
  EndedEpisodes episodes;
  for (int k = 0; k < config_.training_iterations; ++k) {
    episodes.add(learner_.iterate(
        [&](std::string_view, double share) { report("train", (k + share) / config_.training_iterations); }));
  }
  const std::vector<double> returns = evaluate_side_by_side(greedy());
  judge_.judge(returns);
  is_done_ = judge_.is_convinced() || learner_.share_of_steps() >= 1;
  if (is_done_ && config_.sparse_policy.enabled) sparse_return_ = distil(mean_of(returns));
  ++iteration_;
  const auto error_at = [&](size_t steps) {
    return model_error_.size() >= steps ? model_error_[steps - 1] : std::numeric_limits<double>::quiet_NaN();
  };
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  const bool is_distilled = sparse_policy_.is_distilled();
  std::vector<Metric> metrics = return_metrics(returns, is_successful(), episodes);
  metrics.insert(metrics.end(), {{"rows", static_cast<double>(surrogate_.rows())},
                                 {"terms", static_cast<double>(surrogate_.terms())},
                                 {"members", static_cast<double>(surrogate_.members())},
                                 {"reward_score", surrogate_.reward_score()},
                                 {"model_error_1", error_at(1)},
                                 {"model_error_10", error_at(10)},
                                 {"model_error_100", error_at(100)},
                                 {"surrogate_steps", static_cast<double>(learner_.steps())},
                                 {"sparse_return", sparse_return_},
                                 {"sparse_surrogate_return", is_distilled ? sparse_policy_.surrogate_return() : kNone},
                                 {"sparse_terms", is_distilled ? static_cast<double>(sparse_policy_.terms()) : kNone}});
  const std::vector<Metric> of_learning = learner_.metrics();
  metrics.insert(metrics.end(), of_learning.begin(), of_learning.end());
  return metrics;
}

Episode SindyRl::evaluate(std::uint64_t seed) {
  return greedy_episode(inputs_, derived_seed(seed, kEpisodeSeeds, 0), greedy(), reporter(inputs_, "evaluate"));
}

std::vector<std::string> SindyRl::equations() const {
  std::vector<std::string> lines = surrogate_.equations();
  const std::vector<std::string> of_policy = sparse_policy_.equations();
  lines.insert(lines.end(), of_policy.begin(), of_policy.end());
  return lines;
}

std::optional<PolicyDescription> SindyRl::policy() const {
  PolicyDescription policy = policy_for(spec_);
  learner_.describe(policy);
  return policy;
}

std::vector<std::byte> SindyRl::save() const {
  ByteWriter out(saved_kind(), kSavedVersion);
  out.write(iteration_);
  out.write(env_steps_);
  out.write(sparse_return_);
  out.write(static_cast<std::uint8_t>(is_done_ ? 1 : 0));
  judge_.save(out);
  random_.save(out);
  on_policy_.save(out);
  out.write_array(std::span<const double>(model_error_));
  real_.save(out);
  surrogate_.save(out);
  learner_.save(out);
  sparse_policy_.save(out);
  return std::move(out).finish();
}

void SindyRl::load(std::span<const std::byte> bytes) {
  const std::string where = "the agent's part of the checkpoint";
  ByteReader in(bytes, saved_kind(), kSavedVersion, where);
  iteration_ = in.read<std::int64_t>();
  env_steps_ = in.read<std::int64_t>();
  sparse_return_ = in.read<double>();
  is_done_ = in.read<std::uint8_t>() != 0;
  judge_.load(in);
  random_ = TransitionData::load(in);
  on_policy_ = TransitionData::load(in);
  model_error_ = in.read_vector<double>();
  real_.load(in);
  surrogate_.load(in);
  learner_.load(in, where);
  sparse_policy_.load(in);
  in.expect_end();
  if (random_.state_size() != spec_.observation_size || random_.control_size() != spec_.action_size)
    in.fail("the saved transitions are of another task's sizes");
  if (surrogate_.is_fitted()) imagined_->follow(surrogate_, episode_starts(all_data(), config_.start_from_data));
}

std::unique_ptr<Agent> make(const AgentInputs& inputs) {
  const auto config = configured<Config>(inputs.settings);
  EnvironmentConfig environment = inputs.environment;
  environment.seed = derived_seed(inputs.seed, kReal, 0);
  environment.auto_reset = true;
  return std::make_unique<SindyRl>(inputs, config, inputs.make_environment(inputs.task, environment));
}

}  // namespace

extern const Entry kEntry{"sindy-rl", "trains a policy by PPO inside sparse equations of the task, and distils it",
                          make, [] { return settings_of(Config{}); }};

}  // namespace lockstep::agents::sindy_rl
