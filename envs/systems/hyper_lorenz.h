// Lorenz's flow with a fourth equation, hyperchaotic.
// Q. Jia, Phys. Lett. A 366 (2007) 217; beta = 2.667 as in dysts.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::hyper_lorenz {

struct System {
  static constexpr double kSigma = 10, kRho = 28, kBeta = 2.667, kD = 1.1;
  static constexpr SystemFacts kFacts{.name = "hyper-lorenz",
                                      .summary = "Lorenz's flow with a fourth equation, hyperchaotic",
                                      .source = "Q. Jia, Phys. Lett. A 366 (2007) 217; beta = 2.667 as in dysts",
                                      .timestep = 0.004,
                                      .substeps = 3,
                                      .horizon = 3.9,
                                      .episode_steps = 5000,
                                      .num_exponents = 1,
                                      .exponents = {0.32888},
                                      .exponent_tolerance = 0.1,
                                      .exponent_source = "table of dysts 0.96, estimated"};
  static constexpr SystemState kState[] = {{.name = "x", .start = -9.19, .spread = 0.5},
                                           {.name = "y", .start = -0.67, .spread = 0.5},
                                           {.name = "z", .start = 16.4, .spread = 0.5},
                                           {.name = "w", .start = -145, .spread = 1}};

  template <class T>
  LS_FN static void rates(const T (&x)[4], T (&dx)[4]) {
    dx[0] = T(kSigma) * (x[1] - x[0]) + x[3];
    dx[1] = x[0] * (T(kRho) - x[2]) - x[1];
    dx[2] = x[0] * x[1] - T(kBeta) * x[2];
    dx[3] = -x[0] * x[2] + T(kD) * x[3];
  }
};

}  // namespace lockstep::envs::hyper_lorenz
