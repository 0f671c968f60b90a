// The loops of plan and act: as fast as plans are made, or by the clock.
#include "apps/planned_episode.h"
#include "engine/error.h"
#include "envs/env.h"
#include "planners/planner.h"
#include "planners/receding_horizon.h"

#include <chrono>
#include <ctime>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include <fmt/format.h>

namespace lockstep::apps {
namespace {

double thread_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// A world that is acted on, with the task's own dynamics and cost to plan through, stepped to the end of its episode.
class PlannedWorld {
 public:
  explicit PlannedWorld(const PlannedEpisodeConfig& config)
      : world_(make(config, config.backend)), native_(config.backend == "auto" ? nullptr : make(config, "auto")) {
    const TaskSpec& spec = world_->spec();
    if (spec.discrete_actions > 0)
      throw Error(fmt::format("the actions of {} are discrete", spec.name), "command line",
                  "planners choose continuous controls: `lockstep list tasks` shows other tasks");
    const Environment& planned = native_ != nullptr ? *native_ : *world_;
    model_ = planned.dynamics();
    cost_ = planned.cost();
    x_.resize(static_cast<size_t>(spec.state_size));
    action_.resize(static_cast<size_t>(spec.action_size));
    world_->get_state(0, x_);
  }

  // One control step under u [nu]; adds to the episode's sums. False where the episode has ended.
  bool step(std::span<const double> u, PlannedEpisode& episode) {
    const TaskSpec& spec = world_->spec();
    double stage = 0;
    cost_->stage(view<const double>(x_.data(), 1, spec.state_size), view<const double>(u.data(), 1, spec.action_size),
                 View<double, 1>(&stage, 1));
    episode.cost += stage;
    for (size_t i = 0; i < action_.size(); ++i) action_[i] = static_cast<float>(u[i]);
    world_->step(view<const float>(action_.data(), 1, spec.action_size));
    episode.episode_return += static_cast<double>(world_->reward()[0]);
    world_->get_state(0, x_);
    const int most = spec.episode_steps > 0 ? spec.episode_steps : 1000;
    return ++episode.steps < most && world_->terminated()[0] == 0 && world_->truncated()[0] == 0;
  }

  [[nodiscard]] std::span<const double> state() const { return x_; }  // [nx]
  [[nodiscard]] Dynamics& model() const { return *model_; }
  [[nodiscard]] const Cost& cost() const { return *cost_; }
  [[nodiscard]] const TaskSpec& spec() const { return world_->spec(); }
  [[nodiscard]] std::string backend() const { return world_->backend_report(); }

 private:
  static std::unique_ptr<Environment> make(const PlannedEpisodeConfig& config, const std::string& backend) {
    EnvironmentConfig environment = config.environment;
    environment.num_worlds = 1;
    environment.seed = config.seed;
    environment.backend = backend;
    environment.precision = "double";
    environment.auto_reset = false;
    if (backend == "mujoco") environment.specialise = "off";  // code for the planner's model, not for MuJoCo's world
    return envs::make_environment(config.task, environment);
  }

  std::unique_ptr<Environment> world_, native_;  // native_: where the world has another backend
  std::unique_ptr<Dynamics> model_;
  std::unique_ptr<Cost> cost_;
  std::vector<double> x_;
  std::vector<float> action_;
};

PlannedEpisode run_synchronously(const PlannedEpisodeConfig& config, PlannedWorld& world) {
  planners::RecedingHorizon loop(planners::find(config.planner).make(config.settings.section("planner")), world.model(),
                                 world.cost(), world.spec().action_low, world.spec().action_high,
                                 configured<planners::RecedingHorizonConfig>(config.settings.section("mpc")));
  loop.reset(config.seed);
  PlannedEpisode episode;
  for (bool goes_on = true; goes_on;) {
    const double begin = thread_seconds();
    const std::span<const double> u = loop.act(world.state());
    episode.cpu_seconds += thread_seconds() - begin;
    goes_on = world.step(u, episode);
  }
  episode.timing = loop.timing();
  episode.rate_hz = episode.timing.rate_hz;
  return episode;
}

// The same by the wall clock: control steps come when they are due, with whatever plan is there.
PlannedEpisode run_asynchronously(const PlannedEpisodeConfig& config, PlannedWorld& world) {
  using Clock = std::chrono::steady_clock;
  planners::AsynchronousHorizon loop(planners::find(config.planner).make(config.settings.section("planner")),
                                     world.model(), world.cost(), world.spec().action_low, world.spec().action_high,
                                     configured<planners::AsynchronousConfig>(config.settings.section("mpc")));
  loop.reset(config.seed, world.state());
  PlannedEpisode episode;
  const auto period = std::chrono::duration_cast<Clock::duration>(
      std::chrono::duration<double>(world.model().timestep() / config.speed));
  auto due = Clock::now();
  while (world.step(loop.act(world.state()), episode)) {
    due += period;
    if (Clock::now() <= due) {
      std::this_thread::sleep_until(due);
    } else {
      ++episode.late_steps;
    }
  }
  episode.asynchronous = loop.timing();
  episode.timing = episode.asynchronous.latency;
  episode.rate_hz = episode.asynchronous.plans_per_second;
  return episode;
}

}  // namespace

PlannedEpisode run_planned_episode(const PlannedEpisodeConfig& config) {
  PlannedWorld world(config);
  PlannedEpisode episode = config.asynchronous ? run_asynchronously(config, world) : run_synchronously(config, world);
  episode.backend = world.backend();
  return episode;
}

}  // namespace lockstep::apps
