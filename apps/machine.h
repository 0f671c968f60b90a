// What a result was measured on.
#pragma once

#include "apps/commands.h"

namespace lockstep::apps {

// cpu (its name), cores (that this process may use), memory_gib, os, compiler, mujoco (version).
[[nodiscard]] JsonRow machine_description();

}  // namespace lockstep::apps
