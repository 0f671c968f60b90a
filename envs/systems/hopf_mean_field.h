// The wake of a cylinder: two modes of shedding and the mean flow.
// B. R. Noack et al., J. Fluid Mech. 497 (2003) 335.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::hopf_mean_field {

struct System {
  static constexpr double kGrowth = 0.1, kFrequency = 1, kA = -0.1, kLambda = 10;
  static constexpr SystemFacts kFacts{.name = "hopf-mean-field",
                                      .summary = "the wake of a cylinder: two modes of shedding and the mean flow",
                                      .source = "B. R. Noack et al., J. Fluid Mech. 497 (2003) 335",
                                      .timestep = 0.01,
                                      .substeps = 1,
                                      .horizon = 6.3,
                                      .num_exponents = 1,
                                      .exponents = {0},
                                      .exponent_tolerance = 0.001,
                                      .exponent_source = "a stable limit cycle"};
  static constexpr SystemState kState[] = {{.name = "x", .start = 0.1, .spread = 0.05},
                                           {.name = "y", .start = 0.1, .spread = 0.05},
                                           {.name = "z", .start = 0.5, .spread = 0.2}};

  template <class T>
  LS_FN static void rates(const T (&x)[3], T (&dx)[3]) {
    dx[0] = T(kGrowth) * x[0] - T(kFrequency) * x[1] + T(kA) * x[0] * x[2];
    dx[1] = T(kFrequency) * x[0] + T(kGrowth) * x[1] + T(kA) * x[1] * x[2];
    dx[2] = -T(kLambda) * (x[2] - x[0] * x[0] - x[1] * x[1]);
  }
};

}  // namespace lockstep::envs::hopf_mean_field
