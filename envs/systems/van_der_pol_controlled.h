// Van der Pol's valve oscillator with an input: hold the unstable rest.
// B. van der Pol, Phil. Mag. 2 (1926) 978.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::van_der_pol_controlled {

struct System {
  static constexpr double kMu = 1;
  static constexpr SystemFacts kFacts{.name = "van-der-pol-controlled",
                                      .summary = "van der Pol's valve oscillator with an input: hold the unstable rest",
                                      .source = "B. van der Pol, Phil. Mag. 2 (1926) 978",
                                      .timestep = 0.02,
                                      .substeps = 1,
                                      .horizon = 6.7,
                                      .action_weight = 0.1};
  static constexpr SystemState kState[] = {{.name = "x", .start = 0, .spread = 2, .weight = 1},
                                           {.name = "v", .start = 0, .spread = 2, .weight = 0.1}};
  static constexpr ActionField kControl[] = {{"force", -3, 3}};

  template <class T>
  LS_FN static void rates(const T (&x)[2], const T (&u)[1], T (&dx)[2]) {
    dx[0] = x[1];
    dx[1] = T(kMu) * (T(1) - x[0] * x[0]) * x[1] - x[0] + u[0];
  }
};

}  // namespace lockstep::envs::van_der_pol_controlled
