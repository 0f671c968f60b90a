// Van der Pol's valve oscillator and its limit cycle.
// B. van der Pol, Phil. Mag. 2 (1926) 978.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::van_der_pol {

struct System {
  static constexpr double kMu = 2;
  static constexpr SystemFacts kFacts{.name = "van-der-pol",
                                      .summary = "van der Pol's valve oscillator and its limit cycle",
                                      .source = "B. van der Pol, Phil. Mag. 2 (1926) 978",
                                      .timestep = 0.005,
                                      .substeps = 1,
                                      .horizon = 7.6,
                                      .episode_steps = 5000,
                                      .num_exponents = 1,
                                      .exponents = {0},
                                      .exponent_tolerance = 0.001,
                                      .exponent_source = "a stable limit cycle"};
  static constexpr SystemState kState[] = {{.name = "x", .start = 1, .spread = 1},
                                           {.name = "v", .start = 0.5, .spread = 0.4}};

  template <class T>
  LS_FN static void rates(const T (&x)[2], T (&dx)[2]) {
    dx[0] = x[1];
    dx[1] = T(kMu) * (T(1) - x[0] * x[0]) * x[1] - x[0];
  }
};

}  // namespace lockstep::envs::van_der_pol
