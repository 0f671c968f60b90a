// Prey and predators.
// A. J. Lotka (1925), V. Volterra (1926).
#pragma once

#include "envs/system.h"

namespace lockstep::envs::lotka_volterra {

struct System {
  static constexpr double kBirth = 1.1, kHunt = 0.4, kGrowth = 0.1, kDeath = 0.4;
  static constexpr SystemFacts kFacts{.name = "lotka-volterra",
                                      .summary = "prey and predators",
                                      .source = "A. J. Lotka (1925), V. Volterra (1926)",
                                      .timestep = 0.01,
                                      .substeps = 1,
                                      .horizon = 11,
                                      .num_exponents = 2,
                                      .exponents = {0, 0},
                                      .exponent_tolerance = 0.001,
                                      .exponent_source = "closed orbits around a centre"};
  static constexpr SystemState kState[] = {{.name = "prey", .start = 10, .spread = 4},
                                           {.name = "predators", .start = 5, .spread = 2}};

  template <class T>
  LS_FN static void rates(const T (&x)[2], T (&dx)[2]) {
    dx[0] = T(kBirth) * x[0] - T(kHunt) * x[0] * x[1];
    dx[1] = T(kGrowth) * x[0] * x[1] - T(kDeath) * x[1];
  }
};

}  // namespace lockstep::envs::lotka_volterra
