// Ueda's oscillator: a forced nonlinear inductor.
// Y. Ueda, J. Stat. Phys. 20 (1979) 181.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::ueda {

struct System {
  static constexpr double kDamping = 0.05, kForce = 7.5;
  static constexpr SystemFacts kFacts{
      .name = "ueda",
      .summary = "Ueda's oscillator: a forced nonlinear inductor",
      .source = "Y. Ueda, J. Stat. Phys. 20 (1979) 181",
      .timestep = 0.02,
      .substeps = 3,
      .horizon = 9.7,
      .num_exponents = 3,
      .exponents = {0.1034, 0, -0.1534},
      .exponent_tolerance = 0.005,
      .exponent_source = "J. C. Sprott, Chaos and Time-Series Analysis (2003), appendix A"};
  static constexpr SystemState kState[] = {{.name = "x", .start = 2.5, .spread = 0.2},
                                           {.name = "v", .start = 0, .spread = 0.2},
                                           {.name = "phase", .start = 0, .spread = 3.14159265358979, .is_angle = true}};

  template <class T>
  LS_FN static void rates(const T (&x)[3], T (&dx)[3]) {
    dx[0] = x[1];
    dx[1] = -T(kDamping) * x[1] - x[0] * x[0] * x[0] + T(kForce) * kernels::sine(x[2]);
    dx[2] = T(1);
  }
};

}  // namespace lockstep::envs::ueda
