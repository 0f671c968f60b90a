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
