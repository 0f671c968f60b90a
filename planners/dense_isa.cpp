// The dense products of one instruction set: compiled once for each (cmake/isa.cmake). Includes kernels only.
#include "kernels/dense.h"

namespace lockstep::kernels {

template <>
DenseKernels dense_kernels<NativeIsa>() {
  return {&Dense<NativeIsa>::transposed_product, &Dense<NativeIsa>::solve_cholesky};
}

}  // namespace lockstep::kernels
