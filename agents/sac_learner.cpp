// Draws, updates and statistics of soft actor-critic.
#include "agents/sac_learner.h"
#include "agents/squashed_gaussian.h"

namespace lockstep::agents {

void SacLearnerConfig::describe(Fields& fields) {
  update.describe(fields);
  fields.add_section("network", network);
  fields.add_section("adam", adam);
}

SacLearner::SacLearner(const TaskSpec& task, const SacLearnerConfig& config, std::uint64_t seed, ThreadPool& pool)
    : update_({task.observation_size, task.action_size}, config.update, config.network, config.adam, seed, pool) {}

void SacLearner::explore(View<const float, 2> observations, const Draw& draw, std::span<float> actions) {
  noise_.resize(actions.size());
  squashed_gaussian<float>().fill_normal(draw.stream, draw.step, static_cast<long>(noise_.size()), noise_.data());
  update_.act(observations, noise_, actions);
}

void SacLearner::act_greedily(View<const float, 2> observations, std::span<float> actions) {
  update_.act(observations, {}, actions);
}

void SacLearner::update(const Transitions<float>& transitions, kernels::RandomStream stream) {
  update_.update(transitions, stream);
}

std::vector<Metric> SacLearner::take_statistics() {
  const SacStatistics sums = update_.take_statistics();
  const auto updates = static_cast<double>(sums.updates);  // 0 of 0: not a number, as nothing was measured
  return {{"critic_loss", sums.critic_loss / updates},
          {"policy_loss", sums.actor_loss / updates},
          {"value", sums.value / updates},
          {"entropy", sums.entropy / updates},
          {"temperature", sums.temperature / updates}};
}

void SacLearner::describe(PolicyDescription& policy) const {
  policy.layers = update_.actor().layers();
  policy.parameters.assign(update_.actor_parameters().begin(), update_.actor_parameters().end());
  policy.squash = Squash::kTanh;
}

void SacLearner::save(ByteWriter& out) const { update_.save(out); }

void SacLearner::load(ByteReader& in, const std::string& where) { update_.load(in, where); }

}  // namespace lockstep::agents
