// Thomas's labyrinth of feedback circuits with cyclic symmetry.
// R. Thomas, Int. J. Bifurcation Chaos 9 (1999) 1889.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::thomas {

struct System {
  static constexpr double kDamping = 0.18;
  static constexpr SystemFacts kFacts{
      .name = "thomas",
      .summary = "Thomas's labyrinth of feedback circuits with cyclic symmetry",
      .source = "R. Thomas, Int. J. Bifurcation Chaos 9 (1999) 1889",
      .timestep = 0.05,
      .substeps = 2,
      .horizon = 28,
      .num_exponents = 3,
      .exponents = {0.0349, 0, -0.5749},
      .exponent_tolerance = 0.002,
      .exponent_source = "J. C. Sprott, Chaos and Time-Series Analysis (2003), appendix A"};
  static constexpr SystemState kState[] = {{.name = "x", .start = 0.1, .spread = 0.5},
                                           {.name = "y", .start = 0, .spread = 0.5},
                                           {.name = "z", .start = 0, .spread = 0.5}};

  template <class T>
  LS_FN static void rates(const T (&x)[3], T (&dx)[3]) {
    dx[0] = kernels::sine(x[1]) - T(kDamping) * x[0];
    dx[1] = kernels::sine(x[2]) - T(kDamping) * x[1];
    dx[2] = kernels::sine(x[0]) - T(kDamping) * x[2];
  }
};

}  // namespace lockstep::envs::thomas
