// A population with a limit, from year to year.
// R. M. May, Nature 261 (1976) 459.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::logistic_map {

struct System {
  static constexpr double kRate = 3.9;
  static constexpr SystemFacts kFacts{.name = "logistic-map",
                                      .summary = "a population with a limit, from year to year",
                                      .source = "R. M. May, Nature 261 (1976) 459",
                                      .timestep = 1,
                                      .substeps = 0,
                                      .horizon = 0};
  static constexpr SystemState kState[] = {{.name = "x", .start = 0.5, .spread = 0.4}};

  template <class T>
  LS_FN static void rates(const T (&x)[1], T (&dx)[1]) {
    dx[0] = T(kRate) * x[0] * (T(1) - x[0]);
  }
};

}  // namespace lockstep::envs::logistic_map
