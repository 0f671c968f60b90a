// The table of tasks, and environments made from it by name.
#pragma once

#include "engine/environment.h"
#include "engine/isa.h"
#include "envs/system_facts.h"
#include "envs/task_facts.h"
#include "envs/task_kernels.h"
#include "envs/task_options.h"

#include <memory>
#include <span>
#include <string_view>

namespace lockstep::envs {

// One row of the table, made from a Task (envs/task_entry.h) or a System (envs/system_entry.h).
struct Entry {
  std::string_view name;     // "cartpole-swingup"
  std::string_view summary;  // one line
  const Facts* facts = nullptr;
  std::span<const StateField> state;
  std::span<const ActionField> action;
  std::span<const char* const> observation;         // all that the task can show
  TaskKernels (*kernels)(Isa) = nullptr;            // compiled for that instruction set
  StepKernels<float> (*float_kernels)() = nullptr;  // of width 1, for blocks of any size
  StepKernels<double> (*double_kernels)() = nullptr;
  std::span<const OptionField> options = {};       // what the task can be told
  std::span<const OptionalPart> parts = {};        // of `observation`, which options show and hide
  std::span<const double> observation_noise = {};  // half widths of noise on `observation`; empty: none are known
  std::span<const SensedField> sensors = {};       // what the task reads beside the state
  int before_size = 0;                             // numbers that it keeps from before a step
  int settle_steps = 0;                            // physics steps before an episode starts
  bool starts_in_physics = false;                  // its first observation needs more than the drawn state
  const SystemRow* system = nullptr;               // of an ODE or a map (docs/systems.md); nullptr for any other task
};

// The table, in the order of envs/CMakeLists.txt.
std::span<const Entry* const> entries();

// The task of this name; the suite's own spelling ("CartPole-v1", "cartpole/swingup") is understood too.
// Throws Error with the nearest name where there is none.
const Entry& find(std::string_view name);

// What is fixed for a task, as its suite has it, and under the options, time limit and wrapping of a configuration.
[[nodiscard]] TaskSpec spec(const Entry& entry);
[[nodiscard]] TaskSpec spec(const Entry& entry, const EnvironmentConfig& config);

// An environment of a task, in the first episode of every world. Throws Error for an unknown task or a bad setting, and
// MissingResource where the task's model file, or the backend, is not on this machine.
std::unique_ptr<Environment> make_environment(std::string_view task, const EnvironmentConfig& config);

}  // namespace lockstep::envs
