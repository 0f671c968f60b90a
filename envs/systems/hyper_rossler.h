// Roessler's hyperchaos, the first flow with two positive exponents.
// O. E. Roessler, Phys. Lett. A 71 (1979) 155.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::hyper_rossler {

struct System {
  static constexpr double kA = 0.25, kB = 3, kC = 0.5, kD = 0.05;
  static constexpr SystemFacts kFacts{.name = "hyper-rossler",
                                      .summary = "Roessler's hyperchaos, the first flow with two positive exponents",
                                      .source = "O. E. Roessler, Phys. Lett. A 71 (1979) 155",
                                      .timestep = 0.01,
                                      .substeps = 2,
                                      .horizon = 9,
                                      .num_exponents = 4,
                                      .exponents = {0.112, 0.019, 0, -25.188},
                                      .exponent_tolerance = 0.006,
                                      .exponent_source = "K. E. Chlouverakis, J. C. Sprott, Physica D 200 (2005) 156"};
  static constexpr SystemState kState[] = {{.name = "x", .start = -20, .spread = 1},
                                           {.name = "y", .start = 0, .spread = 1},
                                           {.name = "z", .start = 0.02, .spread = 0.01},
                                           {.name = "w", .start = 15, .spread = 1}};

  template <class T>
  LS_FN static void rates(const T (&x)[4], T (&dx)[4]) {
    dx[0] = -x[1] - x[2];
    dx[1] = x[0] + T(kA) * x[1] + x[3];
    dx[2] = T(kB) + x[0] * x[2];
    dx[3] = -T(kC) * x[2] + T(kD) * x[3];
  }
};

}  // namespace lockstep::envs::hyper_rossler
