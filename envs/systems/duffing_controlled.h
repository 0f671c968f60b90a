// A beam between two magnets with a force on its tip: hold it in the right well.
// F. C. Moon, P. J. Holmes, J. Sound Vib. 65 (1979) 275.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::duffing_controlled {

struct System {
  static constexpr double kDamping = 0.1;
  static constexpr SystemFacts kFacts{
      .name = "duffing-controlled",
      .summary = "a beam between two magnets with a force on its tip: hold it in the right well",
      .source = "F. C. Moon, P. J. Holmes, J. Sound Vib. 65 (1979) 275",
      .timestep = 0.01,
      .substeps = 1,
      .horizon = 6,
      .action_weight = 0.1};
  static constexpr SystemState kState[] = {{.name = "x", .start = 0, .spread = 1.5, .target = 1, .weight = 1},
                                           {.name = "v", .start = 0, .spread = 0.5, .weight = 0.1}};
  static constexpr ActionField kControl[] = {{"force", -0.6, 0.6}};

  template <class T>
  LS_FN static void rates(const T (&x)[2], const T (&u)[1], T (&dx)[2]) {
    dx[0] = x[1];
    dx[1] = -T(kDamping) * x[1] + x[0] - x[0] * x[0] * x[0] + u[0];
  }
};

}  // namespace lockstep::envs::duffing_controlled
