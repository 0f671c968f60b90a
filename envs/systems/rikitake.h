// Two coupled dynamos whose field turns over as the Earth's does.
// T. Rikitake, Proc. Camb. Phil. Soc. 54 (1958) 89.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::rikitake {

struct System {
  static constexpr double kFriction = 1, kDifference = 1;
  static constexpr SystemFacts kFacts{
      .name = "rikitake",
      .summary = "two coupled dynamos whose field turns over as the Earth's does",
      .source = "T. Rikitake, Proc. Camb. Phil. Soc. 54 (1958) 89",
      .timestep = 0.02,
      .substeps = 2,
      .horizon = 7.8,
      .num_exponents = 3,
      .exponents = {0.1286, 0, -2.1286},
      .exponent_tolerance = 0.006,
      .exponent_source = "J. C. Sprott, Chaos and Time-Series Analysis (2003), appendix A"};
  static constexpr SystemState kState[] = {{.name = "x", .start = -0.78, .spread = 0.1},
                                           {.name = "y", .start = -0.63, .spread = 0.1},
                                           {.name = "z", .start = 2.67, .spread = 0.1}};

  template <class T>
  LS_FN static void rates(const T (&x)[3], T (&dx)[3]) {
    dx[0] = -T(kFriction) * x[0] + x[2] * x[1];
    dx[1] = -T(kFriction) * x[1] + (x[2] - T(kDifference)) * x[0];
    dx[2] = T(1) - x[0] * x[1];
  }
};

}  // namespace lockstep::envs::rikitake
