// The networks' kernels of the instruction set that this run uses.
#pragma once

#include "engine/isa_dispatch.h"
#include "kernels/network_kernels.h"

namespace lockstep::models::networks {

template <class R>
[[nodiscard]] const kernels::NetworkKernels<R>& chosen_kernels() {
  return with_isa(chosen_isa(), []<class Tag>(Tag) -> const kernels::NetworkKernels<R>& {
    return kernels::network_kernels<R, Tag>();
  });
}

}  // namespace lockstep::models::networks
