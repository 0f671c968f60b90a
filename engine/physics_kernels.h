// The physics kernels that this process runs with: chosen by instruction set, precision and lane count.
#pragma once

#include "engine/isa.h"
#include "kernels/physics_kernels.h"

#include <vector>

namespace lockstep {

// Kernels of `isa` with `lanes` worlds in a group; lanes = 0 takes the widest. Error for a lane count that the
// instruction set has no kernels for.
template <class R>
[[nodiscard]] const kernels::PhysicsKernels<R>& physics_kernels(Isa isa, int lanes = 0);

// Kernels of `isa` for worlds that differ in physical parameters, in the widest lanes. Error for other `lanes` but 0.
template <class R>
[[nodiscard]] const kernels::PhysicsKernels<R>& varied_physics_kernels(Isa isa, int lanes = 0);

// The lane counts that physics_kernels accepts, widest first.
template <class R>
[[nodiscard]] std::vector<int> physics_lanes(Isa isa);

}  // namespace lockstep
