// Interest, investment and prices.
// J. Ma, Y. Chen, Appl. Math. Mech. 22 (2001) 1240.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::finance {

struct System {
  static constexpr double kA = 0.001, kB = 0.2, kC = 1.1;
  static constexpr SystemFacts kFacts{.name = "finance",
                                      .summary = "interest, investment and prices",
                                      .source = "J. Ma, Y. Chen, Appl. Math. Mech. 22 (2001) 1240",
                                      .timestep = 0.03,
                                      .substeps = 1,
                                      .horizon = 10.7,
                                      .num_exponents = 1,
                                      .exponents = {0.093541},
                                      .exponent_tolerance = 0.005,
                                      .exponent_source = "table of dysts 0.96, estimated"};
  static constexpr SystemState kState[] = {{.name = "x", .start = -0.517, .spread = 0.02},
                                           {.name = "y", .start = -3.957, .spread = 0.02},
                                           {.name = "z", .start = 0.0013, .spread = 0.02}};

  template <class T>
  LS_FN static void rates(const T (&x)[3], T (&dx)[3]) {
    dx[0] = T(1 / kB - kA) * x[0] + x[2] + x[0] * x[1];
    dx[1] = -T(kB) * x[1] - x[0] * x[0];
    dx[2] = -x[0] - T(kC) * x[2];
  }
};

}  // namespace lockstep::envs::finance
