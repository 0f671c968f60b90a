// Lorenz's model of the westerlies and their eddies.
// E. N. Lorenz, Tellus 36A (1984) 98; constants as in dysts.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::lorenz84 {

struct System {
  static constexpr double kA = 1.32, kB = 7.91, kForce = 4.83, kEddies = 4.194;
  static constexpr SystemFacts kFacts{.name = "lorenz84",
                                      .summary = "Lorenz's model of the westerlies and their eddies",
                                      .source = "E. N. Lorenz, Tellus 36A (1984) 98; constants as in dysts",
                                      .timestep = 0.005,
                                      .substeps = 4,
                                      .horizon = 2.2,
                                      .num_exponents = 1,
                                      .exponents = {0.46147},
                                      .exponent_tolerance = 0.1,
                                      .exponent_source = "table of dysts 0.96, estimated"};
  static constexpr SystemState kState[] = {{.name = "x", .start = 1.93, .spread = 0.2},
                                           {.name = "y", .start = -0.13, .spread = 0.2},
                                           {.name = "z", .start = -1.72, .spread = 0.2}};

  template <class T>
  LS_FN static void rates(const T (&x)[3], T (&dx)[3]) {
    dx[0] = -x[1] * x[1] - x[2] * x[2] - T(kA) * (x[0] - T(kForce));
    dx[1] = x[0] * x[1] - T(kB) * x[0] * x[2] - x[1] + T(kEddies);
    dx[2] = T(kB) * x[0] * x[1] + x[0] * x[2] - x[2];
  }
};

}  // namespace lockstep::envs::lorenz84
