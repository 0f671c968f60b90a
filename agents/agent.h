// Agent: learns to choose actions in an Environment; owns its models, data and planner or policy.
#pragma once

#include "agents/policy_description.h"
#include "engine/environment.h"
#include "engine/settings.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::agents {

// One named number of a training iteration ("return", "model_error_1", ...); the columns of metrics.csv.
struct Metric {
  std::string name;
  double value = 0;
};

// An evaluation episode, kept for reports: truth beside what the agent's model predicted at the time.
struct Episode {
  int state_size = 0, action_size = 0, steps = 0;
  double episode_return = 0;
  std::vector<double> states;     // [steps + 1][state_size], true physics
  std::vector<double> actions;    // [steps][action_size]
  std::vector<float> rewards;     // [steps]
  std::vector<double> predicted;  // [steps + 1][state_size], the model run open loop from several restarts; NaN: none
};

// Learns a task in iterations; one iteration is collect -> update -> evaluate, so that a run can stop, save and resume
// between any two with bit-same results.
class Agent {
 public:
  virtual ~Agent() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;

  // One iteration. Returns its metrics; the set of names is the same in every iteration.
  virtual std::vector<Metric> iterate() = 0;
  // True when there is nothing left to do: the criterion of success holds, or the agent's budget is used up.
  [[nodiscard]] virtual bool is_done() const = 0;
  // True when the agent's own criterion of success holds.
  [[nodiscard]] virtual bool is_successful() const { return is_done(); }
  // Iterations after which a run without success ends, where the run sets no number of its own.
  [[nodiscard]] virtual std::int64_t budget() const { return 100; }
  // Share of the work done, in [0, 1], for the progress bar.
  [[nodiscard]] virtual double progress() const = 0;
  [[nodiscard]] virtual std::int64_t env_steps() const = 0;  // of real interaction so far
  [[nodiscard]] virtual double real_seconds() const = 0;     // the same in simulated seconds

  // Greedy episodes on the true physics (they do not count as interaction).
  virtual Episode evaluate(std::uint64_t seed) = 0;
  // Human-readable equations of the learned model, one string a line; empty for black boxes.
  [[nodiscard]] virtual std::vector<std::string> equations() const = 0;
  // Model error over 1 .. n steps on held-out data: rmse[h] = relative error h + 1 control steps ahead.
  [[nodiscard]] virtual std::vector<double> multi_step_error() const = 0;
  // What evaluate() does at every step, as a network that others can run. Nothing from an agent whose actions come from
  // something else, such as a planner.
  [[nodiscard]] virtual std::optional<PolicyDescription> policy() const { return std::nullopt; }

  [[nodiscard]] virtual std::vector<std::byte> save() const = 0;
  virtual void load(std::span<const std::byte> bytes) = 0;
};

// What an agent is made of.
struct AgentInputs {
  EnvironmentFactory make_environment;
  std::string task;
  EnvironmentConfig environment;
  Settings settings;  // the agent's own keys
  std::uint64_t seed = 0;
  // Called often inside iterate() with what is being done ("explore", "fit", "evaluate") and the share of it done.
  std::function<void(std::string_view stage, double share)> on_progress;
};

struct Entry {
  std::string_view name;
  std::string_view summary;
  std::function<std::unique_ptr<Agent>(const AgentInputs&)> make;
  std::function<Settings()> defaults;
};

std::span<const Entry* const> entries();
const Entry& find(std::string_view name);  // throws Error with the nearest name

}  // namespace lockstep::agents
