// Waves in a medium that is not in equilibrium.
// M. I. Rabinovich, A. L. Fabrikant, Sov. Phys. JETP 50 (1979) 311.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::rabinovich_fabrikant {

struct System {
  static constexpr double kAlpha = 1.1, kGamma = 0.87;
  static constexpr SystemFacts kFacts{
      .name = "rabinovich-fabrikant",
      .summary = "waves in a medium that is not in equilibrium",
      .source = "M. I. Rabinovich, A. L. Fabrikant, Sov. Phys. JETP 50 (1979) 311",
      .timestep = 0.008,
      .substeps = 1,
      .horizon = 5,
      .episode_steps = 5000,
      .num_exponents = 3,
      .exponents = {0.1981, 0, -0.6581},
      .exponent_tolerance = 0.01,
      .exponent_source = "J. C. Sprott, Chaos and Time-Series Analysis (2003), appendix A"};
  static constexpr SystemState kState[] = {{.name = "x", .start = -1.82, .spread = 0.02},
                                           {.name = "y", .start = 0.834, .spread = 0.02},
                                           {.name = "z", .start = 0.208, .spread = 0.02}};

  template <class T>
  LS_FN static void rates(const T (&x)[3], T (&dx)[3]) {
    dx[0] = x[1] * (x[2] - T(1) + x[0] * x[0]) + T(kGamma) * x[0];
    dx[1] = x[0] * (T(3) * x[2] + T(1) - x[0] * x[0]) + T(kGamma) * x[1];
    dx[2] = T(-2) * x[2] * (T(kAlpha) + x[0] * x[1]);
  }
};

}  // namespace lockstep::envs::rabinovich_fabrikant
