// A shaken beam between two magnets, Duffing's oscillator with two wells.
// F. C. Moon, P. J. Holmes, J. Sound Vib. 65 (1979) 275.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::duffing_forced {

struct System {
  static constexpr double kDamping = 0.25, kForce = 0.4, kFrequency = 1;
  static constexpr SystemFacts kFacts{
      .name = "duffing-forced",
      .summary = "a shaken beam between two magnets, Duffing's oscillator with two wells",
      .source = "F. C. Moon, P. J. Holmes, J. Sound Vib. 65 (1979) 275",
      .timestep = 0.02,
      .substeps = 1,
      .horizon = 6.4,
      .num_exponents = 3,
      .exponents = {0.1571, 0, -0.4071},
      .exponent_tolerance = 0.01,
      .exponent_source = "J. C. Sprott, Chaos and Time-Series Analysis (2003), appendix A"};
  static constexpr SystemState kState[] = {{.name = "x", .start = 0.2, .spread = 0.1},
                                           {.name = "v", .start = 0, .spread = 0.1},
                                           {.name = "phase", .start = 0, .spread = 3.14159265358979, .is_angle = true}};

  template <class T>
  LS_FN static void rates(const T (&x)[3], T (&dx)[3]) {
    dx[0] = x[1];
    dx[1] = -T(kDamping) * x[1] + x[0] - x[0] * x[0] * x[0] + T(kForce) * kernels::cosine(x[2]);
    dx[2] = T(kFrequency);
  }
};

}  // namespace lockstep::envs::duffing_forced
