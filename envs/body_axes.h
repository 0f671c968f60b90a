// Vectors of the world in the axes of a body.
#pragma once

#include "kernels/lanes.h"

namespace lockstep::envs {

// Component k of `v` [3] along a body's axes, sensed as framexaxis, frameyaxis and framezaxis: `axes` [3][3].
template <class T>
LS_FN T component_along(const T* axes, const T* v, int k) {
  const T* const axis = axes + 3 * k;
  return v[0] * axis[0] + v[1] * axis[1] + v[2] * axis[2];
}

}  // namespace lockstep::envs
