// SINDy-MPC: explore the true physics, fit sparse equations of motion, plan through them on the true physics, refit.
//
// One iteration: collect real interaction (smooth noise first, then receding-horizon control with noise), fit SINDy to
// everything collected so far, and evaluate the planner through the fit in episodes of the true physics, from which
// nothing is learned. Done when an evaluation reaches the task's return of success.
// E. Kaiser, J. N. Kutz, S. L. Brunton, "Sparse identification of nonlinear dynamics for model predictive control in
// the low-data limit", Proc. R. Soc. A 474, 2018.
#include "agents/agent.h"
#include "agents/episodes.h"
#include "agents/smooth_noise.h"
#include "engine/byte_stream.h"
#include "engine/error.h"
#include "engine/transitions.h"
#include "models/sindy.h"
#include "models/sindy_fit.h"
#include "planners/planner.h"
#include "planners/receding_horizon.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace lockstep::agents::sindy_mpc {
namespace {

constexpr std::uint32_t kSavedVersion = 1;

// Purposes of random numbers: a run's draws depend on (seed, purpose, iteration).
enum Purpose : std::uint32_t { kCollectStart = 0x51d0, kCollectNoise, kEvaluateStart, kPlanCollect, kPlanEvaluate };

struct Config {
  double explore_seconds = 20;       // of real interaction before the first fit
  double explore_amplitude = 1.0;    // standard deviation of the exploring noise, share of half the control range
  double explore_correlation = 0.4;  // s over which it stays alike
  double collect_seconds = 10;       // of real interaction under the planner in every later iteration
  double collect_noise = 0.15;       // standard deviation added to planned controls while collecting
  double box_margin = 0.9;           // a collecting world is reset when a state leaves this share of its smooth box
  int evaluations = 1;               // episodes of an evaluation; all must succeed
  double target_return = 0;          // return of a success; 0: the task's own
  std::string planner = "ilqr";      // its keys are planner.*

  void describe(Fields& fields) {
    fields.add("explore_seconds", explore_seconds, "s of real interaction before the first fit", {0.1, 1e6});
    fields.add("explore_amplitude", explore_amplitude,
               "standard deviation of the exploring noise, share of half the control range", {0, 10});
    fields.add("explore_correlation", explore_correlation, "s over which the exploring noise stays alike", {1e-3, 1e3});
    fields.add("collect_seconds", collect_seconds, "s of real interaction in every later iteration", {0.1, 1e6});
    fields.add("collect_noise", collect_noise, "standard deviation added to planned controls while collecting",
               {0, 10});
    fields.add("box_margin", box_margin, "reset while collecting when a state leaves this share of its box", {0, 1});
    fields.add("evaluations", evaluations, "episodes of an evaluation; all must succeed", {1, 1000});
    fields.add("target_return", target_return, "return of a success; 0: the task's own");
    fields.add("planner", planner, "planner that looks ahead through the model; its keys are planner.*");
  }
};

// The agent's settings, sorted by who reads them: its own, model.*, planner.*, mpc.*.
struct Parts {
  Config own;
  models::SindyConfig model;
  Settings planner;
  planners::RecedingHorizonConfig mpc;
};

Parts read(const Settings& settings) {
  Settings own;
  for (const auto& [key, setting] : settings.values()) {
    if (!key.starts_with("model.") && !key.starts_with("planner.") && !key.starts_with("mpc.")) own.set(key, setting);
  }
  return {configured<Config>(own), models::configured_sindy(settings.section("model")), settings.section("planner"),
          configured<planners::RecedingHorizonConfig>(settings.section("mpc"))};
}

Settings defaults() {
  Settings all = settings_of(Config{});
  all.merge(settings_of(models::SindyConfig{}).prefixed("model"));
  all.merge(planners::find(Config{}.planner).defaults().prefixed("planner"));
  all.merge(settings_of(planners::RecedingHorizonConfig{}).prefixed("mpc"));
  return all;
}

// The planner at work on its own copy of the model.
struct Pilot {
  std::unique_ptr<Dynamics> model;
  std::unique_ptr<Cost> cost;
  planners::RecedingHorizon loop;
};

// What planning took in an evaluation.
struct PlanCount {
  std::int64_t plans = 0, iterations = 0;
  double seconds = 0;
  planners::PlanTiming last;  // of the last episode
};

// Smooth noise on actions, in units of half their range (of 1 where unbounded), kept in bounds.
class ActionNoise {
 public:
  ActionNoise(const TaskSpec& spec, std::uint64_t seed, double correlation, double amplitude)
      : spec_(spec),
        noise_(seed, 0, spec.action_size, spec.control_timestep, correlation),
        amplitude_(amplitude),
        range_(spec),
        action_(range_.half.size()) {}

  [[nodiscard]] std::span<const double> middle() const { return range_.middle; }
  // The next sample about `center` [action_size]; valid until the next call.
  std::span<const float> around(std::span<const double> center) {
    const std::span<const double> sample = noise_.next();
    for (size_t i = 0; i < action_.size(); ++i) {
      const double action = center[i] + amplitude_ * range_.half[i] * sample[i];
      action_[i] = static_cast<float>(std::clamp(action, spec_.action_low[i], spec_.action_high[i]));
    }
    return action_;
  }

 private:
  const TaskSpec& spec_;
  SmoothNoise noise_;
  double amplitude_;
  ActionRange range_;
  std::vector<float> action_;
};

// True where every state is within `share` of the task's smooth box about the box's middle.
bool is_inside(const TaskSpec& spec, std::span<const double> x, double share) {
  for (int i = 0; i < spec.state_size; ++i) {
    const double low = spec.state_low[i], high = spec.state_high[i];
    if (!std::isfinite(low) || !std::isfinite(high)) continue;
    if (std::abs(x[i] - 0.5 * (low + high)) > share * 0.5 * (high - low)) return false;
  }
  return true;
}

class SindyMpc final : public Agent {
 public:
  explicit SindyMpc(const AgentInputs& inputs)
      : inputs_(inputs),
        parts_(read(inputs.settings)),
        spec_(check_task(inputs)),
        data_(spec_.state_size, spec_.action_size) {
    static_cast<void>(planners::find(parts_.own.planner).make(parts_.planner));  // its keys are checked now
    if (target_return() == 0) {
      throw Error(fmt::format("task {} does not say which return is a success", spec_.name), "agent sindy-mpc",
                  "set target_return");
    }
  }

  [[nodiscard]] std::string_view name() const override { return "sindy-mpc"; }
  std::vector<Metric> iterate() override;
  [[nodiscard]] bool is_done() const override { return is_done_; }
  [[nodiscard]] double progress() const override { return progress_; }
  [[nodiscard]] std::int64_t env_steps() const override { return env_steps_; }
  [[nodiscard]] double real_seconds() const override {
    return static_cast<double>(env_steps_) * spec_.control_timestep;
  }
  Episode evaluate(std::uint64_t seed) override;
  [[nodiscard]] std::vector<std::string> equations() const override {
    return model_ ? model_->equations() : std::vector<std::string>{};
  }
  [[nodiscard]] std::vector<double> multi_step_error() const override { return model_error_; }
  [[nodiscard]] std::vector<std::byte> save() const override;
  void load(std::span<const std::byte> bytes) override;

 private:
  static TaskSpec check_task(const AgentInputs& inputs);
  [[nodiscard]] double target_return() const {
    return parts_.own.target_return != 0 ? parts_.own.target_return : spec_.success_return;
  }
  [[nodiscard]] Pilot make_pilot(const Environment& world, std::uint64_t seed) const;
  void report(std::string_view stage, double share, double first, double last);
  void collect();
  bool record_step(Environment& world, std::span<const double> x, std::span<const float> action);
  [[nodiscard]] Episode steer(std::uint64_t seed, PlanCount& plans, const std::function<void(double)>& on_share) const;
  [[nodiscard]] std::vector<double> predict(const Episode& episode) const;
  [[nodiscard]] std::vector<double> error_curve(const std::vector<Episode>& episodes) const;

  AgentInputs inputs_;
  Parts parts_;
  TaskSpec spec_;
  double progress_ = 0;  // within the present iteration

  // What save() keeps.
  TransitionData data_;
  std::optional<models::Sindy> model_;
  std::vector<double> model_error_;
  std::int64_t iteration_ = 0, env_steps_ = 0, trajectories_ = 0;
  bool is_done_ = false;
};

TaskSpec SindyMpc::check_task(const AgentInputs& inputs) {
  EnvironmentConfig config = inputs.environment;
  config.num_worlds = 1;
  TaskSpec spec = inputs.make_environment(inputs.task, config)->spec();
  if (spec.discrete_actions != 0) {
    throw Error(fmt::format("task {} has discrete actions, which sindy-mpc cannot plan", spec.name),
                "lockstep train " + inputs.task, "choose a task with continuous actions (lockstep list tasks)");
  }
  return spec;
}

Pilot SindyMpc::make_pilot(const Environment& world, std::uint64_t seed) const {
  std::unique_ptr<Dynamics> model = model_->clone();
  std::unique_ptr<Cost> cost = world.cost();
  planners::RecedingHorizon loop(planners::find(parts_.own.planner).make(parts_.planner), *model, *cost,
                                 spec_.action_low, spec_.action_high, parts_.mpc);
  loop.reset(seed);
  return {std::move(model), std::move(cost), std::move(loop)};
}

// `share` of a stage that takes the iteration from `first` to `last`.
void SindyMpc::report(std::string_view stage, double share, double first, double last) {
  progress_ = first + share * (last - first);
  if (inputs_.on_progress) inputs_.on_progress(stage, share);
}

// Real interaction: smooth noise before there is a model, then the planner's controls with smooth noise on top.
void SindyMpc::collect() {
  const bool explores = !model_;
  const Config& own = parts_.own;
  const double seconds = explores ? own.explore_seconds : own.collect_seconds;
  const auto steps = static_cast<int>(std::ceil(seconds / spec_.control_timestep));
  const auto world = single_world(inputs_, derived_seed(inputs_.seed, kCollectStart, iteration_));
  ActionNoise noise(spec_, derived_seed(inputs_.seed, kCollectNoise, iteration_), own.explore_correlation,
                    explores ? own.explore_amplitude : own.collect_noise);
  std::optional<Pilot> pilot;
  bool begins = true;
  for (int step = 0; step < steps; ++step) {
    if (begins) {
      ++trajectories_;
      if (!explores) pilot.emplace(make_pilot(*world, derived_seed(inputs_.seed, kPlanCollect, trajectories_)));
    }
    const std::vector<double> x = state_of(*world);
    begins = record_step(*world, x, noise.around(explores ? noise.middle() : pilot->loop.act(x)));
    if (begins) world->reset();
    report(explores ? "explore" : "collect", (step + 1.0) / steps, 0, 0.45);
  }
}

// Appends one real step; true when the motion ends there.
bool SindyMpc::record_step(Environment& world, std::span<const double> x, std::span<const float> action) {
  world.step(view(action.data(), 1, spec_.action_size));
  const std::vector<double> next = state_of(world);
  const std::vector<double> u(action.begin(), action.end());
  const bool done = world.terminated()[0] != 0;
  const bool cut = world.truncated()[0] != 0 || !is_inside(spec_, next, parts_.own.box_margin);
  ++env_steps_;
  // The last step of a motion that became non-finite tells nothing.
  if (std::all_of(next.begin(), next.end(), [](double value) { return std::isfinite(value); })) {
    data_.append({.x = x,
                  .u = u,
                  .next = next,
                  .reward = static_cast<double>(world.reward()[0]),
                  .done = done,
                  .truncated = cut,
                  .trajectory = trajectories_});
  }
  return done || cut;
}

// One episode of the true physics under the planner, without noise, and what the model predicted for it.
Episode SindyMpc::steer(std::uint64_t seed, PlanCount& plans, const std::function<void(double)>& on_share) const {
  const auto world = single_world(inputs_, derived_seed(seed, kEvaluateStart, 0));
  Pilot pilot = make_pilot(*world, derived_seed(seed, kPlanEvaluate, 0));
  const auto choose = [&](std::span<const double> x, std::span<float> action) {
    const std::span<const double> planned = pilot.loop.act(x);
    plans.iterations += pilot.loop.last().iterations;
    std::transform(planned.begin(), planned.end(), action.begin(), [](double u) { return static_cast<float>(u); });
  };
  Episode episode = record_episode(*world, choose, on_share);
  episode.predicted = predict(episode);
  plans.last = pilot.loop.timing();
  plans.plans += plans.last.plans;
  plans.seconds += 1e-3 * plans.last.mean_ms * plans.last.plans;
  return episode;
}

// The model run open loop under the episode's actions, started anew from the truth every horizon.
std::vector<double> SindyMpc::predict(const Episode& episode) const {
  std::vector<double> predicted(episode.states.size(), std::numeric_limits<double>::quiet_NaN());
  const std::unique_ptr<Dynamics> model = model_->clone();
  const int nx = spec_.state_size, nu = spec_.action_size, horizon = parts_.mpc.horizon;
  for (int first = 0; first < episode.steps; first += horizon) {
    const int steps = std::min(horizon, episode.steps - first);
    std::vector<double> states(static_cast<size_t>(steps + 1) * nx);
    model->rollout(view(&episode.states[static_cast<size_t>(first) * nx], 1, nx),
                   view(&episode.actions[static_cast<size_t>(first) * nu], 1, steps, nu),
                   view(states.data(), 1, steps + 1, nx));
    // The restart shows as a jump from the end of the last window to the truth.
    std::copy(states.begin() + (first == 0 ? 0 : nx), states.end(),
              predicted.begin() + static_cast<std::ptrdiff_t>(first + (first == 0 ? 0 : 1)) * nx);
  }
  return predicted;
}

// Error 1 .. horizon control steps ahead on motions that were not learned from, in units of each state's spread.
std::vector<double> SindyMpc::error_curve(const std::vector<Episode>& episodes) const {
  TransitionData held_out(spec_.state_size, spec_.action_size);
  for (size_t e = 0; e < episodes.size(); ++e) {
    const Episode& episode = episodes[e];
    for (int k = 0; k < episode.steps; ++k) {
      const double* x = &episode.states[static_cast<size_t>(k) * spec_.state_size];
      const double* u = &episode.actions[static_cast<size_t>(k) * spec_.action_size];
      held_out.append({.x = {x, static_cast<size_t>(spec_.state_size)},
                       .u = {u, static_cast<size_t>(spec_.action_size)},
                       .next = {x + spec_.state_size, static_cast<size_t>(spec_.state_size)},
                       .trajectory = static_cast<std::int64_t>(e)});
    }
  }
  const std::unique_ptr<Dynamics> model = model_->clone();
  return models::multi_step_error(*model, held_out, parts_.mpc.horizon,
                                  models::state_scale(held_out, model_->system()));
}

std::vector<Metric> SindyMpc::iterate() {
  collect();
  report("fit", 0, 0.45, 0.55);
  models::SindyFit fit = models::fit_sindy(data_, models::system_of(spec_), parts_.model);
  model_.emplace(std::move(fit.model));
  report("fit", 1, 0.45, 0.55);

  PlanCount plans;
  std::vector<Episode> episodes;
  const int evaluations = parts_.own.evaluations;
  for (int e = 0; e < evaluations; ++e) {
    const std::uint64_t seed = derived_seed(inputs_.seed, kEvaluateStart, iteration_ << 16 | e);
    episodes.push_back(
        steer(seed, plans, [&](double share) { report("evaluate", (e + share) / evaluations, 0.55, 1); }));
  }
  model_error_ = error_curve(episodes);
  double total = 0;
  is_done_ = true;
  for (const Episode& episode : episodes) {
    total += episode.episode_return;
    is_done_ = is_done_ && episode.episode_return > target_return();
  }
  ++iteration_;
  const auto error_at = [&](size_t steps) {
    return model_error_.size() >= steps ? model_error_[steps - 1] : std::numeric_limits<double>::quiet_NaN();
  };
  return {{"return", total / evaluations},
          {"success", is_done_ ? 1.0 : 0.0},
          {"rows", static_cast<double>(data_.size())},
          {"terms", static_cast<double>(fit.report.terms)},
          {"fit_score", fit.report.held_out_score},
          {"model_error_1", error_at(1)},
          {"model_error_10", error_at(10)},
          {"model_error_100", error_at(100)},
          {"plan_iterations", static_cast<double>(plans.iterations) / static_cast<double>(plans.plans)},
          {"wall_plans_per_second", static_cast<double>(plans.plans) / plans.seconds},
          {"wall_plan_p50_ms", plans.last.p50_ms},
          {"wall_plan_p99_ms", plans.last.p99_ms}};
}

Episode SindyMpc::evaluate(std::uint64_t seed) {
  if (!model_) {
    throw Error("the agent has not learned anything yet", "agent sindy-mpc", "train it for at least one iteration");
  }
  PlanCount plans;
  return steer(seed, plans, [&](double share) { report("evaluate", share, 0, 1); });
}

std::vector<std::byte> SindyMpc::save() const {
  ByteWriter out("agent sindy-mpc " + spec_.name, kSavedVersion);
  out.write(iteration_);
  out.write(env_steps_);
  out.write(trajectories_);
  out.write(is_done_);
  out.write_array(std::span<const double>(model_error_));
  data_.save(out);
  out.write(model_.has_value());
  if (model_) model_->save(out);
  return std::move(out).finish();
}

void SindyMpc::load(std::span<const std::byte> bytes) {
  ByteReader in(bytes, "agent sindy-mpc " + spec_.name, kSavedVersion, "the agent's part of the checkpoint");
  const auto iteration = in.read<std::int64_t>(), env_steps = in.read<std::int64_t>(),
             trajectories = in.read<std::int64_t>();
  const bool is_done = in.read<bool>();
  std::vector<double> model_error = in.read_vector<double>();
  TransitionData data = TransitionData::load(in);
  if (data.state_size() != spec_.state_size || data.control_size() != spec_.action_size)
    in.fail("the saved transitions are of another task's sizes");
  std::optional<models::Sindy> model;
  if (in.read<bool>()) model.emplace(models::Sindy::load(in));
  in.expect_end();
  iteration_ = iteration;
  env_steps_ = env_steps;
  trajectories_ = trajectories;
  is_done_ = is_done;
  model_error_ = std::move(model_error);
  data_ = std::move(data);
  model_ = std::move(model);
}

}  // namespace

extern const Entry kEntry{"sindy-mpc", "fits sparse equations of motion and plans through them, refitting as it goes",
                          [](const AgentInputs& inputs) { return std::make_unique<SindyMpc>(inputs); }, defaults};

}  // namespace lockstep::agents::sindy_mpc
