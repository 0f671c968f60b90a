// The number types that kernel tests run on: scalars, and lanes of several widths.
#pragma once

#include "kernels/lanes.h"

#include <gtest/gtest.h>

namespace lockstep::kernels {

using Numbers = testing::Types<float, double, Lanes<float, 8>, Lanes<float, 16>, Lanes<double, 8>>;

// Lane i is values(i).
template <class T, class Function>
T by_lane(Function&& values) {
  T x = T(0);
  for (int i = 0; i < kLanes<T>; ++i) set_lane(x, i, static_cast<Real<T>>(values(i)));
  return x;
}

}  // namespace lockstep::kernels
