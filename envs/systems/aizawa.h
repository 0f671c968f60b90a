// Aizawa's attractor, a sphere with a tube along its axis.
// W. F. Langford (1984); constants as in dysts.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::aizawa {

struct System {
  static constexpr double kA = 0.95, kB = 0.7, kC = 0.6, kD = 3.5, kE = 0.25, kF = 0.1;
  static constexpr SystemFacts kFacts{.name = "aizawa",
                                      .summary = "Aizawa's attractor, a sphere with a tube along its axis",
                                      .source = "W. F. Langford (1984); constants as in dysts",
                                      .timestep = 0.01,
                                      .substeps = 1,
                                      .horizon = 7,
                                      .num_exponents = 1,
                                      .exponents = {0.1349},
                                      .exponent_tolerance = 0.06,
                                      .exponent_source = "table of dysts 0.96, estimated"};
  static constexpr SystemState kState[] = {{.name = "x", .start = -0.784, .spread = 0.05},
                                           {.name = "y", .start = -0.629, .spread = 0.05},
                                           {.name = "z", .start = -0.176, .spread = 0.05}};

  template <class T>
  LS_FN static void rates(const T (&x)[3], T (&dx)[3]) {
    dx[0] = (x[2] - T(kB)) * x[0] - T(kD) * x[1];
    dx[1] = T(kD) * x[0] + (x[2] - T(kB)) * x[1];
    dx[2] = T(kC) + T(kA) * x[2] - x[2] * x[2] * x[2] / T(3) - (x[0] * x[0] + x[1] * x[1]) * (T(1) + T(kE) * x[2]) +
            T(kF) * x[2] * x[0] * x[0] * x[0];
  }
};

}  // namespace lockstep::envs::aizawa
