// Lorenz's convection rolls with heat pumped into x: hold one of the two steady rolls.
// E. N. Lorenz, J. Atmos. Sci. 20 (1963) 130; input as in E. Kaiser et al., Proc. R. Soc. A 474 (2018).
#pragma once

#include "envs/system.h"

namespace lockstep::envs::lorenz63_controlled {

struct System {
  static constexpr double kSigma = 10, kRho = 28, kBeta = 8.0 / 3, kRoll = 8.48528137423857;
  static constexpr SystemFacts kFacts{
      .name = "lorenz63-controlled",
      .summary = "Lorenz's convection rolls with heat pumped into x: hold one of the two steady rolls",
      .source = "E. N. Lorenz, J. Atmos. Sci. 20 (1963) 130; input as in E. Kaiser et al., Proc. R. Soc. A 474 (2018)",
      .timestep = 0.002,
      .substeps = 1,
      .horizon = 1.1,
      .episode_steps = 5000,
      .action_weight = 1e-05};
  static constexpr SystemState kState[] = {{.name = "x", .start = -8, .spread = 2, .target = kRoll, .weight = 0.01},
                                           {.name = "y", .start = 8, .spread = 2, .target = kRoll, .weight = 0.01},
                                           {.name = "z", .start = 27, .spread = 2, .target = kRho - 1, .weight = 0.01}};
  static constexpr ActionField kControl[] = {{"heat", -70, 70}};

  template <class T>
  LS_FN static void rates(const T (&x)[3], const T (&u)[1], T (&dx)[3]) {
    dx[0] = T(kSigma) * (x[1] - x[0]) + u[0];
    dx[1] = x[0] * (T(kRho) - x[2]) - x[1];
    dx[2] = x[0] * x[1] - T(kBeta) * x[2];
  }
};

}  // namespace lockstep::envs::lorenz63_controlled
