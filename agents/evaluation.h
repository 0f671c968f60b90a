// How well a policy does in worlds that it does not learn from, and when that is well enough.
#pragma once

#include "agents/agent.h"
#include "agents/episodes.h"
#include "engine/byte_stream.h"
#include "engine/settings.h"

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace lockstep::agents {

struct EvaluationConfig {
  int evaluations = 20;      // episodes of an evaluation; all must succeed
  int confirmations = 3;     // evaluations in a row that must succeed
  double target_return = 0;  // return of a success; 0: the task's own

  void describe(Fields& fields);
};

// Writes actions [worlds][action_size], in the task's units, for what the worlds observe.
using Chooser = std::function<void(const Environment& worlds, std::span<float> actions)>;

// Returns of the next episode to end in each world [worlds]. on_share is told the share that has ended.
[[nodiscard]] std::vector<double> next_returns(Environment& worlds, const Chooser& choose,
                                               const std::function<void(double)>& on_share);

// Returns of one episode in each of `episodes` worlds of the run's task, side by side; their starts are functions of
// `seed`.
[[nodiscard]] std::vector<double> returns_side_by_side(const AgentInputs& inputs, int episodes, std::uint64_t seed,
                                                       const Chooser& choose,
                                                       const std::function<void(double)>& on_share);

// Counts evaluations in a row whose episodes all reach the return of a success.
class SuccessJudge {
 public:
  SuccessJudge(const EvaluationConfig& config, const TaskSpec& task);

  // Whether any return counts as a success.
  [[nodiscard]] bool has_target() const { return target_ != 0; }
  void judge(std::span<const double> returns);
  [[nodiscard]] bool is_convinced() const { return has_target() && successes_ >= confirmations_; }

  void save(ByteWriter& out) const { out.write(successes_); }
  void load(ByteReader& in) { successes_ = in.read<int>(); }

 private:
  double target_;
  int confirmations_;
  int successes_ = 0;  // evaluations in a row
};

// What every agent reports of an iteration, first: returns of the evaluation and of the episodes that ended in
// training.
[[nodiscard]] std::vector<Metric> return_metrics(std::span<const double> returns, bool is_successful,
                                                 const EndedEpisodes& ended);

// An episode of the run's task from a start that is a function of `seed`, in double.
[[nodiscard]] Episode greedy_episode(const AgentInputs& inputs, std::uint64_t seed, const Chooser& choose,
                                     const std::function<void(double)>& on_share);

}  // namespace lockstep::agents
