// A nerve cell that fires on and on.
// R. FitzHugh, Biophys. J. 1 (1961) 445.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::fitzhugh_nagumo {

struct System {
  static constexpr double kA = 0.7, kB = 0.8, kRate = 0.08, kCurrent = 0.5;
  static constexpr SystemFacts kFacts{.name = "fitzhugh-nagumo",
                                      .summary = "a nerve cell that fires on and on",
                                      .source = "R. FitzHugh, Biophys. J. 1 (1961) 445",
                                      .timestep = 0.1,
                                      .substeps = 2,
                                      .horizon = 39,
                                      .num_exponents = 1,
                                      .exponents = {0},
                                      .exponent_tolerance = 0.001,
                                      .exponent_source = "a stable limit cycle"};
  static constexpr SystemState kState[] = {{.name = "v", .start = 0, .spread = 1},
                                           {.name = "w", .start = 0.5, .spread = 0.5}};

  template <class T>
  LS_FN static void rates(const T (&x)[2], T (&dx)[2]) {
    dx[0] = x[0] - x[0] * x[0] * x[0] / T(3) - x[1] + T(kCurrent);
    dx[1] = T(kRate) * (x[0] + T(kA) - T(kB) * x[1]);
  }
};

}  // namespace lockstep::envs::fitzhugh_nagumo
