// Environment: a batch of worlds of one task, as agents, planners, the viewer and the command line see it.
#pragma once

#include "engine/cost.h"
#include "engine/dynamics.h"
#include "engine/settings.h"
#include "engine/view.h"
#include "engine/wrapping.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct mjModel_;

namespace lockstep {

// What is fixed for a task, whatever the number of worlds.
struct TaskSpec {
  std::string name;     // "cartpole-swingup"
  std::string summary;  // one line for `list` and --help
  std::string source;   // the suite and version whose numbers this task reproduces
  int observation_size = 0;
  int action_size = 0;                          // for a discrete task 1: the action's index
  int discrete_actions = 0;                     // 0: continuous actions
  std::vector<double> action_low, action_high;  // [action_size], in the suite's own units
  std::vector<std::string> observation_names;   // [observation_size]
  std::vector<double> observation_noise;  // [observation_size] half widths of uniform noise; empty: none are known
  int state_size = 0;                     // nx: the full physical state (qpos, qvel, act), or the ODE's state
  std::vector<std::string> state_names;   // [nx]
  std::vector<bool> state_is_angle;       // [nx] true: an unbounded angle in rad; models may use sin and cos of it
  // Box in which the dynamics are smooth (joint ranges, rails); infinite where there is none. Models are fitted to
  // rows inside it, and planners are charged for leaving it.
  std::vector<double> state_low, state_high;  // [nx]
  double control_timestep = 0;                // s of one env step
  int physics_steps = 1;                      // physics steps in one env step
  int episode_steps = 0;                      // env steps until truncation; 0: none
  double success_return = 0;                  // an episode return that counts as success; 0: not defined
};

// How many worlds, and how they run.
struct EnvironmentConfig {
  int num_worlds = 1;               // >= 1
  std::uint64_t seed = 0;           // keys every random number of the environment
  std::string backend = "auto";     // auto | cpu | cuda | mujoco
  std::string precision = "float";  // float | double
  int threads = 1;                  // >= 1 worker threads; results do not depend on it
  std::string specialise = "off";   // as in BatchConfig: off | auto | require
  // Physical parameters drawn for every episode: terms of engine/randomisation.h, or "task" for the task's own.
  std::string randomise = {};
  bool auto_reset = true;         // a world that ended starts its next episode in the same step; its last
                                  // observation is in final_observation
  bool stagger_episodes = false;  // the first episodes after reset() are cut early, each world's at a time of its own,
                                  // so that worlds do not all begin and end together
  Settings options = {};          // of the task, by name: `lockstep list tasks TASK`
  int episode_steps = 0;          // env steps until truncation, in the place of the task's own; 0: the task's own
  Wrapping wrapping = {};
  std::shared_ptr<RunningStatistics> statistics = {};  // of wrapping.normalise_*; nullptr: the environment's own
  bool learns_statistics = true;                       // whether what this environment sees is added to them
};

// W worlds of one task. Observations and rewards are float; states are double in SI units.
// An env step: actions -> `physics_steps` of physics -> observation, reward, termination, reset, in one pass.
class Environment {
 public:
  virtual ~Environment() = default;
  [[nodiscard]] virtual const TaskSpec& spec() const = 0;
  [[nodiscard]] virtual const EnvironmentConfig& config() const = 0;

  // Starts a new episode in every world. Draws depend on (seed, world, episode number) alone.
  virtual void reset() = 0;
  // actions [worlds][action_size]. A world with a non-finite action or state is ended as truncated, counted in
  // faults(), and reset; its neighbours are untouched.
  virtual void step(View<const float, 2> actions) = 0;

  // Results of the last reset or step; valid until the next.
  [[nodiscard]] virtual View<const float, 2> observation() const = 0;          // [worlds][observation_size]
  [[nodiscard]] virtual View<const float, 2> final_observation() const = 0;    // [worlds][observation_size]
  [[nodiscard]] virtual std::span<const float> reward() const = 0;             // [worlds]
  [[nodiscard]] virtual std::span<const std::uint8_t> terminated() const = 0;  // [worlds] 1: the task ended it
  [[nodiscard]] virtual std::span<const std::uint8_t> truncated() const = 0;   // [worlds] 1: time limit or fault
  [[nodiscard]] virtual std::span<const float> final_return() const = 0;       // [worlds] undiscounted, of the episode
                                                                               // that ended in this step
  [[nodiscard]] virtual std::int64_t faults() const = 0;                       // worlds ended as non-finite, in total

  // Physical state of one world, [nx], exact in double for precision = "double".
  virtual void get_state(int world, std::span<double> x) const = 0;
  // Overwrites it, leaving the episode's clock; the observation is recomputed.
  virtual void set_state(int world, std::span<const double> x) = 0;

  // Everything that the next step depends on, as bytes; loading it continues bit-identically (same backend and ISA).
  [[nodiscard]] virtual std::vector<std::byte> save() const = 0;
  virtual void load(std::span<const std::byte> bytes) = 0;  // throws Error when cut short or of another version

  // The true one-step dynamics in control steps (double), with Jacobians: x and u in the units of state and action.
  [[nodiscard]] virtual std::unique_ptr<Dynamics> dynamics() const = 0;
  // The task's planning cost; its stage cost is 1 - reward, or a shaped one where the task says so.
  [[nodiscard]] virtual std::unique_ptr<Cost> cost() const = 0;

  // The MuJoCo model behind the task, or nullptr for a task with dynamics of its own (drawn by its own scene).
  [[nodiscard]] virtual const mjModel_* mujoco_model() const = 0;
  // qpos [nq], qvel [nv] of one world for drawing; only where mujoco_model() is not nullptr.
  virtual void get_mujoco_state(int world, std::span<double> qpos, std::span<double> qvel) const = 0;

  // The height fields of one world, as hfield_data of that model [nhfielddata]; where a task draws them for every
  // episode, has_own_heights() is true, and they may be set until the next.
  [[nodiscard]] virtual bool has_own_heights() const { return false; }
  virtual void get_heights(int /*world*/, std::span<float> /*heights*/) const {}
  virtual void set_heights(int /*world*/, std::span<const float> /*heights*/) {}

  [[nodiscard]] virtual std::string backend_report() const = 0;  // one line: backend, ISA, lanes, why a fallback
};

// Makes an environment of a task by its name; throws Error for an unknown one, with the nearest name.
using EnvironmentFactory = std::function<std::unique_ptr<Environment>(std::string_view task, const EnvironmentConfig&)>;

}  // namespace lockstep
