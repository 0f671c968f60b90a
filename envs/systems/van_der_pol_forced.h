// Van der Pol's valve oscillator under a sine, chaotic.
// U. Parlitz, W. Lauterborn, Phys. Rev. A 36 (1987) 1428.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::van_der_pol_forced {

struct System {
  static constexpr double kMu = 3, kForce = 5, kFrequency = 1.788;
  static constexpr SystemFacts kFacts{
      .name = "van-der-pol-forced",
      .summary = "van der Pol's valve oscillator under a sine, chaotic",
      .source = "U. Parlitz, W. Lauterborn, Phys. Rev. A 36 (1987) 1428",
      .timestep = 0.01,
      .substeps = 3,
      .horizon = 5.2,
      .num_exponents = 3,
      .exponents = {0.1933, 0, -2.0614},
      .exponent_tolerance = 0.006,
      .exponent_source = "J. C. Sprott, Chaos and Time-Series Analysis (2003), appendix A"};
  static constexpr SystemState kState[] = {{.name = "x", .start = -1.9, .spread = 0.1},
                                           {.name = "v", .start = 0, .spread = 0.1},
                                           {.name = "phase", .start = 0, .spread = 3.14159265358979, .is_angle = true}};

  template <class T>
  LS_FN static void rates(const T (&x)[3], T (&dx)[3]) {
    dx[0] = x[1];
    dx[1] = T(kMu) * (T(1) - x[0] * x[0]) * x[1] - x[0] + T(kForce) * kernels::sine(x[2]);
    dx[2] = T(kFrequency);
  }
};

}  // namespace lockstep::envs::van_der_pol_forced
