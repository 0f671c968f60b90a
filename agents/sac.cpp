// SAC: soft actor-critic from replay (agents/sac_update.h, agents/off_policy.h).
#include "agents/sac_learner.h"

namespace lockstep::agents::sac {
namespace {

struct Config {
  OffPolicyConfig loop;
  SacLearnerConfig learner;

  void describe(Fields& fields) {
    loop.describe(fields);
    learner.describe(fields);
  }
};

std::unique_ptr<Agent> make(const AgentInputs& inputs) {
  const auto config = configured<Config>(inputs.settings);
  return make_off_policy_agent("sac", inputs, config.loop,
                               [&config](const TaskSpec& task, std::uint64_t seed, ThreadPool& pool) {
                                 return std::make_unique<SacLearner>(task, config.learner, seed, pool);
                               });
}

}  // namespace

extern const Entry kEntry{"sac", "soft actor-critic: a stochastic policy and twin critics, from replay", make,
                          [] { return settings_of(Config{}); }};

}  // namespace lockstep::agents::sac
