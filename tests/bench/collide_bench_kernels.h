// Runs colliders over many placements on the lanes of one instruction set: what collide_bench times.
#pragma once

#include "kernels/contact_point.h"

namespace lockstep::kernels {

struct ColliderRun {
  int lanes;  // placements side by side
  // Contacts found at `groups` groups of placements: pairs [groups][24][lanes], the numbers of two placements (centre,
  // x, y and z axis of the first, then of the second).
  long (*collide)(const GeomShape<float>& a, const GeomShape<float>& b, const float* pairs, int groups, float margin);
};

template <class Isa>
const ColliderRun& collider_run();

}  // namespace lockstep::kernels
