// The lane types that physics is compiled for on one instruction set: one register of it, and half of one, where less
// is lost when lanes differ.
#pragma once

#include "kernels/world_constants.h"

#include <concepts>

namespace lockstep::kernels {

// The baseline's register holds two doubles, whose half would be no lanes: there, both types are the same.
template <class R>
struct PhysicsLanes {
  static constexpr int kBytes = std::same_as<NativeIsa, isa::V4> ? 64 : std::same_as<NativeIsa, isa::V3> ? 32 : 16;
  static constexpr int kWide = kBytes / static_cast<int>(sizeof(R));
  using Wide = Lanes<R, kWide>;
  using Narrow = Lanes<R, kWide == 2 ? 2 : kWide / 2>;
  // For worlds with constants of their own, in the widest lanes.
  using Varied = Lanes<R, kWide, isa::Varied<NativeIsa>>;
};

}  // namespace lockstep::kernels
