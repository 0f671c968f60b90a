// Soft actor-critic as what learns in the loop of agents/off_policy.h.
#pragma once

#include "agents/off_policy.h"
#include "agents/sac_update.h"

#include <string>
#include <vector>

namespace lockstep::agents {

struct SacLearnerConfig {
  SacUpdateConfig update;
  OffPolicyNetworkConfig network;
  models::networks::AdamConfig adam;

  void describe(Fields& fields);
};

class SacLearner : public OffPolicyLearner {
 public:
  SacLearner(const TaskSpec& task, const SacLearnerConfig& config, std::uint64_t seed, ThreadPool& pool);

  void explore(View<const float, 2> observations, const Draw& draw, std::span<float> actions) override;
  void act_greedily(View<const float, 2> observations, std::span<float> actions) override;
  void update(const Transitions<float>& transitions, kernels::RandomStream stream) override;
  [[nodiscard]] std::span<const float> errors() const override { return update_.errors(); }
  std::vector<Metric> take_statistics() override;
  void describe(PolicyDescription& policy) const override;
  void save(ByteWriter& out) const override;
  void load(ByteReader& in, const std::string& where) override;

 private:
  SacUpdate<float> update_;
  std::vector<float> noise_;
};

}  // namespace lockstep::agents
