// Transitions of dm_control's cartpole, stepped by MuJoCo in double: the real system that models are tested on.
#pragma once

#include "engine/transitions.h"
#include "models/sindy.h"

#include <cstdint>

namespace lockstep::tests {

// States slider (m), hinge_1 (rad, 0 = upright, unbounded), and their velocities; control in [-1, 1] (10 N); 0.01 s.
// The box ends 5 cm before the rail's.
models::SindySystem cartpole_system();

// `episodes` of `seconds` each from the pole hanging (+- 0.1 rad), under random holds with a weak pull to the middle;
// every second episode also pumps the pole to swing it up.
TransitionData cartpole_data(int episodes, double seconds, std::uint64_t seed);

}  // namespace lockstep::tests
