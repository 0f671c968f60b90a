// A blob of gas that bounces and heats in a star.
// D. W. Moore, E. A. Spiegel, Astrophys. J. 143 (1966) 871.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::moore_spiegel {

struct System {
  static constexpr double kTension = 6, kRayleigh = 20;
  static constexpr SystemFacts kFacts{.name = "moore-spiegel",
                                      .summary = "a blob of gas that bounces and heats in a star",
                                      .source = "D. W. Moore, E. A. Spiegel, Astrophys. J. 143 (1966) 871",
                                      .timestep = 0.01,
                                      .substeps = 5,
                                      .horizon = 8};
  static constexpr SystemState kState[] = {{.name = "x", .start = 0.1, .spread = 0.05},
                                           {.name = "v", .start = 0, .spread = 0.05},
                                           {.name = "a", .start = 0, .spread = 0.05}};

  template <class T>
  LS_FN static void rates(const T (&x)[3], T (&dx)[3]) {
    dx[0] = x[1];
    dx[1] = x[2];
    dx[2] = -x[2] - (T(kTension - kRayleigh) + T(kRayleigh) * x[0] * x[0]) * x[1] - T(kTension) * x[0];
  }
};

}  // namespace lockstep::envs::moore_spiegel
