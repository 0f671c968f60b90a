// Henon's map of the plane.
// M. Henon, Commun. Math. Phys. 50 (1976) 69.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::henon_map {

struct System {
  static constexpr double kA = 1.4, kB = 0.3;
  static constexpr SystemFacts kFacts{
      .name = "henon-map",
      .summary = "Henon's map of the plane",
      .source = "M. Henon, Commun. Math. Phys. 50 (1976) 69",
      .timestep = 1,
      .substeps = 0,
      .horizon = 0,
      .num_exponents = 2,
      .exponents = {0.41922, -1.62319},
      .exponent_tolerance = 0.001,
      .exponent_source = "J. C. Sprott, Chaos and Time-Series Analysis (2003), appendix A"};
  static constexpr SystemState kState[] = {{.name = "x", .start = 0.1, .spread = 0.1},
                                           {.name = "y", .start = 0.1, .spread = 0.1}};

  template <class T>
  LS_FN static void rates(const T (&x)[2], T (&dx)[2]) {
    dx[0] = T(1) - T(kA) * x[0] * x[0] + x[1];
    dx[1] = T(kB) * x[0];
  }
};

}  // namespace lockstep::envs::henon_map
