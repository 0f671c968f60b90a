// The simplest dissipative chaotic flow with a cubic term.
// J.-M. Malasoma, Phys. Lett. A 264 (2000) 383.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::jerk_cubic {

struct System {
  static constexpr double kA = 2.028;
  static constexpr SystemFacts kFacts{
      .name = "jerk-cubic",
      .summary = "the simplest dissipative chaotic flow with a cubic term",
      .source = "J.-M. Malasoma, Phys. Lett. A 264 (2000) 383",
      .timestep = 0.02,
      .substeps = 1,
      .horizon = 12,
      .num_exponents = 3,
      .exponents = {0.0837, 0, -2.1117},
      .exponent_tolerance = 0.002,
      .exponent_source = "J. C. Sprott, Chaos and Time-Series Analysis (2003), appendix A"};
  static constexpr SystemState kState[] = {{.name = "x", .start = 1.524, .spread = 0.01},
                                           {.name = "v", .start = 0.974, .spread = 0.01},
                                           {.name = "a", .start = -0.022, .spread = 0.01}};

  template <class T>
  LS_FN static void rates(const T (&x)[3], T (&dx)[3]) {
    dx[0] = x[1];
    dx[1] = x[2];
    dx[2] = -T(kA) * x[2] + x[0] * x[1] * x[1] - x[0];
  }
};

}  // namespace lockstep::envs::jerk_cubic
