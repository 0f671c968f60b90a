// Lorenz's convection rolls, the standard chaotic flow.
// E. N. Lorenz, J. Atmos. Sci. 20 (1963) 130.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::lorenz63 {

struct System {
  static constexpr double kSigma = 10, kRho = 28, kBeta = 8.0 / 3;
  static constexpr SystemFacts kFacts{
      .name = "lorenz63",
      .summary = "Lorenz's convection rolls, the standard chaotic flow",
      .source = "E. N. Lorenz, J. Atmos. Sci. 20 (1963) 130",
      .timestep = 0.002,
      .substeps = 1,
      .horizon = 1.1,
      .episode_steps = 5000,
      .num_exponents = 3,
      .exponents = {0.9056, 0, -14.5723},
      .exponent_tolerance = 0.004,
      .exponent_source = "J. C. Sprott, Chaos and Time-Series Analysis (2003), appendix A"};
  static constexpr SystemState kState[] = {{.name = "x", .start = -8, .spread = 2},
                                           {.name = "y", .start = 8, .spread = 2},
                                           {.name = "z", .start = 27, .spread = 2}};

  template <class T>
  LS_FN static void rates(const T (&x)[3], T (&dx)[3]) {
    dx[0] = T(kSigma) * (x[1] - x[0]);
    dx[1] = x[0] * (T(kRho) - x[2]) - x[1];
    dx[2] = x[0] * x[1] - T(kBeta) * x[2];
  }
};

}  // namespace lockstep::envs::lorenz63
