// Chua's circuit with a current into the second capacitor: bring it to rest.
// T. Matsumoto, IEEE Trans. Circuits Syst. 31 (1984) 1055.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::chua_controlled {

struct System {
  static constexpr double kAlpha = 9, kBeta = 100.0 / 7, kInner = -8.0 / 7, kOuter = -5.0 / 7;
  static constexpr SystemFacts kFacts{
      .name = "chua-controlled",
      .summary = "Chua's circuit with a current into the second capacitor: bring it to rest",
      .source = "T. Matsumoto, IEEE Trans. Circuits Syst. 31 (1984) 1055",
      .timestep = 0.01,
      .substeps = 4,
      .horizon = 3,
      .tolerance = 1e-05,
      .action_weight = 0.01};
  static constexpr SystemState kState[] = {{.name = "x", .start = 0, .spread = 0.1, .weight = 0.1},
                                           {.name = "y", .start = 0, .spread = 0.1, .weight = 1},
                                           {.name = "z", .start = 0.6, .spread = 0.1, .weight = 0.1}};
  static constexpr ActionField kControl[] = {{"current", -2, 2}};

  template <class T>
  LS_FN static void rates(const T (&x)[3], const T (&u)[1], T (&dx)[3]) {
    const T diode =
        T(kOuter) * x[0] + T((kInner - kOuter) / 2) * (kernels::absolute(x[0] + T(1)) - kernels::absolute(x[0] - T(1)));
    dx[0] = T(kAlpha) * (x[1] - x[0] - diode);
    dx[1] = x[0] - x[1] + x[2] + u[0];
    dx[2] = -T(kBeta) * x[1];
  }
};

}  // namespace lockstep::envs::chua_controlled
