// Sprott's case B: five terms, two of them products.
// J. C. Sprott, Phys. Rev. E 50 (1994) R647.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::sprott_b {

struct System {
  static constexpr SystemFacts kFacts{
      .name = "sprott-b",
      .summary = "Sprott's case B: five terms, two of them products",
      .source = "J. C. Sprott, Phys. Rev. E 50 (1994) R647",
      .timestep = 0.02,
      .substeps = 1,
      .horizon = 4.8,
      .num_exponents = 3,
      .exponents = {0.2101, 0, -1.2101},
      .exponent_tolerance = 0.003,
      .exponent_source = "J. C. Sprott, Chaos and Time-Series Analysis (2003), appendix A"};
  static constexpr SystemState kState[] = {{.name = "x", .start = 1.69, .spread = 0.2},
                                           {.name = "y", .start = 1.48, .spread = 0.2},
                                           {.name = "z", .start = -0.54, .spread = 0.2}};

  template <class T>
  LS_FN static void rates(const T (&x)[3], T (&dx)[3]) {
    dx[0] = x[1] * x[2];
    dx[1] = x[0] - x[1];
    dx[2] = T(1) - x[0] * x[1];
  }
};

}  // namespace lockstep::envs::sprott_b
