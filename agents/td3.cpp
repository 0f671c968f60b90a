// TD3: twin delayed deterministic policy gradients from replay (agents/td3_update.h, agents/off_policy.h).
#include "agents/off_policy.h"
#include "agents/squashed_gaussian.h"
#include "agents/td3_update.h"

#include <algorithm>
#include <utility>

namespace lockstep::agents::td3 {
namespace {

// As the paper's authors, for tasks of a million steps.
OffPolicyConfig loop_defaults() {
  OffPolicyConfig loop;
  loop.random_steps = 25000;
  return loop;
}

struct Config {
  OffPolicyConfig loop = loop_defaults();
  Td3UpdateConfig update;
  double exploration_noise = 0.1;  // deviation of the noise on actions, in half ranges
  OffPolicyNetworkConfig network;
  models::networks::AdamConfig adam;

  void describe(Fields& fields) {
    loop.describe(fields);
    update.describe(fields);
    fields.add("exploration_noise", exploration_noise, "deviation of the noise on actions, in half ranges", {0, 10});
    fields.add_section("network", network);
    fields.add_section("adam", adam);
  }
};

class Learner final : public OffPolicyLearner {
 public:
  Learner(const TaskSpec& task, const Config& config, std::uint64_t seed, ThreadPool& pool)
      : noise_deviation_(static_cast<float>(config.exploration_noise)),
        update_({task.observation_size, task.action_size}, config.update, config.network, config.adam, seed, pool) {}

  void explore(View<const float, 2> observations, const Draw& draw, std::span<float> actions) override {
    noise_.resize(actions.size());
    squashed_gaussian<float>().fill_normal(draw.stream, draw.step, static_cast<long>(noise_.size()), noise_.data());
    update_.act(observations, actions);
    for (size_t i = 0; i < actions.size(); ++i)
      actions[i] = std::clamp(actions[i] + noise_deviation_ * noise_[i], -1.0f, 1.0f);
  }
  void act_greedily(View<const float, 2> observations, std::span<float> actions) override {
    update_.act(observations, actions);
  }
  void update(const Transitions<float>& transitions, kernels::RandomStream stream) override {
    update_.update(transitions, stream);
  }
  [[nodiscard]] std::span<const float> errors() const override { return update_.errors(); }
  std::vector<Metric> take_statistics() override {
    const Td3Statistics sums = update_.take_statistics();
    const auto updates = static_cast<double>(sums.updates);  // 0 of 0: not a number, as nothing was measured
    return {{"critic_loss", sums.critic_loss / updates},
            {"policy_loss", sums.actor_loss / static_cast<double>(sums.actor_updates)},
            {"value", sums.value / updates}};
  }
  void describe(PolicyDescription& policy) const override {
    policy.layers = update_.actor().layers();
    policy.parameters.assign(update_.actor_parameters().begin(), update_.actor_parameters().end());
  }
  void save(ByteWriter& out) const override { update_.save(out); }
  void load(ByteReader& in, const std::string& where) override { update_.load(in, where); }

 private:
  float noise_deviation_;
  Td3Update<float> update_;
  std::vector<float> noise_;
};

std::unique_ptr<Agent> make(const AgentInputs& inputs) {
  const auto config = configured<Config>(inputs.settings);
  return make_off_policy_agent("td3", inputs, config.loop,
                               [&config](const TaskSpec& task, std::uint64_t seed, ThreadPool& pool) {
                                 return std::make_unique<Learner>(task, config, seed, pool);
                               });
}

}  // namespace

extern const Entry kEntry{"td3", "twin delayed policy gradients: a deterministic policy and twin critics, from replay",
                          make, [] { return settings_of(Config{}); }};

}  // namespace lockstep::agents::td3
