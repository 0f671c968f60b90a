// The functions that the host calls for one task, in one precision and lane width, as plain pointers: each
// instruction set fills a table of its own (envs/step_kernels.h, envs/planning_kernels.h hold what they point to).
#pragma once

#include "envs/task_options.h"
#include "kernels/lanes.h"
#include "kernels/philox.h"

#include <cstdint>

namespace lockstep::envs {

struct SystemRow;

// One block of worlds, as kernels see it. Arrays are [field][lane] with `lanes` numbers a field, or [lane]; rows of
// actions and observations are [world][field]. All are there for whole blocks but `actions`, which has `worlds` rows.
template <class R>
struct Block {
  int lanes = 0;                  // a multiple of the kernel's own width
  int worlds = 0;                 // that exist in this block, in [1, lanes]
  std::uint32_t first_world = 0;  // its number in the batch

  R* qpos = nullptr;            // [nq][lane]
  R* qvel = nullptr;            // [nv][lane]
  R* ctrl = nullptr;            // [nu][lane], with MuJoCo physics and systems only
  R* qacc_warmstart = nullptr;  // [nv][lane], with MuJoCo physics only
  R* time = nullptr;            // [lane] s, likewise
  R* act = nullptr;             // [na][lane], likewise
  R* held = nullptr;            // [nheld][lane], likewise
  R* sensed = nullptr;          // [sensed][lane], likewise
  R* before = nullptr;          // [before][lane], likewise

  const float* actions = nullptr;    // [worlds][action_size]
  R* clock = nullptr;                // [lane] env steps of the running episode
  R* running_return = nullptr;       // [lane] rewards of the running episode
  std::uint32_t* episode = nullptr;  // [lane] number of the running episode
  std::uint8_t* fault = nullptr;     // [lane] 1: action or state not finite in this step
  std::uint8_t* started = nullptr;   // [lane] 1: an episode started; one that starts in physics is not observed yet
  std::uint8_t* pending = nullptr;   // [lane] 1: of these, whose start is not accepted yet

  float* observation = nullptr;        // [lane][observation_size]
  float* final_observation = nullptr;  // [lane][observation_size], written where an episode ends
  float* reward = nullptr;             // [lane]
  float* final_return = nullptr;       // [lane] of the episode that ended in this step, else 0
  std::uint8_t* terminated = nullptr;  // [lane]
  std::uint8_t* truncated = nullptr;   // [lane]

  const SystemRow* system = nullptr;      // for a system: its sizes, starts and weights
  const OptionValues* options = nullptr;  // for all other tasks
};

struct StepSettings {
  kernels::RandomStream stream;  // of resets
  int episode_steps = 0;         // 0: no time limit
  bool auto_reset = true;
};

// Kernels of one precision and width. All work on one block; none touches another.
template <class R>
struct StepKernels {
  int width = 0;  // worlds in a register; divides the lanes of a block
  // Before MuJoCo physics, or a system's equations: actions -> ctrl; sets `fault` where an action is not finite (its
  // ctrl is 0). nullptr for a task with dynamics of its own.
  void (*prepare)(const Block<R>&) = nullptr;
  // After the physics, or with the task's own: reward, flags, resets, observation. Returns the number of faults.
  int (*finish)(const Block<R>&, const StepSettings&) = nullptr;
  // Starts the episode whose number `episode` holds in every world: state, clock, observation.
  void (*begin)(const Block<R>&, const StepSettings&) = nullptr;
  // Recomputes the observation from the state.
  void (*observe)(const Block<R>&) = nullptr;
  // Draws again, for the `attempt`-th time (1, 2 ...), the starts of pending worlds that the task does not accept, and
  // clears `pending` of the others. Returns how many are left. nullptr for a task that accepts all.
  int (*choose)(const Block<R>&, const StepSettings&, std::uint32_t attempt) = nullptr;
  // One env step of a system's equations, between prepare and finish; nullptr for all other tasks.
  void (*advance)(const Block<R>&) = nullptr;
};

// A system has none of the costs: TrackingCost knows them without. Planning in double on row-major rows: x [rows][nx],
// u [rows][nu]. Outputs as in engine/cost.h and engine/dynamics.h.
struct PlanningKernels {
  void (*stage)(int rows, const double* x, const double* u, double* values) = nullptr;
  void (*terminal)(int rows, const double* x, double* values) = nullptr;
  // gradients and Hessians: g_x [rows][nx], g_u [rows][nu], h_xx [rows][nx][nx], h_ux [rows][nu][nx], h_uu
  // [rows][nu][nu]
  struct Expansion {
    double *x, *u, *xx, *ux, *uu;
  };
  // (Both nullptr for a task with too many inputs.)
  void (*expand_stage)(int rows, const double* x, const double* u, const Expansion& out) = nullptr;
  void (*expand_terminal)(int rows, const double* x, double* gradient, double* hessian) = nullptr;
  // Dynamics of its own; nullptr with MuJoCo physics. A [rows][nx][nx], B [rows][nx][nu].
  void (*advance)(int rows, const double* x, const double* u, double* next) = nullptr;
  void (*jacobian)(int rows, const double* x, const double* u, double* A, double* B) = nullptr;
};

// What one instruction set offers: two widths, the widest first (the same one twice where there is but one).
struct TaskKernels {
  StepKernels<float> floats[2];
  StepKernels<double> doubles[2];
  PlanningKernels planning;
};

// Widths per instruction set: numbers that fill a register, and half of it where blocks of that size are in use.
template <class Isa>
struct Widths {
  static constexpr int kFloat[2] = {4, 4}, kDouble[2] = {2, 2};
};
template <>
struct Widths<kernels::isa::V3> {
  static constexpr int kFloat[2] = {8, 8}, kDouble[2] = {4, 4};
};
template <>
struct Widths<kernels::isa::V4> {
  static constexpr int kFloat[2] = {16, 8}, kDouble[2] = {8, 4};
};

}  // namespace lockstep::envs
