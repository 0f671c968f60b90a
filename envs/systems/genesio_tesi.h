// A third-order feedback loop with one square.
// R. Genesio, A. Tesi, Automatica 28 (1992) 531.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::genesio_tesi {

struct System {
  static constexpr double kA = 0.44, kB = 1.1, kC = 1;
  static constexpr SystemFacts kFacts{.name = "genesio-tesi",
                                      .summary = "a third-order feedback loop with one square",
                                      .source = "R. Genesio, A. Tesi, Automatica 28 (1992) 531",
                                      .timestep = 0.02,
                                      .substeps = 1,
                                      .horizon = 9.7,
                                      .num_exponents = 1,
                                      .exponents = {0.10509},
                                      .exponent_tolerance = 0.005,
                                      .exponent_source = "table of dysts 0.96, estimated"};
  static constexpr SystemState kState[] = {{.name = "x", .start = -0.0538, .spread = 0.02},
                                           {.name = "v", .start = -0.2616, .spread = 0.02},
                                           {.name = "a", .start = 0.335, .spread = 0.02}};

  template <class T>
  LS_FN static void rates(const T (&x)[3], T (&dx)[3]) {
    dx[0] = x[1];
    dx[1] = x[2];
    dx[2] = -T(kC) * x[0] - T(kB) * x[1] - T(kA) * x[2] + x[0] * x[0];
  }
};

}  // namespace lockstep::envs::genesio_tesi
