// SAC: soft actor-critic from replay (agents/sac_update.h, agents/off_policy.h).
#include "agents/off_policy.h"
#include "agents/sac_update.h"
#include "agents/squashed_gaussian.h"

#include <utility>

namespace lockstep::agents::sac {
namespace {

struct Config {
  OffPolicyConfig loop;
  SacUpdateConfig update;
  OffPolicyNetworkConfig network;
  models::networks::AdamConfig adam;

  void describe(Fields& fields) {
    loop.describe(fields);
    update.describe(fields);
    fields.add_section("network", network);
    fields.add_section("adam", adam);
  }
};

class Learner final : public OffPolicyLearner {
 public:
  Learner(const TaskSpec& task, const Config& config, std::uint64_t seed, ThreadPool& pool)
      : update_(task.observation_size, task.action_size, config.update, config.network, config.adam, seed, pool) {}

  void explore(View<const float, 2> observations, const Draw& draw, std::span<float> actions) override {
    noise_.resize(actions.size());
    squashed_gaussian<float>().fill_normal(draw.stream, draw.step, static_cast<long>(noise_.size()), noise_.data());
    update_.act(observations, noise_, actions);
  }
  void act_greedily(View<const float, 2> observations, std::span<float> actions) override {
    update_.act(observations, {}, actions);
  }
  void update(const Transitions<float>& transitions, kernels::RandomStream stream) override {
    update_.update(transitions, stream);
  }
  std::vector<Metric> take_statistics() override {
    const SacStatistics sums = update_.take_statistics();
    const auto updates = static_cast<double>(sums.updates);  // 0 of 0: not a number, as nothing was measured
    return {{"critic_loss", sums.critic_loss / updates},
            {"policy_loss", sums.actor_loss / updates},
            {"value", sums.value / updates},
            {"entropy", sums.entropy / updates},
            {"temperature", sums.temperature / updates}};
  }
  void save(ByteWriter& out) const override { update_.save(out); }
  void load(ByteReader& in, const std::string& where) override { update_.load(in, where); }

 private:
  SacUpdate<float> update_;
  std::vector<float> noise_;
};

std::unique_ptr<Agent> make(const AgentInputs& inputs) {
  const auto config = configured<Config>(inputs.settings);
  return make_off_policy_agent("sac", inputs, config.loop,
                               [&config](const TaskSpec& task, std::uint64_t seed, ThreadPool& pool) {
                                 return std::make_unique<Learner>(task, config, seed, pool);
                               });
}

}  // namespace

extern const Entry kEntry{"sac", "soft actor-critic: a stochastic policy and twin critics, from replay", make,
                          [] { return settings_of(Config{}); }};

}  // namespace lockstep::agents::sac
