// Chua's circuit: three linear elements, one diode of negative slope, a double scroll.
// T. Matsumoto, IEEE Trans. Circuits Syst. 31 (1984) 1055.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::chua {

struct System {
  static constexpr double kAlpha = 9, kBeta = 100.0 / 7, kInner = -8.0 / 7, kOuter = -5.0 / 7;
  static constexpr SystemFacts kFacts{
      .name = "chua",
      .summary = "Chua's circuit: three linear elements, one diode of negative slope, a double scroll",
      .source = "T. Matsumoto, IEEE Trans. Circuits Syst. 31 (1984) 1055",
      .timestep = 0.01,
      .substeps = 4,
      .horizon = 3,
      .tolerance = 1e-05,
      .num_exponents = 3,
      .exponents = {0.3271, 0, -2.5197},
      .exponent_tolerance = 0.01,
      .exponent_source = "J. C. Sprott, Chaos and Time-Series Analysis (2003), appendix A"};
  static constexpr SystemState kState[] = {{.name = "x", .start = 0, .spread = 0.1},
                                           {.name = "y", .start = 0, .spread = 0.1},
                                           {.name = "z", .start = 0.6, .spread = 0.1}};

  template <class T>
  LS_FN static void rates(const T (&x)[3], T (&dx)[3]) {
    const T diode =
        T(kOuter) * x[0] + T((kInner - kOuter) / 2) * (kernels::absolute(x[0] + T(1)) - kernels::absolute(x[0] - T(1)));
    dx[0] = T(kAlpha) * (x[1] - x[0] - diode);
    dx[1] = x[0] - x[1] + x[2];
    dx[2] = -T(kBeta) * x[1];
  }
};

}  // namespace lockstep::envs::chua
