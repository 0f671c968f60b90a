// Shimizu and Morioka's flow, Lorenz's for large Rayleigh numbers.
// T. Shimizu, N. Morioka, Phys. Lett. A 76 (1980) 201.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::shimizu_morioka {

struct System {
  static constexpr double kA = 0.85, kB = 0.5;
  static constexpr SystemFacts kFacts{.name = "shimizu-morioka",
                                      .summary = "Shimizu and Morioka's flow, Lorenz's for large Rayleigh numbers",
                                      .source = "T. Shimizu, N. Morioka, Phys. Lett. A 76 (1980) 201",
                                      .timestep = 0.04,
                                      .substeps = 3,
                                      .horizon = 28,
                                      .num_exponents = 1,
                                      .exponents = {0.035774},
                                      .exponent_tolerance = 0.001,
                                      .exponent_source = "table of dysts 0.96, estimated"};
  static constexpr SystemState kState[] = {{.name = "x", .start = 0.017, .spread = 0.01},
                                           {.name = "y", .start = 0.035, .spread = 0.01},
                                           {.name = "z", .start = 0.353, .spread = 0.01}};

  template <class T>
  LS_FN static void rates(const T (&x)[3], T (&dx)[3]) {
    dx[0] = x[1];
    dx[1] = x[0] - T(kA) * x[1] - x[0] * x[2];
    dx[2] = -T(kB) * x[2] + x[0] * x[0];
  }
};

}  // namespace lockstep::envs::shimizu_morioka
