// A damped linear oscillator.
// S. L. Brunton, J. L. Proctor, J. N. Kutz, PNAS 113 (2016) 3932.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::linear_oscillator {

struct System {
  static constexpr double kDamping = 0.1, kFrequency = 2;
  static constexpr SystemFacts kFacts{.name = "linear-oscillator",
                                      .summary = "a damped linear oscillator",
                                      .source = "S. L. Brunton, J. L. Proctor, J. N. Kutz, PNAS 113 (2016) 3932",
                                      .timestep = 0.01,
                                      .substeps = 1,
                                      .horizon = 3.2,
                                      .num_exponents = 2,
                                      .exponents = {-0.1, -0.1},
                                      .exponent_tolerance = 0.0001,
                                      .exponent_source = "real parts of the eigenvalues"};
  static constexpr SystemState kState[] = {{.name = "x", .start = 1.5, .spread = 0.5},
                                           {.name = "y", .start = 0, .spread = 0.5}};

  template <class T>
  LS_FN static void rates(const T (&x)[2], T (&dx)[2]) {
    dx[0] = -T(kDamping) * x[0] + T(kFrequency) * x[1];
    dx[1] = -T(kFrequency) * x[0] - T(kDamping) * x[1];
  }
};

}  // namespace lockstep::envs::linear_oscillator
