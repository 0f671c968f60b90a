// Agents that learn from replay: one loop of collecting, updating and evaluating for every way of learning.
#pragma once

#include "agents/agent.h"
#include "agents/evaluation.h"
#include "agents/policy_description.h"
#include "agents/replay.h"
#include "engine/thread_pool.h"
#include "models/networks/safetensors.h"

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace lockstep::agents {

struct OffPolicyConfig {
  int worlds = 1;               // side by side, where environment.num_worlds is 1
  int iteration_steps = 5000;   // env steps, over all worlds, between two evaluations
  int total_steps = 1000000;    // env steps after which the run is over
  int random_steps = 5000;      // env steps of uniform actions before the first update
  double updates_per_step = 1;  // gradient updates per env step
  int batch = 256;              // transitions of an update
  bool stop_on_success = true;  // end the run when evaluations succeed, before total_steps
  EvaluationConfig evaluation{.evaluations = 10};
  ReplayConfig replay;

  void describe(Fields& fields);
};

// What learns: policy, values, optimisers. Observations are the task's, actions [rows][action_size] in [-1, 1].
class OffPolicyLearner {
 public:
  // A draw of exploration: functions of it, the row, and the policy alone.
  struct Draw {
    kernels::RandomStream stream;
    std::uint32_t step = 0;
  };

  virtual ~OffPolicyLearner() = default;
  virtual void explore(View<const float, 2> observations, const Draw& draw, std::span<float> actions) = 0;
  virtual void act_greedily(View<const float, 2> observations, std::span<float> actions) = 0;

  // Told of the real transitions before the updates that a step earned; a learner that models the world looks at them.
  virtual void watch(const Replay& /*real*/, std::int64_t /*env_steps*/) {}
  // One gradient update of everything, from as many transitions as `batch`; random numbers are functions of the stream
  // and the number of updates so far. Throws Error where a loss stops being finite.
  virtual void update(const Transitions<float>& transitions, kernels::RandomStream stream) = 0;
  // |TD error| [batch] of the last update's transitions, before it.
  [[nodiscard]] virtual std::span<const float> errors() const = 0;
  // Means over the updates since the last call.
  virtual std::vector<Metric> take_statistics() = 0;

  // Network, squash and standardisation of the greedy policy.
  virtual void describe(PolicyDescription& policy) const = 0;

  virtual void save(ByteWriter& out) const = 0;
  virtual void load(ByteReader& in, const std::string& where) = 0;
};

// Makes the learner of a task; it may use the pool, which outlives it.
using LearnerFactory =
    std::function<std::unique_ptr<OffPolicyLearner>(const TaskSpec& task, std::uint64_t seed, ThreadPool& pool)>;

// The agent `name` of such a learner. One iteration: `iteration_steps` env steps, each followed by as many updates as
// it earns, then an evaluation of the greedy policy in episodes of their own. Throws Error for a task of discrete
// actions, or whose episodes do not end.
[[nodiscard]] std::unique_ptr<Agent> make_off_policy_agent(std::string_view name, const AgentInputs& inputs,
                                                           const OffPolicyConfig& config,
                                                           const LearnerFactory& make_learner);

}  // namespace lockstep::agents
