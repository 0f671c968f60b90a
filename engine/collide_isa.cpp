// The colliders of one instruction set, for the lane types of engine/physics_isa.cpp: compiled once for each
// (cmake/isa.cmake). Includes kernels only.
#include "kernels/collide_into_body.h"
#include "kernels/physics_lanes.h"

namespace lockstep::kernels {

// Asks for the collider of one lane type. The place keeps two apart whose types are the same (PhysicsLanes).
template <class T, int place>
struct Collider {
  static constexpr auto* kInto = collide_into<T>;
};
template struct Collider<PhysicsLanes<float>::Wide, 0>;
template struct Collider<PhysicsLanes<float>::Narrow, 1>;
template struct Collider<PhysicsLanes<double>::Wide, 2>;
template struct Collider<PhysicsLanes<double>::Narrow, 3>;

}  // namespace lockstep::kernels
