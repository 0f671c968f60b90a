// A training run: iterations of an agent, recorded in a run folder so that it can stop at any moment and go on.
#pragma once

#include "agents/agent.h"
#include "apps/episode_returns.h"
#include "apps/run_config.h"
#include "engine/run_folder.h"

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace lockstep::apps {

// What a run is, beside what its folder holds.
struct TrainRequest {
  ResolvedRun run;
  std::filesystem::path folder;
  bool resume = false;     // go on with the run in `folder`
  bool overwrite = false;  // take the place of an older run in `folder`
};

// What a run came to.
struct TrainResult {
  bool is_interrupted = false;
  bool is_success = false;  // the agent's own criterion
  std::int64_t iterations = 0, env_steps = 0;
  double real_seconds = 0;  // simulated seconds of real interaction
  double wall_seconds = 0;  // over all sessions
  EpisodeReturns returns;   // episodes 0: it was interrupted before the evaluation
  std::vector<agents::Episode> episodes;
  std::vector<double> model_error;  // Agent::multi_step_error()
  std::vector<std::string> equations;
  MetricsTable metrics;
};

// Where a run tells what it is doing. Both may be empty.
struct TrainObserver {
  // share of the whole run in [0, 1], and what is being done
  std::function<void(double share, const std::string& text)> progress;
  // after every iteration
  std::function<void(std::int64_t iteration, const std::vector<agents::Metric>&)> iteration;
};

// The agent of a run, at its start. Throws Error for settings that it refuses.
[[nodiscard]] std::unique_ptr<agents::Agent> make_agent(const ResolvedRun& run, const agents::Entry& entry,
                                                        const EnvironmentFactory& make_environment,
                                                        std::function<void(std::string_view, double)> on_progress);

// Trains until the agent is done, max_iterations (or the agent's budget) are over, or Ctrl-C (the caller's
// InterruptGuard), then evaluates. Interrupted inside an iteration, that iteration is dropped: the folder holds the
// state after the last whole one, and resuming gives the same bits as never having stopped. Errors are thrown before
// the folder is touched.
[[nodiscard]] TrainResult train(const TrainRequest& request, const agents::Entry& entry,
                                const EnvironmentFactory& make_environment, const TrainObserver& observer);

// The agent of a run, in its saved state. Throws Error where the run was stopped before its first checkpoint.
[[nodiscard]] std::unique_ptr<agents::Agent> load_agent(const SavedRun& saved, const ResolvedRun& run,
                                                        const agents::Entry& entry,
                                                        const EnvironmentFactory& make_environment,
                                                        std::function<void(std::string_view, double)> on_progress);

// Evaluation episode k of every run and agent starts from seed 1000000 + k, so that results can be held side by side.
// `after_each` is told how many are done. Throws Interrupted.
[[nodiscard]] std::vector<agents::Episode> evaluate(agents::Agent& agent, int episodes,
                                                    const std::function<void(int)>& after_each = {});
[[nodiscard]] EpisodeReturns returns_of(const std::vector<agents::Episode>& episodes);

}  // namespace lockstep::apps
