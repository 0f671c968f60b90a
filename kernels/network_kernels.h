// What networks spend their time on, as a table of functions that is compiled once per instruction set.
#pragma once

#include "kernels/activations.h"
#include "kernels/matrix_product.h"

namespace lockstep::kernels {

template <class R>
struct NetworkKernels {
  void (*multiply)(const MatrixProduct<R>& product);
  // y [n] = activation of x [n]; y may be x.
  void (*activate)(Activation activation, long n, const R* x, R* y);
  // gradient [n] (with respect to y) is multiplied by the activation's slope at x [n], where y [n] is its value.
  void (*activate_backward)(Activation activation, long n, const R* x, const R* y, R* gradient);
  int lanes;
};

// R is float or double, Isa a tag of kernels/lanes.h.
template <class R, class Isa>
[[nodiscard]] const NetworkKernels<R>& network_kernels();

}  // namespace lockstep::kernels
