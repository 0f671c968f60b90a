// A damped linear oscillator beside a decay.
// S. L. Brunton, J. L. Proctor, J. N. Kutz, PNAS 113 (2016) 3932.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::linear_3d {

struct System {
  static constexpr double kDamping = 0.1, kFrequency = 2, kDecay = 0.3;
  static constexpr SystemFacts kFacts{.name = "linear-3d",
                                      .summary = "a damped linear oscillator beside a decay",
                                      .source = "S. L. Brunton, J. L. Proctor, J. N. Kutz, PNAS 113 (2016) 3932",
                                      .timestep = 0.01,
                                      .substeps = 1,
                                      .horizon = 3.2,
                                      .num_exponents = 3,
                                      .exponents = {-0.1, -0.1, -0.3},
                                      .exponent_tolerance = 0.0001,
                                      .exponent_source = "real parts of the eigenvalues"};
  static constexpr SystemState kState[] = {{.name = "x", .start = 1.5, .spread = 0.5},
                                           {.name = "y", .start = 0, .spread = 0.5},
                                           {.name = "z", .start = 1, .spread = 0.5}};

  template <class T>
  LS_FN static void rates(const T (&x)[3], T (&dx)[3]) {
    dx[0] = -T(kDamping) * x[0] + T(kFrequency) * x[1];
    dx[1] = -T(kFrequency) * x[0] - T(kDamping) * x[1];
    dx[2] = -T(kDecay) * x[2];
  }
};

}  // namespace lockstep::envs::linear_3d
