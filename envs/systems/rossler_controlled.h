// Roessler's folded band with an input on y: hold the unstable centre.
// O. E. Roessler, Phys. Lett. A 57 (1976) 397.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::rossler_controlled {

struct System {
  static constexpr double kA = 0.2, kB = 0.2, kC = 5.7, kRest = 0.007026204834100103;
  static constexpr SystemFacts kFacts{.name = "rossler-controlled",
                                      .summary = "Roessler's folded band with an input on y: hold the unstable centre",
                                      .source = "O. E. Roessler, Phys. Lett. A 57 (1976) 397",
                                      .timestep = 0.01,
                                      .substeps = 1,
                                      .horizon = 14,
                                      .action_weight = 0.001};
  static constexpr SystemState kState[] = {
      {.name = "x", .start = 3, .spread = 1, .target = kRest, .weight = 0.01},
      {.name = "y", .start = 5, .spread = 1, .target = -kRest / kA, .weight = 0.01},
      {.name = "z", .start = 0.02, .spread = 0.01, .target = kRest / kA, .weight = 0.01}};
  static constexpr ActionField kControl[] = {{"push", -2, 2}};

  template <class T>
  LS_FN static void rates(const T (&x)[3], const T (&u)[1], T (&dx)[3]) {
    dx[0] = -x[1] - x[2];
    dx[1] = x[0] + T(kA) * x[1] + u[0];
    dx[2] = T(kB) + x[2] * (x[0] - T(kC));
  }
};

}  // namespace lockstep::envs::rossler_controlled
