// A damped pendulum under a periodic torque.
// G. L. Baker, J. P. Gollub, Chaotic Dynamics (1990).
#pragma once

#include "envs/system.h"

namespace lockstep::envs::driven_pendulum {

struct System {
  static constexpr double kDamping = 0.05, kTorque = 0.6, kFrequency = 0.7;
  static constexpr SystemFacts kFacts{
      .name = "driven-pendulum",
      .summary = "a damped pendulum under a periodic torque",
      .source = "G. L. Baker, J. P. Gollub, Chaotic Dynamics (1990)",
      .timestep = 0.02,
      .substeps = 1,
      .horizon = 7.1,
      .num_exponents = 3,
      .exponents = {0.1414, 0, -0.1914},
      .exponent_tolerance = 0.006,
      .exponent_source = "J. C. Sprott, Chaos and Time-Series Analysis (2003), appendix A"};
  static constexpr SystemState kState[] = {{.name = "theta", .start = 0, .spread = 0.1, .is_angle = true},
                                           {.name = "omega", .start = 0, .spread = 0.1},
                                           {.name = "phase", .start = 0, .spread = 3.14159265358979, .is_angle = true}};

  template <class T>
  LS_FN static void rates(const T (&x)[3], T (&dx)[3]) {
    dx[0] = x[1];
    dx[1] = -T(kDamping) * x[1] - kernels::sine(x[0]) + T(kTorque) * kernels::sine(x[2]);
    dx[2] = T(kFrequency);
  }
};

}  // namespace lockstep::envs::driven_pendulum
