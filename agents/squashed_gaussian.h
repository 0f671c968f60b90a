// The kernels of kernels/squashed_gaussian.h for the instruction set that this run uses.
#pragma once

#include "engine/isa_dispatch.h"
#include "kernels/squashed_gaussian.h"

namespace lockstep::agents {

template <class R>
[[nodiscard]] const kernels::SquashedGaussianKernels<R>& squashed_gaussian() {
  return with_isa(chosen_isa(), []<class Tag>(Tag) -> const kernels::SquashedGaussianKernels<R>& {
    return kernels::squashed_gaussian_kernels<R, Tag>();
  });
}

}  // namespace lockstep::agents
