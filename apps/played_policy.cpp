// Loads the checkpoint of a run and plays its evaluation episodes.
#include "apps/played_policy.h"
#include "apps/training.h"
#include "envs/env.h"

namespace lockstep::apps {

viewer::PlayedPolicy play_policy(const std::filesystem::path& folder, int episodes,
                                 const std::function<void(std::string_view, double)>& on_progress) {
  const SavedRun saved = read_run(folder);
  const ResolvedRun run =
      resolve_run(saved.config, [](const std::string& agent) { return agents::find(agent).defaults(); });
  const auto agent = load_agent(saved, run, agents::find(run.config.agent), envs::make_environment, on_progress);
  viewer::PlayedPolicy played;
  played.task = run.config.task;
  played.agent = run.config.agent;
  played.seed = run.config.seed;
  played.iteration = saved.state->iteration;
  played.episodes =
      evaluate(*agent, episodes, [&](int done) { on_progress("evaluate", static_cast<double>(done) / episodes); });
  played.equations = agent->equations();
  played.model_error = agent->multi_step_error();
  return played;
}

viewer::PolicyPlayer policy_player(int episodes) {
  return [episodes](const std::filesystem::path& folder, const std::stop_token& stop) {
    return play_policy(folder, episodes, [&stop](std::string_view, double) {
      if (stop.stop_requested()) throw viewer::PlayStopped{};
    });
  };
}

}  // namespace lockstep::apps
