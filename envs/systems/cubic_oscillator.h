// A damped oscillator all of whose terms are cubes.
// S. L. Brunton, J. L. Proctor, J. N. Kutz, PNAS 113 (2016) 3932.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::cubic_oscillator {

struct System {
  static constexpr double kDamping = 0.1, kFrequency = 2;
  static constexpr SystemFacts kFacts{.name = "cubic-oscillator",
                                      .summary = "a damped oscillator all of whose terms are cubes",
                                      .source = "S. L. Brunton, J. L. Proctor, J. N. Kutz, PNAS 113 (2016) 3932",
                                      .timestep = 0.01,
                                      .substeps = 2,
                                      .horizon = 3.2};
  static constexpr SystemState kState[] = {{.name = "x", .start = 1.5, .spread = 0.5},
                                           {.name = "y", .start = 0, .spread = 0.5}};

  template <class T>
  LS_FN static void rates(const T (&x)[2], T (&dx)[2]) {
    dx[0] = -T(kDamping) * x[0] * x[0] * x[0] + T(kFrequency) * x[1] * x[1] * x[1];
    dx[1] = -T(kFrequency) * x[0] * x[0] * x[0] - T(kDamping) * x[1] * x[1] * x[1];
  }
};

}  // namespace lockstep::envs::cubic_oscillator
