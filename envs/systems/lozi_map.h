// Henon's map with an absolute value for the square.
// R. Lozi, J. Phys. Colloq. 39 (1978) C5-9.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::lozi_map {

struct System {
  static constexpr double kA = 1.7, kB = 0.5;
  static constexpr SystemFacts kFacts{
      .name = "lozi-map",
      .summary = "Henon's map with an absolute value for the square",
      .source = "R. Lozi, J. Phys. Colloq. 39 (1978) C5-9",
      .timestep = 1,
      .substeps = 0,
      .horizon = 0,
      .num_exponents = 2,
      .exponents = {0.4702, -1.1633},
      .exponent_tolerance = 0.002,
      .exponent_source = "J. C. Sprott, Chaos and Time-Series Analysis (2003), appendix A"};
  static constexpr SystemState kState[] = {{.name = "x", .start = -0.1, .spread = 0.1},
                                           {.name = "y", .start = 0.1, .spread = 0.1}};

  template <class T>
  LS_FN static void rates(const T (&x)[2], T (&dx)[2]) {
    dx[0] = T(1) - T(kA) * kernels::absolute(x[0]) + x[1];
    dx[1] = T(kB) * x[0];
  }
};

}  // namespace lockstep::envs::lozi_map
