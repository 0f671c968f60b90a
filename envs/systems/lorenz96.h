// Lorenz's ring of ten weather cells, each driven by its neighbours.
// E. N. Lorenz, Predictability: a problem partly solved, ECMWF seminar (1996).
#pragma once

#include "envs/system.h"

namespace lockstep::envs::lorenz96 {

struct System {
  static constexpr double kForce = 8;
  static constexpr SystemFacts kFacts{
      .name = "lorenz96",
      .summary = "Lorenz's ring of ten weather cells, each driven by its neighbours",
      .source = "E. N. Lorenz, Predictability: a problem partly solved, ECMWF seminar (1996)",
      .timestep = 0.01,
      .substeps = 3,
      .horizon = 0.84};
  static constexpr SystemState kState[] = {
      {.name = "x0", .start = 2.5, .spread = 2}, {.name = "x1", .start = 2.5, .spread = 2},
      {.name = "x2", .start = 2.5, .spread = 2}, {.name = "x3", .start = 2.5, .spread = 2},
      {.name = "x4", .start = 2.5, .spread = 2}, {.name = "x5", .start = 2.5, .spread = 2},
      {.name = "x6", .start = 2.5, .spread = 2}, {.name = "x7", .start = 2.5, .spread = 2},
      {.name = "x8", .start = 2.5, .spread = 2}, {.name = "x9", .start = 2.5, .spread = 2}};

  template <class T>
  LS_FN static void rates(const T (&x)[10], T (&dx)[10]) {
    for (int i = 0; i < 10; ++i) {
      dx[i] = (x[(i + 1) % 10] - x[(i + 8) % 10]) * x[(i + 9) % 10] - x[i] + T(kForce);
    }
  }
};

}  // namespace lockstep::envs::lorenz96
