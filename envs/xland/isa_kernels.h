// What each instruction set's object of isa_kernels.cpp defines.
#pragma once

#include "envs/xland/world_kernels.h"
#include "kernels/lanes.h"

namespace lockstep::envs::xland {

WorldKernels compiled_world_kernels(kernels::isa::Baseline);
WorldKernels compiled_world_kernels(kernels::isa::V3);
WorldKernels compiled_world_kernels(kernels::isa::V4);

}  // namespace lockstep::envs::xland
