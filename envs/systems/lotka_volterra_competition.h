// Four species in competition, chaotic.
// J. A. Vano et al., Nonlinearity 19 (2006) 2391.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::lotka_volterra_competition {

struct System {
  static constexpr double kR1 = 1, kR2 = 0.72, kR3 = 1.53, kR4 = 1.27;
  static constexpr SystemFacts kFacts{.name = "lotka-volterra-competition",
                                      .summary = "four species in competition, chaotic",
                                      .source = "J. A. Vano et al., Nonlinearity 19 (2006) 2391",
                                      .timestep = 0.1,
                                      .substeps = 1,
                                      .horizon = 49,
                                      .num_exponents = 1,
                                      .exponents = {0.0203},
                                      .exponent_tolerance = 0.003,
                                      .exponent_source = "J. A. Vano et al., Nonlinearity 19 (2006) 2391"};
  static constexpr SystemState kState[] = {{.name = "n0", .start = 0.3013, .spread = 0.02},
                                           {.name = "n1", .start = 0.4586, .spread = 0.02},
                                           {.name = "n2", .start = 0.1307, .spread = 0.02},
                                           {.name = "n3", .start = 0.3557, .spread = 0.02}};

  template <class T>
  LS_FN static void rates(const T (&x)[4], T (&dx)[4]) {
    dx[0] = T(kR1) * x[0] * (T(1) - x[0] - T(1.09) * x[1] - T(1.52) * x[2]);
    dx[1] = T(kR2) * x[1] * (T(1) - x[1] - T(0.44) * x[2] - T(1.36) * x[3]);
    dx[2] = T(kR3) * x[2] * (T(1) - T(2.33) * x[0] - x[2] - T(0.47) * x[3]);
    dx[3] = T(kR4) * x[3] * (T(1) - T(1.21) * x[0] - T(0.51) * x[1] - T(0.35) * x[2] - x[3]);
  }
};

}  // namespace lockstep::envs::lotka_volterra_competition
