// Rucklidge's double convection.
// A. M. Rucklidge, J. Fluid Mech. 237 (1992) 209.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::rucklidge {

struct System {
  static constexpr double kKappa = 2, kLambda = 6.7;
  static constexpr SystemFacts kFacts{.name = "rucklidge",
                                      .summary = "Rucklidge's double convection",
                                      .source = "A. M. Rucklidge, J. Fluid Mech. 237 (1992) 209",
                                      .timestep = 0.02,
                                      .substeps = 2,
                                      .horizon = 5.2,
                                      .num_exponents = 1,
                                      .exponents = {0.19364},
                                      .exponent_tolerance = 0.01,
                                      .exponent_source = "table of dysts 0.96, estimated"};
  static constexpr SystemState kState[] = {{.name = "x", .start = 1.93, .spread = 0.2},
                                           {.name = "y", .start = 3.19, .spread = 0.2},
                                           {.name = "z", .start = 5.78, .spread = 0.2}};

  template <class T>
  LS_FN static void rates(const T (&x)[3], T (&dx)[3]) {
    dx[0] = -T(kKappa) * x[0] + T(kLambda) * x[1] - x[1] * x[2];
    dx[1] = x[0];
    dx[2] = -x[2] + x[1] * x[1];
  }
};

}  // namespace lockstep::envs::rucklidge
