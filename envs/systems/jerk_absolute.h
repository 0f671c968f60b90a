// The simplest chaotic flow that is linear but for an absolute value.
// S. J. Linz, J. C. Sprott, Phys. Lett. A 259 (1999) 240.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::jerk_absolute {

struct System {
  static constexpr double kA = 0.6;
  static constexpr SystemFacts kFacts{
      .name = "jerk-absolute",
      .summary = "the simplest chaotic flow that is linear but for an absolute value",
      .source = "S. J. Linz, J. C. Sprott, Phys. Lett. A 259 (1999) 240",
      .timestep = 0.02,
      .substeps = 8,
      .horizon = 28,
      .tolerance = 1e-05,
      .num_exponents = 3,
      .exponents = {0.0362, 0, -0.6362},
      .exponent_tolerance = 0.002,
      .exponent_source = "J. C. Sprott, Chaos and Time-Series Analysis (2003), appendix A"};
  static constexpr SystemState kState[] = {{.name = "x", .start = 0, .spread = 0.02},
                                           {.name = "v", .start = -0.7, .spread = 0.02},
                                           {.name = "a", .start = 0, .spread = 0.02}};

  template <class T>
  LS_FN static void rates(const T (&x)[3], T (&dx)[3]) {
    dx[0] = x[1];
    dx[1] = x[2];
    dx[2] = -T(kA) * x[2] - x[1] + kernels::absolute(x[0]) - T(1);
  }
};

}  // namespace lockstep::envs::jerk_absolute
