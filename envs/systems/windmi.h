// Solar wind, magnetosphere and ionosphere as a jerk system with an exponential.
// J. C. Sprott, Chaos and Time-Series Analysis (2003); W. Horton et al., Phys. Plasmas 8 (2001) 2946.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::windmi {

struct System {
  static constexpr double kA = 0.7, kB = 2.5;
  static constexpr SystemFacts kFacts{
      .name = "windmi",
      .summary = "solar wind, magnetosphere and ionosphere as a jerk system with an exponential",
      .source = "J. C. Sprott, Chaos and Time-Series Analysis (2003); W. Horton et al., Phys. Plasmas 8 (2001) 2946",
      .timestep = 0.02,
      .substeps = 1,
      .horizon = 13,
      .num_exponents = 3,
      .exponents = {0.0755, 0, -0.7755},
      .exponent_tolerance = 0.002,
      .exponent_source = "J. C. Sprott, Chaos and Time-Series Analysis (2003), appendix A"};
  static constexpr SystemState kState[] = {{.name = "x", .start = 0, .spread = 0.02},
                                           {.name = "v", .start = 0.8, .spread = 0.02},
                                           {.name = "a", .start = 0, .spread = 0.02}};

  template <class T>
  LS_FN static void rates(const T (&x)[3], T (&dx)[3]) {
    dx[0] = x[1];
    dx[1] = x[2];
    dx[2] = -T(kA) * x[2] - x[1] + T(kB) - kernels::exponential(x[0]);
  }
};

}  // namespace lockstep::envs::windmi
