// MBPO: soft actor-critic on short rollouts of a probabilistic ensemble that begin at states which were really seen.
//
// M. Janner, J. Fu, M. Zhang, S. Levine, "When to trust your model: model-based policy optimization", NeurIPS 2019,
// algorithm 2. Every `retrain_steps` env steps the ensemble goes on learning from all real transitions, and `rollouts`
// states among them are rolled out under the policy of the day; each update then sees a few real transitions and many
// of the model's.
#include "agents/sac_learner.h"
#include "agents/termination.h"
#include "engine/error.h"
#include "models/networks/gaussian_ensemble.h"
#include "models/random_index.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>

#include <fmt/format.h>

namespace lockstep::agents::mbpo {
namespace {

// Streams of the run's seed.
enum Stream : std::uint32_t { kFits = 0x3b90, kStarts, kActions, kModelDraws, kModelSamples };

struct ModelConfig {
  int retrain_steps = 250;   // real env steps between two fits
  int rollouts = 100000;     // states that are rolled out after each fit
  int retained_fits = 4;     // whose rollouts are learned from
  int first_length = 1;      // steps of a rollout at the start
  int last_length = 1;       // and once it has grown
  int growth_start = 20000;  // env steps from which on it grows
  int growth_end = 150000;   // and after which it no longer does
  double real_share = 0.05;  // of an update's transitions
  models::networks::GaussianEnsembleConfig ensemble;

  void describe(Fields& fields) {
    fields.add("retrain_steps", retrain_steps, "real env steps between two fits", {1, 1e9});
    fields.add("rollouts", rollouts, "real states that are rolled out after each fit", {1, 1e8});
    fields.add("retained_fits", retained_fits, "fits whose rollouts are learned from", {1, 1000});
    fields.add("first_length", first_length, "steps of a rollout at the start", {1, 1000});
    fields.add("last_length", last_length, "steps of a rollout once it has grown", {1, 1000});
    fields.add("growth_start", growth_start, "env steps from which on rollouts grow", {0, 2e9});
    fields.add("growth_end", growth_end, "env steps after which they no longer do", {0, 2e9});
    fields.add("real_share", real_share, "of an update's transitions", {0, 1});
    fields.add_section("ensemble", ensemble);
  }
};

// Twenty updates a step on a model's data, as on the paper's Hopper, Walker2d and Ant.
OffPolicyConfig loop_defaults() {
  OffPolicyConfig loop;
  loop.updates_per_step = 20;
  loop.iteration_steps = 1000;
  loop.total_steps = 300000;
  return loop;
}

struct Config {
  OffPolicyConfig loop = loop_defaults();
  SacLearnerConfig learner;
  ModelConfig model;

  void describe(Fields& fields) {
    loop.describe(fields);
    learner.describe(fields);
    fields.add_section("model", model);
  }
  void check() const {
    if (loop.replay.lookahead != 1) {
      throw Error(fmt::format("lookahead = {}, but a model is fitted to single steps", loop.replay.lookahead),
                  "agent mbpo", "leave lookahead at 1");
    }
    if (loop.replay.priority_exponent != 0) {
      throw Error(
          fmt::format("priority_exponent = {}, but most of an update's transitions are a model's and drawn alike",
                      loop.replay.priority_exponent),
          "agent mbpo", "leave priority_exponent at 0, or choose agent sac or td3");
    }
  }
};

// Transitions of the last fits' rollouts, and draws from all of them.
class ModelData {
 public:
  void start_fit(int retained, const ReplayConfig& config, const TaskSpec& task) {
    fits_.emplace_back(config, 1, task.observation_size, task.action_size);
    while (fits_.size() > static_cast<size_t>(retained)) fits_.pop_front();
  }
  [[nodiscard]] Replay& newest() { return fits_.back(); }
  [[nodiscard]] int size() const {
    int total = 0;
    for (const Replay& fit : fits_) total += fit.size();
    return total;
  }
  // Into rows first ... out.rows() - 1.
  void sample(kernels::RandomStream stream, std::uint32_t draw, int first, Minibatch<float>& out) const {
    const auto total = static_cast<size_t>(size());
    for (int k = first; k < out.rows(); ++k)
      out.set(k, row_at(static_cast<int>(models::index_below(total, stream, static_cast<std::uint32_t>(k), draw))));
  }

  void save(ByteWriter& out) const {
    out.write(static_cast<std::uint32_t>(fits_.size()));
    for (const Replay& fit : fits_) {
      out.write(fit.capacity());
      fit.save(out);
    }
  }
  void load(ByteReader& in, int retained, const ReplayConfig& config, const TaskSpec& task) {
    fits_.clear();
    const auto count = in.read<std::uint32_t>();
    if (count > static_cast<std::uint32_t>(retained)) in.fail(fmt::format("rollouts of {} fits", count));
    for (std::uint32_t k = 0; k < count; ++k) {
      ReplayConfig of_fit = config;
      of_fit.capacity = in.read<int>();
      if (of_fit.capacity < 1) in.fail("a fit without room for rollouts");
      start_fit(retained, of_fit, task);
      newest().load(in);
    }
  }

 private:
  [[nodiscard]] TransitionRow<float> row_at(int index) const {
    for (const Replay& fit : fits_) {
      if (index < fit.size()) return fit.row(index);
      index -= fit.size();
    }
    return fits_.back().row(fits_.back().size() - 1);
  }

  std::deque<Replay> fits_;
};

class Learner final : public OffPolicyLearner {
 public:
  Learner(const TaskSpec& task, const Config& config, std::uint64_t seed, ThreadPool& pool)
      : config_(config),
        task_(task),
        seed_(seed),
        policy_(task, config.learner, seed, pool),
        ensemble_(task.observation_size + task.action_size, task.observation_size + 1, config.model.ensemble, seed,
                  pool),
        mixed_(config.loop.batch, task.observation_size, task.action_size) {}

  void explore(View<const float, 2> observations, const Draw& draw, std::span<float> actions) override {
    policy_.explore(observations, draw, actions);
  }
  void act_greedily(View<const float, 2> observations, std::span<float> actions) override {
    policy_.act_greedily(observations, actions);
  }
  void watch(const Replay& real, std::int64_t env_steps) override;
  void update(const Transitions<float>& transitions, kernels::RandomStream stream) override;
  [[nodiscard]] std::span<const float> errors() const override { return policy_.errors(); }
  std::vector<Metric> take_statistics() override;
  void describe(PolicyDescription& policy) const override { policy_.describe(policy); }
  void save(ByteWriter& out) const override;
  void load(ByteReader& in, const std::string& where) override;

 private:
  void fit(const Replay& real);
  void roll_out(const Replay& real, int length);
  void step_model(int step);
  [[nodiscard]] int length_at(std::int64_t env_steps) const;

  Config config_;
  TaskSpec task_;
  std::uint64_t seed_;
  SacLearner policy_;
  models::networks::GaussianEnsemble ensemble_;
  ModelData model_data_;
  Minibatch<float> mixed_;
  std::int64_t next_fit_ = 0;  // env steps at which the ensemble is fitted again
  std::uint32_t fits_ = 0, updates_ = 0;
  models::networks::GaussianEnsembleFit last_fit_;
  int length_ = 0;
  // Of the rows that are being rolled out.
  std::vector<float> states_, actions_, joint_, changes_;
};

// Grows linearly between two numbers of env steps.
int Learner::length_at(std::int64_t env_steps) const {
  const ModelConfig& model = config_.model;
  const double span = std::max(1, model.growth_end - model.growth_start);
  const double share = std::clamp((static_cast<double>(env_steps) - model.growth_start) / span, 0.0, 1.0);
  return static_cast<int>(model.first_length + share * (model.last_length - model.first_length));
}

void Learner::watch(const Replay& real, std::int64_t env_steps) {
  if (env_steps < next_fit_) return;
  fit(real);
  length_ = length_at(env_steps);
  roll_out(real, length_);
  next_fit_ = env_steps + config_.model.retrain_steps;
  ++fits_;
}

// Inputs: observation and action; targets: change of the observation, and reward.
void Learner::fit(const Replay& real) {
  std::vector<float> inputs, targets;
  for (int k = 0; k < real.size(); ++k) {
    const TransitionRow<float> row = real.row(k);
    if (row.discount == 0 && !has_termination_rule(task_.name)) {
      throw Error(fmt::format("task {} ended an episode by a rule that the model does not know", task_.name),
                  "agent mbpo",
                  "choose a task that only its time limit ends, or add its rule to agents/termination.cpp");
    }
    inputs.insert(inputs.end(), row.observation.begin(), row.observation.end());
    inputs.insert(inputs.end(), row.action.begin(), row.action.end());
    for (size_t i = 0; i < row.observation.size(); ++i) targets.push_back(row.next_observation[i] - row.observation[i]);
    targets.push_back(row.reward);
  }
  last_fit_ = ensemble_.fit(view(std::as_const(inputs).data(), real.size(), ensemble_.inputs()),
                            view(std::as_const(targets).data(), real.size(), ensemble_.outputs()), {seed_, kFits});
}

// One step of the policy in the model from every row of states_; rows whose episode ends there are left out after it.
void Learner::step_model(int step) {
  const auto width = static_cast<size_t>(task_.observation_size), size = static_cast<size_t>(task_.action_size);
  const size_t rows = states_.size() / width;
  const auto count = static_cast<int>(rows);
  actions_.resize(rows * size);
  joint_.resize(rows * (width + size));
  changes_.resize(rows * (width + 1));
  const auto seen = view(std::as_const(states_).data(), count, task_.observation_size);
  const std::uint32_t draw = fits_ * 1024 + static_cast<std::uint32_t>(step);  // rollouts are at most 1,000 steps
  policy_.explore(seen, {{seed_, kActions}, draw}, actions_);
  join_rows(seen, rows_of(actions_, count, task_.action_size), std::span(joint_));
  ensemble_.sample(rows_of(joint_, count, ensemble_.inputs()), {seed_, kModelDraws}, draw,
                   view(changes_.data(), count, ensemble_.outputs()));
  const Termination ends = termination_of(task_.name);
  std::vector<float> next(width);
  size_t alive = 0;
  for (size_t row = 0; row < rows; ++row) {
    const std::span<float> state = std::span(states_).subspan(row * width, width);
    const float* const change = &changes_[row * (width + 1)];
    for (size_t i = 0; i < width; ++i) next[i] = state[i] + change[i];
    const bool is_terminated = ends(next);
    model_data_.newest().add(0, {.observation = state,
                                 .action = std::span<const float>(actions_).subspan(row * size, size),
                                 .next_observation = next,
                                 .reward = change[width],
                                 .is_terminated = is_terminated,
                                 .is_last = true});
    if (is_terminated || !std::ranges::all_of(next, [](float x) { return std::isfinite(x); })) continue;
    std::ranges::copy(next, &states_[alive++ * width]);
  }
  states_.resize(alive * width);
}

void Learner::roll_out(const Replay& real, int length) {
  ReplayConfig config = config_.loop.replay;
  config.capacity = config_.model.rollouts * length;
  model_data_.start_fit(config_.model.retained_fits, config, task_);
  Minibatch<float> starts(config_.model.rollouts, task_.observation_size, task_.action_size);
  real.sample({seed_, kStarts}, fits_, starts);
  const View<const float, 2> seen = starts.transitions().observations;
  states_.assign(seen.data_handle(), seen.data_handle() + seen.size());
  for (int step = 0; step < length && !states_.empty(); ++step) step_model(step);
}

void Learner::update(const Transitions<float>& transitions, kernels::RandomStream stream) {
  const int real =
      std::clamp(static_cast<int>(std::lround(config_.model.real_share * mixed_.rows())), 0, mixed_.rows());
  for (int k = 0; k < real; ++k) mixed_.set(k, transitions.row(k));
  model_data_.sample({seed_, kModelSamples}, updates_++, real, mixed_);
  policy_.update(mixed_.transitions(), stream);
}

std::vector<Metric> Learner::take_statistics() {
  std::vector<Metric> metrics = policy_.take_statistics();
  double error = std::numeric_limits<double>::quiet_NaN();
  if (!last_fit_.holdout_error.empty()) error = std::ranges::min(last_fit_.holdout_error);
  metrics.push_back({"model_error", error});
  metrics.push_back({"model_epochs", static_cast<double>(last_fit_.epochs)});
  metrics.push_back({"rollout_length", static_cast<double>(length_)});
  metrics.push_back({"model_transitions", static_cast<double>(model_data_.size())});
  return metrics;
}

void Learner::save(ByteWriter& out) const {
  policy_.save(out);
  ensemble_.save(out);
  model_data_.save(out);
  out.write(next_fit_);
  out.write(fits_);
  out.write(updates_);
  out.write(length_);
  out.write(last_fit_.epochs);
  out.write_array(std::span<const double>(last_fit_.holdout_error));
}

void Learner::load(ByteReader& in, const std::string& where) {
  policy_.load(in, where);
  ensemble_.load(in);
  model_data_.load(in, config_.model.retained_fits, config_.loop.replay, task_);
  next_fit_ = in.read<std::int64_t>();
  fits_ = in.read<std::uint32_t>();
  updates_ = in.read<std::uint32_t>();
  length_ = in.read<int>();
  last_fit_.epochs = in.read<int>();
  last_fit_.holdout_error = in.read_vector<double>();
}

std::unique_ptr<Agent> make(const AgentInputs& inputs) {
  const auto config = configured<Config>(inputs.settings);
  return make_off_policy_agent("mbpo", inputs, config.loop,
                               [&config](const TaskSpec& task, std::uint64_t seed, ThreadPool& pool) {
                                 return std::make_unique<Learner>(task, config, seed, pool);
                               });
}

}  // namespace

extern const Entry kEntry{"mbpo", "soft actor-critic on short rollouts of a learned probabilistic ensemble", make,
                          [] { return settings_of(Config{}); }};

}  // namespace lockstep::agents::mbpo
