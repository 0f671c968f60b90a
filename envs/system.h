// What the header of a system includes: its facts in plain constants, and the integrator that all systems share.
// A system is dx/dt = rates(x, u), or a map x <- rates(x, u), that worlds follow as a task: docs/systems.md.
#pragma once

#include "envs/task_facts.h"
#include "kernels/dual.h"
#include "kernels/lanes.h"
#include "kernels/math.h"

namespace lockstep::envs {

inline constexpr int kMaxSystemStates = 12;
inline constexpr int kMaxSystemControls = 2;

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

template <class System>
inline constexpr int kSystemStates = sizeof(System::kState) / sizeof(SystemState);

template <class System>
constexpr int system_controls() {
  if constexpr (requires { System::kControl; }) {
    return sizeof(System::kControl) / sizeof(ActionField);
  } else {
    return 0;
  }
}
template <class System>
inline constexpr int kSystemControls = system_controls<System>();
// Length of an array of controls: at least 1, since C++ knows no array of none.
template <class System>
inline constexpr int kControlRoom = kSystemControls<System> > 0 ? kSystemControls<System> : 1;

template <class System, class T>
LS_FN void system_rates(const T (&x)[kSystemStates<System>], [[maybe_unused]] const T (&u)[kControlRoom<System>],
                        T (&dx)[kSystemStates<System>]) {
  if constexpr (kSystemControls < System >> 0) {
    System::rates(x, u, dx);
  } else {
    System::rates(x, dx);
  }
}

// One env step: `substeps` steps of the classical fourth-order Runge-Kutta method under a constant control
// (W. Kutta, 1901), or the map once.
template <class System, class T>
LS_FN void advance_system(T (&x)[kSystemStates<System>], const T (&u)[kControlRoom<System>]) {
  constexpr int n = kSystemStates<System>;
  if constexpr (System::kFacts.substeps == 0) {
    T next[n];
    system_rates<System>(x, u, next);
    for (int i = 0; i < n; ++i) x[i] = next[i];
  } else {
    constexpr double kStep = System::kFacts.timestep / System::kFacts.substeps;
    const T half = T(kStep / 2), whole = T(kStep), sixth = T(kStep / 6);
    for (int step = 0; step < System::kFacts.substeps; ++step) {
      T slope[n], sum[n], probe[n];
      system_rates<System>(x, u, slope);
      for (int i = 0; i < n; ++i) {
        sum[i] = slope[i];
        probe[i] = x[i] + half * slope[i];
      }
      system_rates<System>(probe, u, slope);
      for (int i = 0; i < n; ++i) {
        sum[i] = sum[i] + T(2) * slope[i];
        probe[i] = x[i] + half * slope[i];
      }
      system_rates<System>(probe, u, slope);
      for (int i = 0; i < n; ++i) {
        sum[i] = sum[i] + T(2) * slope[i];
        probe[i] = x[i] + whole * slope[i];
      }
      system_rates<System>(probe, u, slope);
      for (int i = 0; i < n; ++i) x[i] = x[i] + sixth * (sum[i] + slope[i]);
    }
  }
}

}  // namespace lockstep::envs
