// Chen's attractor, the dual of Lorenz's.
// G. Chen, T. Ueta, Int. J. Bifurcation Chaos 9 (1999) 1465.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::chen {

struct System {
  static constexpr double kA = 35, kB = 3, kC = 28;
  static constexpr SystemFacts kFacts{
      .name = "chen",
      .summary = "Chen's attractor, the dual of Lorenz's",
      .source = "G. Chen, T. Ueta, Int. J. Bifurcation Chaos 9 (1999) 1465",
      .timestep = 0.001,
      .substeps = 1,
      .horizon = 0.5,
      .episode_steps = 5000,
      .num_exponents = 3,
      .exponents = {2.0272, 0, -12.0272},
      .exponent_tolerance = 0.015,
      .exponent_source = "J. C. Sprott, Chaos and Time-Series Analysis (2003), appendix A"};
  static constexpr SystemState kState[] = {{.name = "x", .start = -10, .spread = 1},
                                           {.name = "y", .start = 0, .spread = 1},
                                           {.name = "z", .start = 37, .spread = 1}};

  template <class T>
  LS_FN static void rates(const T (&x)[3], T (&dx)[3]) {
    dx[0] = T(kA) * (x[1] - x[0]);
    dx[1] = T(kC - kA) * x[0] - x[0] * x[2] + T(kC) * x[1];
    dx[2] = x[0] * x[1] - T(kB) * x[2];
  }
};

}  // namespace lockstep::envs::chen
