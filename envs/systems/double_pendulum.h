// Two rods of 1 m with masses of 1 kg at their ends.
// Equations of motion of two point masses on massless rods, angles from hanging down (rad, rad/s; torques in N m).
#pragma once

#include "envs/system.h"

namespace lockstep::envs::double_pendulum {

struct System {
  static constexpr double kGravity = 9.81, kLength = 1, kMassRatio = 1;
  static constexpr SystemFacts kFacts{.name = "double-pendulum",
                                      .summary = "two rods of 1 m with masses of 1 kg at their ends",
                                      .source = "equations of motion of two point masses on massless rods",
                                      .timestep = 0.01,
                                      .substeps = 2,
                                      .horizon = 1};
  static constexpr SystemState kState[] = {{.name = "theta1", .start = 1.5, .spread = 0.5, .is_angle = true},
                                           {.name = "theta2", .start = 1.5, .spread = 0.5, .is_angle = true},
                                           {.name = "omega1", .start = 0, .spread = 0.5},
                                           {.name = "omega2", .start = 0, .spread = 0.5}};

  template <class T>
  LS_FN static void rates(const T (&x)[4], T (&dx)[4]) {
    T s, c;
    kernels::sine_cosine(x[0] - x[1], s, c);
    const T share = T(1 + kMassRatio) - T(kMassRatio) * c * c;  // m1 / m1 + (m2 / m1) sin^2
    const T g = T(kGravity / kLength);
    const T pull1 = -T(kMassRatio) * s * x[3] * x[3] - T(1 + kMassRatio) * g * kernels::sine(x[0]);
    const T pull2 = s * x[2] * x[2] - g * kernels::sine(x[1]);
    dx[0] = x[2];
    dx[1] = x[3];
    dx[2] = (pull1 - T(kMassRatio) * c * pull2) / share;
    dx[3] = (T(1 + kMassRatio) * pull2 - c * pull1) / share;
  }
};

}  // namespace lockstep::envs::double_pendulum
