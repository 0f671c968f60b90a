// Activation functions of networks and their derivatives, on T.
#pragma once

#include "kernels/lanes.h"
#include "kernels/math.h"

namespace lockstep::kernels {

enum class Activation {
  kIdentity,
  kTanh,
  kRelu,  // max(x, 0)
  kElu,   // x above 0, e^x - 1 below: D.-A. Clevert, T. Unterthiner, S. Hochreiter (2016)
  kSilu   // x / (1 + e^-x): S. Elfwing, E. Uchibe, K. Doya (2018)
};

template <LaneNumber T>
[[gnu::always_inline]] LS_FN T logistic(T x) {
  return T(1) / (T(1) + exponential(-x));
}

// tanh for units of networks, in half the time of hyperbolic_tangent: within 8 units in the last place in float.
//   x P(x^2) / Q(x^2), which is nearest on [0, 9] in the largest relative error (2.1e-8, fitted in 50 digits by
//   C. L. Lawson's reweighted least squares, 1961); beyond, tanh is 1 to half the last place of float.
template <LaneNumber T>
[[gnu::always_inline]] LS_FN T unit_tangent(T x) {
  if constexpr (sizeof(Real<T>) != 4) {
    return hyperbolic_tangent(x);
  } else {
    // not-a-number stays
    const T a = select(x > T(9), T(9), select(x < T(-9), T(-9), x));
    const T z = a * a;
    T p = T(1.3353449985e-8f) * z + T(2.0608212642e-5f);
    T q = T(7.7760626437e-7f) * z + T(3.2855491321e-4f);
    p = p * z + T(3.4955362688e-3f);
    q = q * z + T(2.5876786707e-2f);
    p = p * z + T(1.3380982618e-1f);
    q = q * z + T(4.6714298277e-1f);
    p = p * z + T(1);
    q = q * z + T(1);
    const T y = a * p / q;
    return select(y > T(1), T(1), select(y < T(-1), T(-1), y));  // whatever was rounded
  }
}

// The activation of x.
template <Activation A, LaneNumber T>
[[gnu::always_inline]] LS_FN T activation(T x) {
  if constexpr (A == Activation::kTanh) return unit_tangent(x);
  // not-a-number stays
  if constexpr (A == Activation::kRelu) return select(x < T(0), T(0), x);
  if constexpr (A == Activation::kElu) return select(x < T(0), exponential(x) - T(1), x);
  if constexpr (A == Activation::kSilu) return x * logistic(x);
  return x;
}

// Its derivative at x, where y = activation(x). Relu's at 0 is 0.
template <Activation A, LaneNumber T>
[[gnu::always_inline]] LS_FN T activation_slope(T x, T y) {
  if constexpr (A == Activation::kTanh) return T(1) - y * y;
  if constexpr (A == Activation::kRelu) return select(x > T(0), T(1), T(0));
  if constexpr (A == Activation::kElu) return select(x < T(0), y + T(1), T(1));
  if constexpr (A == Activation::kSilu) {
    const T s = logistic(x);
    return s + y * (T(1) - s);
  }
  return T(1);
}

// Whether an activation's slope follows from its value alone.
LS_FN bool has_slope_of_value(Activation a) { return a != Activation::kSilu; }

// The slope where the activation's value is y; not for silu.
template <Activation A, LaneNumber T>
[[gnu::always_inline]] LS_FN T activation_slope_of_value(T y) {
  static_assert(A != Activation::kSilu);
  return activation_slope<A>(y, y);  // relu and elu keep the sign, tanh needs y alone
}

}  // namespace lockstep::kernels
