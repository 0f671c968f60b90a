// Episodes side by side, and the judgement of their returns.
#include "agents/evaluation.h"
#include "engine/error.h"

#include <algorithm>

#include <fmt/format.h>

namespace lockstep::agents {

void EvaluationConfig::describe(Fields& fields) {
  fields.add("evaluations", evaluations, "episodes of an evaluation; all must succeed", {1, 1000});
  fields.add("confirmations", confirmations, "evaluations in a row that must succeed", {1, 1000});
  fields.add("target_return", target_return, "return of a success; 0: the task's own");
}

std::vector<double> returns_side_by_side(const AgentInputs& inputs, int episodes, std::uint64_t seed,
                                         const Chooser& choose, const std::function<void(double)>& on_share) {
  EnvironmentConfig environment = inputs.environment;
  environment.num_worlds = episodes;
  environment.seed = seed;
  const auto worlds = inputs.make_environment(inputs.task, environment);
  const int size = worlds->spec().action_size;
  const auto count = static_cast<size_t>(episodes);
  std::vector<float> actions(count * static_cast<size_t>(size));
  std::vector<double> returns(count);
  std::vector<bool> has_ended(count);
  for (size_t ended = 0; ended < count;) {
    choose(*worlds, actions);
    worlds->step(view(static_cast<const float*>(actions.data()), episodes, size));
    for (size_t world = 0; world < count; ++world) {
      if (has_ended[world] || (worlds->terminated()[world] == 0 && worlds->truncated()[world] == 0)) continue;
      has_ended[world] = true;
      returns[world] = static_cast<double>(worlds->final_return()[world]);
      ++ended;
    }
    on_share(static_cast<double>(ended) / static_cast<double>(count));
  }
  return returns;
}

SuccessJudge::SuccessJudge(const EvaluationConfig& config, const TaskSpec& task)
    : target_(config.target_return != 0 ? config.target_return : task.success_return),
      confirmations_(config.confirmations) {}

void SuccessJudge::judge(std::span<const double> returns) {
  successes_ = has_target() && std::ranges::min(returns) >= target_ ? successes_ + 1 : 0;
}

void require_finite_episodes(const TaskSpec& task, std::string_view agent) {
  const auto refuse = [&](const char* problem) {
    throw Error(fmt::format("task {} {}", task.name, problem), fmt::format("agent {}", agent),
                "choose a task with actions whose episodes end (lockstep list tasks)");
  };
  if (task.action_size == 0) refuse("has no actions");
  if (task.episode_steps == 0) refuse("has no time limit, so that an evaluation might never end");
}

}  // namespace lockstep::agents
