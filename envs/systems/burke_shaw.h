// Burke and Shaw's attractor, of Lorenz's family.
// R. Shaw, Z. Naturforsch. 36a (1981) 80.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::burke_shaw {

struct System {
  static constexpr double kS = 10, kV = 13;
  static constexpr SystemFacts kFacts{.name = "burke-shaw",
                                      .summary = "Burke and Shaw's attractor, of Lorenz's family",
                                      .source = "R. Shaw, Z. Naturforsch. 36a (1981) 80",
                                      .timestep = 0.002,
                                      .substeps = 1,
                                      .horizon = 0.43,
                                      .episode_steps = 5000,
                                      .num_exponents = 1,
                                      .exponents = {2.3246},
                                      .exponent_tolerance = 0.12,
                                      .exponent_source = "table of dysts 0.96, estimated"};
  static constexpr SystemState kState[] = {{.name = "x", .start = -0.79, .spread = 0.1},
                                           {.name = "y", .start = 0.65, .spread = 0.1},
                                           {.name = "z", .start = 0.225, .spread = 0.1}};

  template <class T>
  LS_FN static void rates(const T (&x)[3], T (&dx)[3]) {
    dx[0] = -T(kS) * (x[0] + x[1]);
    dx[1] = x[1] - T(kS) * x[0] * x[2];
    dx[2] = T(kS) * x[0] * x[1] + T(kV);
  }
};

}  // namespace lockstep::envs::burke_shaw
