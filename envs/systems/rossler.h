// Roessler's folded band, the simplest kind of chaos.
// O. E. Roessler, Phys. Lett. A 57 (1976) 397.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::rossler {

struct System {
  static constexpr double kA = 0.2, kB = 0.2, kC = 5.7;
  static constexpr SystemFacts kFacts{
      .name = "rossler",
      .summary = "Roessler's folded band, the simplest kind of chaos",
      .source = "O. E. Roessler, Phys. Lett. A 57 (1976) 397",
      .timestep = 0.01,
      .substeps = 1,
      .horizon = 14,
      .num_exponents = 3,
      .exponents = {0.0714, 0, -5.3943},
      .exponent_tolerance = 0.0015,
      .exponent_source = "J. C. Sprott, Chaos and Time-Series Analysis (2003), appendix A"};
  static constexpr SystemState kState[] = {{.name = "x", .start = 3, .spread = 1},
                                           {.name = "y", .start = 5, .spread = 1},
                                           {.name = "z", .start = 0.02, .spread = 0.01}};

  template <class T>
  LS_FN static void rates(const T (&x)[3], T (&dx)[3]) {
    dx[0] = -x[1] - x[2];
    dx[1] = x[0] + T(kA) * x[1];
    dx[2] = T(kB) + x[2] * (x[0] - T(kC));
  }
};

}  // namespace lockstep::envs::rossler
