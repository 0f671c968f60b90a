// A chemical clock.
// I. Prigogine, R. Lefever, J. Chem. Phys. 48 (1968) 1695.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::brusselator {

struct System {
  static constexpr double kA = 1, kB = 3;
  static constexpr SystemFacts kFacts{.name = "brusselator",
                                      .summary = "a chemical clock",
                                      .source = "I. Prigogine, R. Lefever, J. Chem. Phys. 48 (1968) 1695",
                                      .timestep = 0.02,
                                      .substeps = 2,
                                      .horizon = 7.2,
                                      .num_exponents = 1,
                                      .exponents = {0},
                                      .exponent_tolerance = 0.001,
                                      .exponent_source = "a stable limit cycle"};
  static constexpr SystemState kState[] = {{.name = "x", .start = 1, .spread = 0.5},
                                           {.name = "y", .start = 2, .spread = 0.5}};

  template <class T>
  LS_FN static void rates(const T (&x)[2], T (&dx)[2]) {
    dx[0] = T(kA) + x[0] * x[0] * x[1] - T(kB + 1) * x[0];
    dx[1] = T(kB) * x[0] - x[0] * x[0] * x[1];
  }
};

}  // namespace lockstep::envs::brusselator
