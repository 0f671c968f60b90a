// A nerve cell that fires in bursts of chaotic length.
// J. L. Hindmarsh, R. M. Rose, Proc. R. Soc. B 221 (1984) 87.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::hindmarsh_rose {

struct System {
  static constexpr double kB = 3, kD = 5, kRate = 0.006, kS = 4, kRest = -1.6, kCurrent = 3.25;
  static constexpr SystemFacts kFacts{.name = "hindmarsh-rose",
                                      .summary = "a nerve cell that fires in bursts of chaotic length",
                                      .source = "J. L. Hindmarsh, R. M. Rose, Proc. R. Soc. B 221 (1984) 87",
                                      .timestep = 0.05,
                                      .substeps = 3,
                                      .horizon = 20};
  static constexpr SystemState kState[] = {{.name = "x", .start = -1, .spread = 0.3},
                                           {.name = "y", .start = -4, .spread = 0.5},
                                           {.name = "z", .start = 3.2, .spread = 0.1}};

  template <class T>
  LS_FN static void rates(const T (&x)[3], T (&dx)[3]) {
    dx[0] = x[1] - x[0] * x[0] * x[0] + T(kB) * x[0] * x[0] - x[2] + T(kCurrent);
    dx[1] = T(1) - T(kD) * x[0] * x[0] - x[1];
    dx[2] = T(kRate) * (T(kS) * (x[0] - T(kRest)) - x[2]);
  }
};

}  // namespace lockstep::envs::hindmarsh_rose
