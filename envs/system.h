// What the header of a system includes: facts, numbers that its code runs on, and the integrator that all share.
// A system is dx/dt = rates(x, u), or a map x <- rates(x, u), that worlds follow as a task: docs/systems.md.
#pragma once

#include "envs/system_facts.h"
#include "kernels/dual.h"
#include "kernels/lanes.h"
#include "kernels/math.h"

namespace lockstep::envs {

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

// Lengths are deduced: the names of functions that spell them by System are beyond the demangler that checks objects.
template <class System, class T, int N, int M>
LS_FN void system_rates(const T (&x)[N], [[maybe_unused]] const T (&u)[M], T (&dx)[N]) {
  if constexpr (kSystemControls<System> != 0) {
    System::rates(x, u, dx);
  } else {
    System::rates(x, dx);
  }
}

// One env step: `substeps` steps of the classical fourth-order Runge-Kutta method under a constant control
// (W. Kutta, 1901), or the map once.
template <class System, class T, int N, int M>
LS_FN void advance_system(T (&x)[N], const T (&u)[M]) {
  if constexpr (System::kFacts.substeps == 0) {
    T next[N];
    system_rates<System>(x, u, next);
    for (int i = 0; i < N; ++i) x[i] = next[i];
  } else {
    constexpr double kStep = System::kFacts.timestep / System::kFacts.substeps;
    const T half = T(kStep / 2), whole = T(kStep), sixth = T(kStep / 6);
    for (int step = 0; step < System::kFacts.substeps; ++step) {
      T slope[N], sum[N], probe[N];
      system_rates<System>(x, u, slope);
      for (int i = 0; i < N; ++i) {
        sum[i] = slope[i];
        probe[i] = x[i] + half * slope[i];
      }
      system_rates<System>(probe, u, slope);
      for (int i = 0; i < N; ++i) {
        sum[i] = sum[i] + T(2) * slope[i];
        probe[i] = x[i] + half * slope[i];
      }
      system_rates<System>(probe, u, slope);
      for (int i = 0; i < N; ++i) {
        sum[i] = sum[i] + T(2) * slope[i];
        probe[i] = x[i] + whole * slope[i];
      }
      system_rates<System>(probe, u, slope);
      for (int i = 0; i < N; ++i) x[i] = x[i] + sixth * (sum[i] + slope[i]);
    }
  }
}

}  // namespace lockstep::envs
