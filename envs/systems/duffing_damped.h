// A damped beam with a hardening spring.
// G. Duffing, Erzwungene Schwingungen bei veraenderlicher Eigenfrequenz (1918).
#pragma once

#include "envs/system.h"

namespace lockstep::envs::duffing_damped {

struct System {
  static constexpr double kDamping = 0.2, kStiffness = 0.5, kHardening = 1;
  static constexpr SystemFacts kFacts{
      .name = "duffing-damped",
      .summary = "a damped beam with a hardening spring",
      .source = "G. Duffing, Erzwungene Schwingungen bei veraenderlicher Eigenfrequenz (1918)",
      .timestep = 0.005,
      .substeps = 1,
      .horizon = 6,
      .episode_steps = 5000,
      .num_exponents = 2,
      .exponents = {-0.1, -0.1},
      .exponent_tolerance = 0.001,
      .exponent_source = "half the damping, since motion at small amplitude is a damped oscillation"};
  static constexpr SystemState kState[] = {{.name = "x", .start = 1.5, .spread = 0.5},
                                           {.name = "v", .start = 0, .spread = 0.5}};

  template <class T>
  LS_FN static void rates(const T (&x)[2], T (&dx)[2]) {
    dx[0] = x[1];
    dx[1] = -T(kDamping) * x[1] - T(kStiffness) * x[0] - T(kHardening) * x[0] * x[0] * x[0];
  }
};

}  // namespace lockstep::envs::duffing_damped
