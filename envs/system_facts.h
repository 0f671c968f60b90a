// What a system states about itself in plain constants, and how the host and the shared kernels see one.
// Plain data without containers, so that the sources compiled per instruction set may include it.
#pragma once

#include "envs/task_facts.h"

namespace lockstep::envs {

inline constexpr int kMaxSystemStates = 13;
inline constexpr int kMaxSystemControls = 4;

// What a system says of itself. Time is in the system's own unit, which most of the literature leaves without a name;
// states are without dimension but where the system's own header says so, and angles are in rad.
struct SystemFacts {
  const char* name;          // "lorenz63"
  const char* summary;       // one line
  const char* source;        // paper
  double timestep;           // of one env step; 1 for a map
  int substeps;              // Runge-Kutta steps in one env step; 0: the system is a map
  double horizon;            // one Lyapunov time, or about a period where motion is regular; 0 for a map
  double tolerance = 1e-6;   // error of a trajectory over `horizon`, as a share of the largest number on it
  int episode_steps = 1000;  // env steps until truncation
  double action_weight = 0;  // of the squared actions in the tracking cost
  int num_exponents = 0;     // how many of `exponents` the source gives
  double exponents[kMaxSystemStates] = {};  // published Lyapunov exponents, largest first, per unit of time
  double exponent_tolerance = 0;            // how far the exact largest one may be from the published
  const char* exponent_source = nullptr;
};

// One number of a system's state. Episodes start uniformly in start +- spread, the middle on or near the attractor.
// A controlled system costs weight (x - target)^2, or weight * 2 (1 - cos(x - target)) where it is an angle.
struct SystemState {
  const char* name;
  double start, spread;
  bool is_angle = false;
  double target = 0, weight = 0;
};

// A system as the host and the shared kernels see it; envs/system_entry.h fills it in.
struct SystemRow {
  SystemFacts facts;
  const SystemState* states = nullptr;
  int num_states = 0;
  const ActionField* controls = nullptr;
  int num_controls = 0;
  // dx/dt of one point, or what a map makes of it: x [num_states], u [num_controls].
  void (*rates)(const double* x, const double* u, double* dx) = nullptr;
};

}  // namespace lockstep::envs
