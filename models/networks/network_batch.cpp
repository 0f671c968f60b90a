// What networks spend their time on, in lanes of float and double: compiled once per instruction set.
#include "kernels/network_kernels.h"

namespace lockstep::kernels {
namespace {

// Registers of the instruction set, and as many of them in a tile as it has beside what the operands need.
inline constexpr bool kIsV4 = std::is_same_v<NativeIsa, isa::V4>, kIsV3 = std::is_same_v<NativeIsa, isa::V3>;
inline constexpr int kRegisterBytes = kIsV4 ? 64 : kIsV3 ? 32 : 16;
inline constexpr int kTileRows = 6, kTileVectors = kIsV4 ? 4 : 2;
template <class R>
using Register = Lanes<R, kRegisterBytes / static_cast<int>(sizeof(R))>;

template <class R>
void multiply(const MatrixProduct<R>& product) {
  TiledProduct<Register<R>, kTileRows, kTileVectors>::run(product);
}

// f on every register of n numbers; the last one is filled up with zeros.
template <class R, class Function>
[[gnu::always_inline]] inline void for_each_register(long n, Function&& f) {
  constexpr int kWidth = kLanes<Register<R>>;
  for (long i = 0; i < n; i += kWidth) f(i, n - i < kWidth ? static_cast<int>(n - i) : kWidth);
}

template <class R, Activation A>
void activate_all(long n, const R* x, R* y) {
  for_each_register<R>(
      n, [&](long i, int count) { store_part(y + i, activation<A>(load_part<Register<R>>(x + i, count)), count); });
}

template <class R, Activation A>
void slope_all(long n, const R* x, const R* y, R* gradient) {
  for_each_register<R>(n, [&](long i, int count) {
    const auto slope = activation_slope<A>(load_part<Register<R>>(x + i, count), load_part<Register<R>>(y + i, count));
    store_part(gradient + i, load_part<Register<R>>(gradient + i, count) * slope, count);
  });
}

template <class R>
void activate(Activation activation, long n, const R* x, R* y) {
  switch (activation) {
    case Activation::kIdentity:
      return activate_all<R, Activation::kIdentity>(n, x, y);
    case Activation::kTanh:
      return activate_all<R, Activation::kTanh>(n, x, y);
    case Activation::kRelu:
      return activate_all<R, Activation::kRelu>(n, x, y);
    case Activation::kElu:
      return activate_all<R, Activation::kElu>(n, x, y);
    case Activation::kSilu:
      return activate_all<R, Activation::kSilu>(n, x, y);
  }
}

template <class R>
void activate_backward(Activation activation, long n, const R* x, const R* y, R* gradient) {
  switch (activation) {
    case Activation::kIdentity:
      return;
    case Activation::kTanh:
      return slope_all<R, Activation::kTanh>(n, x, y, gradient);
    case Activation::kRelu:
      return slope_all<R, Activation::kRelu>(n, x, y, gradient);
    case Activation::kElu:
      return slope_all<R, Activation::kElu>(n, x, y, gradient);
    case Activation::kSilu:
      return slope_all<R, Activation::kSilu>(n, x, y, gradient);
  }
}

// The step's factors in registers.
template <class R>
struct AdamFactors {
  using T = Register<R>;
  T beta1, beta2, rest1, rest2, rate, root_correction, epsilon, kept, share;

  explicit AdamFactors(const AdamStep<R>& step)
      : beta1(step.beta1),
        beta2(step.beta2),
        rest1(step.rest1),
        rest2(step.rest2),
        rate(step.rate),
        root_correction(step.root_correction),
        epsilon(step.epsilon),
        kept(step.kept),
        share(step.share) {}

  template <bool kFollows>
  [[gnu::always_inline]] void step(const AdamStep<R>& step, long i, int count) const {
    const T g = load_part<T>(step.gradient + i, count);
    const T mean = beta1 * load_part<T>(step.mean + i, count) + rest1 * g;
    const T square = beta2 * load_part<T>(step.square + i, count) + rest2 * g * g;
    const T root = square_root(square) * root_correction + epsilon;
    const T parameter = kept * load_part<T>(step.parameters + i, count) - rate * mean / root;
    store_part(step.mean + i, mean, count);
    store_part(step.square + i, square, count);
    store_part(step.parameters + i, parameter, count);
    if constexpr (kFollows) {
      const T now = load_part<T>(step.follower + i, count);
      store_part(step.follower + i, now + share * (parameter - now), count);
    }
  }
};

template <class R, bool kFollows>
void step_adam_as(const AdamStep<R>& step) {
  constexpr int kWidth = kLanes<Register<R>>;
  const AdamStep<R> s = step;
  const AdamFactors<R> factors(s);
  long i = 0;
  for (; i + kWidth <= s.n; i += kWidth) factors.template step<kFollows>(s, i, kWidth);
  if (i < s.n) factors.template step<kFollows>(s, i, static_cast<int>(s.n - i));
}

template <class R>
void step_adam(const AdamStep<R>& step) {
  if (step.follower == nullptr) return step_adam_as<R, false>(step);
  step_adam_as<R, true>(step);
}

template <class R>
constexpr NetworkKernels<R> kTable{multiply<R>,
                                   activate<R>,
                                   activate_backward<R>,
                                   step_adam<R>,
                                   GatedUnit<Register<R>>::step,
                                   GatedUnit<Register<R>>::slopes,
                                   ColumnSoftmax<Register<R>>::softmax,
                                   ColumnSoftmax<Register<R>>::slopes,
                                   kLanes<Register<R>>};

}  // namespace

template <>
const NetworkKernels<float>& network_kernels<float, NativeIsa>() {
  return kTable<float>;
}
template <>
const NetworkKernels<double>& network_kernels<double, NativeIsa>() {
  return kTable<double>;
}

}  // namespace lockstep::kernels
