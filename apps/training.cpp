// The loop of a training run: iterate, record, save; then evaluate.
#include "apps/training.h"
#include "apps/interrupt.h"
#include "engine/error.h"

#include <chrono>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace lockstep::apps {
namespace {

constexpr std::uint64_t kFirstEvaluationSeed = 1000000;

class Stopwatch {
 public:
  explicit Stopwatch(double before) : before_(before) {}
  [[nodiscard]] double seconds() const {
    return before_ + std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  double before_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// One run in progress.
class Training {
 public:
  Training(const TrainRequest& request, const agents::Entry& entry, const EnvironmentFactory& make_environment,
           const TrainObserver& observer)
      : request_(request),
        observer_(observer),
        folder_(open_folder(entry, make_environment)),
        watch_(folder_.saved().state ? folder_.saved().state->wall_seconds : 0) {
    if (folder_.saved().state) {
      iteration_ = folder_.saved().state->iteration;
    } else {
      save();  // so that Ctrl-C at any moment leaves a checkpoint
    }
  }

  TrainResult run() {
    TrainResult result;
    remember(result);
    try {
      const std::int64_t given = request_.run.config.max_iterations, most = given > 0 ? given : agent_->budget();
      while (!agent_->is_done() && iteration_ < most) {
        iterate();
        remember(result);
      }
      result.episodes = evaluate(*agent_, request_.run.config.evaluation_episodes);
      result.returns = returns_of(result.episodes);
    } catch (const Interrupted&) {
      result.is_interrupted = true;
    }
    result.wall_seconds = watch_.seconds();
    result.metrics = folder_.metrics();
    return result;
  }

 private:
  // Makes the agent, which checks its settings and its saved state, before the folder is touched.
  RunFolder open_folder(const agents::Entry& entry, const EnvironmentFactory& make_environment) {
    agent_ = make_agent(request_.run, entry, make_environment,
                        [this](std::string_view stage, double share) { on_progress(stage, share); });
    const Settings config = request_.run.all();
    if (request_.resume) {
      return RunFolder::resume(request_.folder, config, [this](const SavedRun& saved) {
        if (saved.state) agent_->load(saved.state->agent);
      });
    }
    return RunFolder::create(request_.folder, config,
                             request_.overwrite ? RunFolder::Existing::kOverwrite : RunFolder::Existing::kRefuse);
  }

  void iterate() {
    stop_if_interrupted();
    const std::vector<agents::Metric> metrics = agent_->iterate();
    ++iteration_;
    std::vector<std::pair<std::string, double>> row = {{"env_steps", static_cast<double>(agent_->env_steps())},
                                                       {"real_seconds", agent_->real_seconds()},
                                                       {"wall_seconds", watch_.seconds()}};
    for (const agents::Metric& metric : metrics) row.emplace_back(metric.name, metric.value);
    folder_.record(iteration_, row);
    if (const auto equations = agent_->equations(); !equations.empty())
      folder_.record_text("equations", fmt::format("```\n{}\n```", fmt::join(equations, "\n")), iteration_);
    save();
    if (observer_.iteration) observer_.iteration(iteration_, metrics);
  }

  void save() { folder_.save({iteration_, watch_.seconds(), agent_->save()}); }

  // What is known between two iterations; the agent may be in the middle of one when it is interrupted.
  void remember(TrainResult& result) const {
    result.is_success = agent_->is_successful();
    result.iterations = iteration_;
    result.env_steps = agent_->env_steps();
    result.real_seconds = agent_->real_seconds();
    result.model_error = agent_->multi_step_error();
    result.equations = agent_->equations();
  }

  void on_progress(std::string_view stage, double share) {
    stop_if_interrupted();
    if (!observer_.progress) return;
    observer_.progress(agent_ ? agent_->progress() : 0.0,
                       fmt::format("iteration {}  {} {:.0f}%", iteration_ + 1, stage, 100 * share));
  }

  const TrainRequest& request_;
  const TrainObserver& observer_;
  std::unique_ptr<agents::Agent> agent_ = nullptr;  // not yet there while it is being made
  RunFolder folder_;
  Stopwatch watch_;
  std::int64_t iteration_ = 0;
};

}  // namespace

std::unique_ptr<agents::Agent> make_agent(const ResolvedRun& run, const agents::Entry& entry,
                                          const EnvironmentFactory& make_environment,
                                          std::function<void(std::string_view, double)> on_progress) {
  agents::AgentInputs inputs;
  inputs.make_environment = make_environment;
  inputs.task = run.config.task;
  inputs.environment = run.config.environment;
  if (run.config.environment.wrapping.normalises())
    inputs.environment.statistics = std::make_shared<RunningStatistics>();
  inputs.settings = run.agent;
  inputs.seed = run.config.seed;
  inputs.on_progress = std::move(on_progress);
  return entry.make(inputs);
}

TrainResult train(const TrainRequest& request, const agents::Entry& entry, const EnvironmentFactory& make_environment,
                  const TrainObserver& observer) {
  return Training(request, entry, make_environment, observer).run();
}

std::unique_ptr<agents::Agent> load_agent(const SavedRun& saved, const ResolvedRun& run, const agents::Entry& entry,
                                          const EnvironmentFactory& make_environment,
                                          std::function<void(std::string_view, double)> on_progress) {
  if (!saved.state) {
    throw Error("the run was stopped before its first checkpoint", "the run folder",
                "continue it with `lockstep train --resume`");
  }
  std::unique_ptr<agents::Agent> agent = make_agent(run, entry, make_environment, std::move(on_progress));
  agent->load(saved.state->agent);
  return agent;
}

std::vector<agents::Episode> evaluate(agents::Agent& agent, int episodes, const std::function<void(int)>& after_each) {
  std::vector<agents::Episode> done;
  for (int episode = 0; episode < episodes; ++episode) {
    stop_if_interrupted();
    done.push_back(agent.evaluate(kFirstEvaluationSeed + static_cast<std::uint64_t>(episode)));
    if (after_each) after_each(episode + 1);
  }
  return done;
}

EpisodeReturns returns_of(const std::vector<agents::Episode>& episodes) {
  std::vector<double> returns;
  returns.reserve(episodes.size());
  for (const agents::Episode& episode : episodes) returns.push_back(episode.episode_return);
  return summarize_returns(returns);
}

}  // namespace lockstep::apps
