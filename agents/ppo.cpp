// PPO: proximal policy optimisation on a batch of worlds.
//
// One iteration: an iteration of agents/ppo_learner.h on the true physics, and an evaluation of the most likely actions
// in episodes of their own, from which nothing is learned. Done when all episodes of an evaluation reach the task's
// return of success.
#include "agents/agent.h"
#include "agents/episodes.h"
#include "agents/evaluation.h"
#include "agents/ppo_learner.h"
#include "engine/byte_stream.h"

#include <algorithm>
#include <utility>

namespace lockstep::agents::ppo {
namespace {

constexpr std::uint32_t kSavedVersion = 3;

// Purposes of random numbers: streams of the run's seed, beside those of the learner.
enum Stream : std::uint32_t { kEvaluationSeeds = 0x99a2, kEpisodeSeeds };

struct Config {
  PpoConfig learner;
  EvaluationConfig evaluation;

  void describe(Fields& fields) {
    learner.describe(fields);
    evaluation.describe(fields);
  }
};

class Ppo final : public Agent {
 public:
  // `worlds`: those to learn from.
  Ppo(const AgentInputs& inputs, const Config& config, std::unique_ptr<Environment> worlds)
      : inputs_(inputs),
        config_(config),
        spec_(worlds->spec()),
        learner_(config.learner, std::move(worlds), inputs.seed),
        judge_(config.evaluation, spec_) {}

  [[nodiscard]] std::string_view name() const override { return "ppo"; }
  std::vector<Metric> iterate() override;
  [[nodiscard]] bool is_done() const override { return is_done_; }
  [[nodiscard]] std::int64_t budget() const override {
    const std::int64_t steps = learner_.steps_of_iteration();
    return (config_.learner.total_steps + steps - 1) / steps;
  }
  [[nodiscard]] double progress() const override { return std::min(1.0, learner_.share_of_steps()); }
  [[nodiscard]] std::int64_t env_steps() const override { return learner_.steps(); }
  [[nodiscard]] double real_seconds() const override {
    return static_cast<double>(env_steps()) * spec_.control_timestep;
  }
  Episode evaluate(std::uint64_t seed) override;
  [[nodiscard]] std::vector<std::string> equations() const override { return {}; }
  [[nodiscard]] std::vector<double> multi_step_error() const override { return {}; }
  [[nodiscard]] std::optional<PolicyDescription> policy() const override;
  [[nodiscard]] std::vector<std::byte> save() const override;
  void load(std::span<const std::byte> bytes) override;

 private:
  [[nodiscard]] Chooser greedy() {
    return [this](const Environment& worlds, std::span<float> executed) { learner_.choose_greedily(worlds, executed); };
  }
  std::vector<double> evaluate_side_by_side();
  [[nodiscard]] std::string saved_kind() const { return "agent ppo " + spec_.name; }

  AgentInputs inputs_;
  Config config_;
  TaskSpec spec_;
  PpoLearner learner_;
  std::int64_t iteration_ = 0;
  SuccessJudge judge_;
  bool is_done_ = false;
};

// Returns of one episode in each of `evaluations` worlds, whose starts are functions of the seed and the iteration.
std::vector<double> Ppo::evaluate_side_by_side() {
  return returns_side_by_side(inputs_, config_.evaluation.evaluations,
                              derived_seed(inputs_.seed, kEvaluationSeeds, static_cast<std::uint64_t>(iteration_)),
                              greedy(), reporter(inputs_, "evaluate"));
}

std::vector<Metric> Ppo::iterate() {
  const EndedEpisodes episodes = learner_.iterate(inputs_.on_progress ? inputs_.on_progress : [](auto, auto) {});
  const std::vector<double> returns = evaluate_side_by_side();
  judge_.judge(returns);
  // Without a return that counts as success, a run is done when its steps are.
  is_done_ = judge_.has_target() ? judge_.is_convinced() : learner_.share_of_steps() >= 1;
  ++iteration_;
  std::vector<Metric> metrics = return_metrics(returns, is_done_, episodes);
  const std::vector<Metric> of_learning = learner_.metrics();
  metrics.insert(metrics.end(), of_learning.begin(), of_learning.end());
  return metrics;
}

Episode Ppo::evaluate(std::uint64_t seed) {
  return greedy_episode(inputs_, derived_seed(seed, kEpisodeSeeds, 0), greedy(), reporter(inputs_, "evaluate"));
}

std::optional<PolicyDescription> Ppo::policy() const {
  PolicyDescription policy = policy_for(spec_);
  learner_.describe(policy);
  return policy;
}

std::vector<std::byte> Ppo::save() const {
  ByteWriter out(saved_kind(), kSavedVersion);
  out.write(iteration_);
  judge_.save(out);
  out.write(is_done_);
  learner_.save(out);
  return std::move(out).finish();
}

void Ppo::load(std::span<const std::byte> bytes) {
  const std::string where = "the agent's part of the checkpoint";
  ByteReader in(bytes, saved_kind(), kSavedVersion, where);
  const auto iteration = in.read<std::int64_t>();
  judge_.load(in);
  const bool is_done = in.read<bool>();
  learner_.load(in, where);
  in.expect_end();
  iteration_ = iteration;
  is_done_ = is_done;
}

std::unique_ptr<Agent> make(const AgentInputs& inputs) {
  const auto config = configured<Config>(inputs.settings);
  return std::make_unique<Ppo>(inputs, config,
                               training_worlds(inputs, "ppo", config.learner.worlds, config.learner.stagger_episodes));
}

}  // namespace

extern const Entry kEntry{"ppo", "proximal policy optimisation: policy and value networks on many worlds at once", make,
                          [] { return settings_of(Config{}); }};

}  // namespace lockstep::agents::ppo
