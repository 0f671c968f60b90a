// An epidemic: susceptible, infected, removed shares of a population, time in days.
// W. O. Kermack, A. G. McKendrick, Proc. R. Soc. A 115 (1927) 700.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::sir {

struct System {
  static constexpr double kInfection = 0.5, kRecovery = 0.1;
  static constexpr SystemFacts kFacts{
      .name = "sir",
      .summary = "an epidemic: susceptible, infected, removed shares of a population, time in days",
      .source = "W. O. Kermack, A. G. McKendrick, Proc. R. Soc. A 115 (1927) 700",
      .timestep = 0.1,
      .substeps = 1,
      .horizon = 20};
  static constexpr SystemState kState[] = {{.name = "susceptible", .start = 0.95, .spread = 0.04},
                                           {.name = "infected", .start = 0.02, .spread = 0.015},
                                           {.name = "removed", .start = 0.03, .spread = 0.02}};

  template <class T>
  LS_FN static void rates(const T (&x)[3], T (&dx)[3]) {
    dx[0] = -T(kInfection) * x[0] * x[1];
    dx[1] = T(kInfection) * x[0] * x[1] - T(kRecovery) * x[1];
    dx[2] = T(kRecovery) * x[1];
  }
};

}  // namespace lockstep::envs::sir
