// An epidemic with a rate of vaccination per day to choose: keep infections few.
// W. O. Kermack, A. G. McKendrick, Proc. R. Soc. A 115 (1927) 700.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::sir_controlled {

struct System {
  static constexpr double kInfection = 0.5, kRecovery = 0.1;
  static constexpr SystemFacts kFacts{
      .name = "sir-controlled",
      .summary = "an epidemic with a rate of vaccination per day to choose: keep infections few",
      .source = "W. O. Kermack, A. G. McKendrick, Proc. R. Soc. A 115 (1927) 700",
      .timestep = 0.1,
      .substeps = 1,
      .horizon = 20,
      .action_weight = 1};
  static constexpr SystemState kState[] = {{.name = "susceptible", .start = 0.95, .spread = 0.04},
                                           {.name = "infected", .start = 0.02, .spread = 0.015, .weight = 10},
                                           {.name = "removed", .start = 0.03, .spread = 0.02}};
  static constexpr ActionField kControl[] = {{"vaccination", 0, 0.1}};

  template <class T>
  LS_FN static void rates(const T (&x)[3], const T (&u)[1], T (&dx)[3]) {
    dx[0] = -T(kInfection) * x[0] * x[1] - u[0] * x[0];
    dx[1] = T(kInfection) * x[0] * x[1] - T(kRecovery) * x[1];
    dx[2] = T(kRecovery) * x[1] + u[0] * x[0];
  }
};

}  // namespace lockstep::envs::sir_controlled
