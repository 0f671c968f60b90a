// From the instruction set that is chosen at run time to the kernels that were compiled for it.
#pragma once

#include "engine/isa.h"
#include "kernels/lanes.h"

namespace lockstep {

// f(tag) with the instruction set's tag of kernels/lanes.h; f returns the same type for every tag. Elsewhere than on
// x86-64 there is the baseline alone.
template <class F>
decltype(auto) with_isa([[maybe_unused]] Isa isa, F&& f) {
#if defined(__x86_64__)
  if (isa == Isa::kV4) return f(kernels::isa::V4{});
  if (isa == Isa::kV3) return f(kernels::isa::V3{});
#endif
  return f(kernels::isa::Baseline{});
}

}  // namespace lockstep
