// Episodes side by side, and the judgement of their returns.
#include "agents/evaluation.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace lockstep::agents {

void EvaluationConfig::describe(Fields& fields) {
  fields.add("evaluations", evaluations, "episodes of an evaluation; all must succeed", {1, 1000});
  fields.add("confirmations", confirmations, "evaluations in a row that must succeed", {1, 1000});
  fields.add("target_return", target_return, "return of a success; 0: the task's own");
}

std::vector<double> next_returns(Environment& worlds, const Chooser& choose,
                                 const std::function<void(double)>& on_share) {
  const int size = worlds.spec().action_size, episodes = worlds.config().num_worlds;
  const auto count = static_cast<size_t>(episodes);
  std::vector<float> actions(count * static_cast<size_t>(size));
  std::vector<double> returns(count);
  std::vector<bool> has_ended(count);
  for (size_t ended = 0; ended < count;) {
    choose(worlds, actions);
    worlds.step(view(static_cast<const float*>(actions.data()), episodes, size));
    for (size_t world = 0; world < count; ++world) {
      if (has_ended[world] || (worlds.terminated()[world] == 0 && worlds.truncated()[world] == 0)) continue;
      has_ended[world] = true;
      returns[world] = static_cast<double>(worlds.final_return()[world]);
      ++ended;
    }
    on_share(static_cast<double>(ended) / static_cast<double>(count));
  }
  return returns;
}

std::vector<double> returns_side_by_side(const AgentInputs& inputs, int episodes, std::uint64_t seed,
                                         const Chooser& choose, const std::function<void(double)>& on_share) {
  EnvironmentConfig environment = inputs.environment;
  environment.num_worlds = episodes;
  environment.seed = seed;
  show_true_rewards(environment);
  return next_returns(*inputs.make_environment(inputs.task, environment), choose, on_share);
}

SuccessJudge::SuccessJudge(const EvaluationConfig& config, const TaskSpec& task)
    : target_(config.target_return != 0 ? config.target_return : task.success_return),
      confirmations_(config.confirmations) {}

void SuccessJudge::judge(std::span<const double> returns) {
  successes_ = has_target() && std::ranges::min(returns) >= target_ ? successes_ + 1 : 0;
}

std::vector<Metric> return_metrics(std::span<const double> returns, bool is_successful, const EndedEpisodes& ended) {
  const double total = std::accumulate(returns.begin(), returns.end(), 0.0);
  const double training_return = ended.count > 0 ? ended.sum_of_returns / static_cast<double>(ended.count)
                                                 : std::numeric_limits<double>::quiet_NaN();
  return {{"return", total / static_cast<double>(returns.size())},
          {"return_lowest", std::ranges::min(returns)},
          {"success", is_successful ? 1.0 : 0.0},
          {"training_return", training_return},
          {"training_episodes", static_cast<double>(ended.count)}};
}

Episode greedy_episode(const AgentInputs& inputs, std::uint64_t seed, const Chooser& choose,
                       const std::function<void(double)>& on_share) {
  const auto world = single_world(inputs, seed);
  return record_episode(
      *world, [&](std::span<const double>, std::span<float> action) { choose(*world, action); }, on_share);
}

}  // namespace lockstep::agents
