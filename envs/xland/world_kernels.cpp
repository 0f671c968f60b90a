// Chooses the kernels of XLand worlds for an instruction set.
#include "envs/xland/world_kernels.h"
#include "engine/isa_dispatch.h"
#include "envs/xland/isa_kernels.h"

namespace lockstep::envs::xland {

WorldKernels world_kernels(Isa isa) {
  return with_isa(isa, [](auto tag) { return compiled_world_kernels(tag); });
}

}  // namespace lockstep::envs::xland
