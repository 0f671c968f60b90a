// The lane types that physics is compiled for on one instruction set: one register of it, and half of one, where less
// is lost when lanes differ.
#pragma once

#include "kernels/lanes.h"

#include <concepts>

namespace lockstep::kernels {

template <class R>
struct PhysicsLanes {
  static constexpr int kBytes = std::same_as<NativeIsa, isa::V4> ? 64 : 32;
  using Wide = Lanes<R, kBytes / static_cast<int>(sizeof(R))>;
  using Narrow = Lanes<R, kBytes / static_cast<int>(sizeof(R)) / 2>;
};

}  // namespace lockstep::kernels
