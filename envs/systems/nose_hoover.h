// An oscillator with a thermostat, chaotic without friction.
// W. G. Hoover, Phys. Rev. A 31 (1985) 1695; a = 1.5 as in dysts.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::nose_hoover {

struct System {
  static constexpr double kA = 1.5;
  static constexpr SystemFacts kFacts{.name = "nose-hoover",
                                      .summary = "an oscillator with a thermostat, chaotic without friction",
                                      .source = "W. G. Hoover, Phys. Rev. A 31 (1985) 1695; a = 1.5 as in dysts",
                                      .timestep = 0.02,
                                      .substeps = 1,
                                      .horizon = 6,
                                      .num_exponents = 1,
                                      .exponents = {0.010464},
                                      .exponent_tolerance = 0.005,
                                      .exponent_source = "table of dysts 0.96, estimated"};
  static constexpr SystemState kState[] = {{.name = "x", .start = -1.9758582, .spread = 0.005},
                                           {.name = "y", .start = 0.24647527, .spread = 0.005},
                                           {.name = "z", .start = 0.79024299, .spread = 0.005}};

  template <class T>
  LS_FN static void rates(const T (&x)[3], T (&dx)[3]) {
    dx[0] = x[1];
    dx[1] = -x[0] + x[1] * x[2];
    dx[2] = T(kA) - x[1] * x[1];
  }
};

}  // namespace lockstep::envs::nose_hoover
