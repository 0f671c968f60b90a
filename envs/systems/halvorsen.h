// Halvorsen's attractor with cyclic symmetry.
// J. C. Sprott, Chaos and Time-Series Analysis (2003); a = 1.4 as in dysts.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::halvorsen {

struct System {
  static constexpr double kA = 1.4;
  static constexpr SystemFacts kFacts{
      .name = "halvorsen",
      .summary = "Halvorsen's attractor with cyclic symmetry",
      .source = "J. C. Sprott, Chaos and Time-Series Analysis (2003); a = 1.4 as in dysts",
      .timestep = 0.005,
      .substeps = 2,
      .horizon = 1.46,
      .episode_steps = 5000,
      .num_exponents = 1,
      .exponents = {0.69637},
      .exponent_tolerance = 0.03,
      .exponent_source = "table of dysts 0.96, estimated"};
  static constexpr SystemState kState[] = {{.name = "x", .start = -8.68, .spread = 0.2},
                                           {.name = "y", .start = -2.47, .spread = 0.2},
                                           {.name = "z", .start = 0.07, .spread = 0.2}};

  template <class T>
  LS_FN static void rates(const T (&x)[3], T (&dx)[3]) {
    dx[0] = -T(kA) * x[0] - T(4) * (x[1] + x[2]) - x[1] * x[1];
    dx[1] = -T(kA) * x[1] - T(4) * (x[2] + x[0]) - x[2] * x[2];
    dx[2] = -T(kA) * x[2] - T(4) * (x[0] + x[1]) - x[0] * x[0];
  }
};

}  // namespace lockstep::envs::halvorsen
