// A star in the plane of a galaxy, on an orbit of low energy that is nearly regular.
// M. Henon, C. Heiles, Astron. J. 69 (1964) 73.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::henon_heiles {

struct System {
  static constexpr SystemFacts kFacts{
      .name = "henon-heiles",
      .summary = "a star in the plane of a galaxy, on an orbit of low energy that is nearly regular",
      .source = "M. Henon, C. Heiles, Astron. J. 69 (1964) 73",
      .timestep = 0.02,
      .substeps = 1,
      .horizon = 6.3};
  static constexpr SystemState kState[] = {{.name = "x", .start = -0.29707259, .spread = 0.01},
                                           {.name = "y", .start = -0.0031367513, .spread = 0.01},
                                           {.name = "px", .start = 0.42548865, .spread = 0.01},
                                           {.name = "py", .start = 0.071905482, .spread = 0.01}};

  template <class T>
  LS_FN static void rates(const T (&x)[4], T (&dx)[4]) {
    dx[0] = x[2];
    dx[1] = x[3];
    dx[2] = -x[0] - T(2) * x[0] * x[1];
    dx[3] = -x[1] - x[0] * x[0] + x[1] * x[1];
  }
};

}  // namespace lockstep::envs::henon_heiles
