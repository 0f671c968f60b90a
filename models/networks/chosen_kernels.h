// The networks' kernels of the instruction set that this run uses.
#pragma once

#include "engine/isa_dispatch.h"
#include "kernels/network_kernels.h"

#include <span>

namespace lockstep::models::networks {

template <class R>
[[nodiscard]] const kernels::NetworkKernels<R>& chosen_kernels() {
  return with_isa(chosen_isa(), []<class Tag>(Tag) -> const kernels::NetworkKernels<R>& {
    return kernels::network_kernels<R, Tag>();
  });
}

// x += share * (target - x): a slow copy of parameters follows the ones that learn (T. Lillicrap et al., ICLR 2016).
template <class R>
void approach(std::span<const R> target, R share, std::span<R> x) {
  chosen_kernels<R>().approach(static_cast<long>(x.size()), share, target.data(), x.data());
}

}  // namespace lockstep::models::networks
