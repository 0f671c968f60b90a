// A rigid body whose control lets it tumble on one of two attractors.
// R. B. Leipnik, T. A. Newton, Phys. Lett. A 86 (1981) 63.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::newton_leipnik {

struct System {
  static constexpr double kA = 0.4, kB = 0.175;
  static constexpr SystemFacts kFacts{.name = "newton-leipnik",
                                      .summary = "a rigid body whose control lets it tumble on one of two attractors",
                                      .source = "R. B. Leipnik, T. A. Newton, Phys. Lett. A 86 (1981) 63",
                                      .timestep = 0.03,
                                      .substeps = 2,
                                      .horizon = 6,
                                      .num_exponents = 1,
                                      .exponents = {0.14945},
                                      .exponent_tolerance = 0.02,
                                      .exponent_source = "table of dysts 0.96, estimated"};
  static constexpr SystemState kState[] = {{.name = "x", .start = 0.349, .spread = 0.02},
                                           {.name = "y", .start = 0, .spread = 0.02},
                                           {.name = "z", .start = -0.16, .spread = 0.02}};

  template <class T>
  LS_FN static void rates(const T (&x)[3], T (&dx)[3]) {
    dx[0] = -T(kA) * x[0] + x[1] + T(10) * x[1] * x[2];
    dx[1] = -x[0] - T(kA) * x[1] + T(5) * x[0] * x[2];
    dx[2] = T(kB) * x[2] - T(5) * x[0] * x[1];
  }
};

}  // namespace lockstep::envs::newton_leipnik
