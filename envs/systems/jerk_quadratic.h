// The simplest dissipative chaotic flow with a square.
// J. C. Sprott, Phys. Lett. A 228 (1997) 271.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::jerk_quadratic {

struct System {
  static constexpr double kA = 2.017;
  static constexpr SystemFacts kFacts{
      .name = "jerk-quadratic",
      .summary = "the simplest dissipative chaotic flow with a square",
      .source = "J. C. Sprott, Phys. Lett. A 228 (1997) 271",
      .timestep = 0.02,
      .substeps = 1,
      .horizon = 18,
      .num_exponents = 3,
      .exponents = {0.055, 0, -2.072},
      .exponent_tolerance = 0.002,
      .exponent_source = "J. C. Sprott, Chaos and Time-Series Analysis (2003), appendix A"};
  static constexpr SystemState kState[] = {{.name = "x", .start = 1.574, .spread = 0.01},
                                           {.name = "v", .start = -1.647, .spread = 0.01},
                                           {.name = "a", .start = 0.907, .spread = 0.01}};

  template <class T>
  LS_FN static void rates(const T (&x)[3], T (&dx)[3]) {
    dx[0] = x[1];
    dx[1] = x[2];
    dx[2] = -T(kA) * x[2] + x[1] * x[1] - x[0];
  }
};

}  // namespace lockstep::envs::jerk_quadratic
