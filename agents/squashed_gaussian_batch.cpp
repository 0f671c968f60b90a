// Squashed Gaussian actions in lanes of float and double: compiled once per instruction set.
#include "kernels/squashed_gaussian.h"

namespace lockstep::kernels {
namespace {

inline constexpr int kRegisterBytes = std::is_same_v<NativeIsa, isa::V4>   ? 64
                                      : std::is_same_v<NativeIsa, isa::V3> ? 32
                                                                           : 16;
template <class R>
using Squashed = SquashedGaussian<Lanes<R, kRegisterBytes / static_cast<int>(sizeof(R))>>;

template <class R>
constexpr SquashedGaussianKernels<R> kTable{Squashed<R>::draw, Squashed<R>::slopes, Squashed<R>::fill_normal};

}  // namespace

template <>
const SquashedGaussianKernels<float>& squashed_gaussian_kernels<float, NativeIsa>() {
  return kTable<float>;
}
template <>
const SquashedGaussianKernels<double>& squashed_gaussian_kernels<double, NativeIsa>() {
  return kTable<double>;
}

}  // namespace lockstep::kernels
