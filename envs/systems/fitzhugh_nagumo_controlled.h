// A nerve cell with a current to choose: stop it from firing.
// R. FitzHugh, Biophys. J. 1 (1961) 445.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::fitzhugh_nagumo_controlled {

struct System {
  static constexpr double kA = 0.7, kB = 0.8, kRate = 0.08, kCurrent = 0.5, kRestV = -0.8048477470083344,
                          kRestW = -0.13105968376041804;
  static constexpr SystemFacts kFacts{.name = "fitzhugh-nagumo-controlled",
                                      .summary = "a nerve cell with a current to choose: stop it from firing",
                                      .source = "R. FitzHugh, Biophys. J. 1 (1961) 445",
                                      .timestep = 0.1,
                                      .substeps = 2,
                                      .horizon = 39,
                                      .action_weight = 0.1};
  static constexpr SystemState kState[] = {{.name = "v", .start = 0, .spread = 1, .target = kRestV, .weight = 1},
                                           {.name = "w", .start = 0.5, .spread = 0.5, .target = kRestW, .weight = 1}};
  static constexpr ActionField kControl[] = {{"current", -0.5, 0.5}};

  template <class T>
  LS_FN static void rates(const T (&x)[2], const T (&u)[1], T (&dx)[2]) {
    dx[0] = x[0] - x[0] * x[0] * x[0] / T(3) - x[1] + T(kCurrent) + u[0];
    dx[1] = T(kRate) * (x[0] + T(kA) - T(kB) * x[1]);
  }
};

}  // namespace lockstep::envs::fitzhugh_nagumo_controlled
