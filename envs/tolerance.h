// Soft indicators on T: how well a number lies in an interval, as the dm_control suite scores it.
// (Y. Tassa et al., DeepMind Control Suite, 2018, arXiv:1801.00690, section 2; dm_control 1.0.50, utils/rewards.)
#pragma once

#include "kernels/dual.h"
#include "kernels/lanes.h"
#include "kernels/math.h"

namespace lockstep::envs {

// Shapes by which the score falls off outside the interval. s scales the distance d so that the score at d = 1 is the
// value v asked for; kCosine, kLinear and kQuadratic reach 0 and stay there.
enum class Sigmoid {
  kGaussian,     // exp(-(s d)^2 / 2)      s = sqrt(-2 ln v)
  kHyperbolic,   // 1 / cosh(s d)          s = arcosh(1 / v)
  kLongTail,     // 1 / ((s d)^2 + 1)      s = sqrt(1/v - 1)
  kReciprocal,   // 1 / (s |d| + 1)        s = 1/v - 1
  kCosine,       // (1 + cos(pi s d)) / 2  s = arccos(2v - 1) / pi
  kLinear,       // 1 - s d                s = 1 - v
  kQuadratic,    // 1 - (s d)^2            s = sqrt(1 - v)
  kTanhSquared,  // 1 - tanh(s d)^2        s = artanh(sqrt(1 - v))
};

// The score at scaled distance d >= 0, in [0, 1]. value_at_1 in (0, 1); kCosine, kLinear and kQuadratic take 0 too.
template <Sigmoid kShape, class T>
[[gnu::always_inline]] LS_FN T sigmoid(T d, double value_at_1) {
  using namespace kernels;
  const T v = T(value_at_1);
  if constexpr (kShape == Sigmoid::kGaussian) return exponential(logarithm(v) * d * d);
  if constexpr (kShape == Sigmoid::kLongTail) return T(1) / ((T(1) / v - T(1)) * d * d + T(1));
  if constexpr (kShape == Sigmoid::kReciprocal) return T(1) / ((T(1) / v - T(1)) * absolute(d) + T(1));
  if constexpr (kShape == Sigmoid::kHyperbolic) {
    const T r = T(1) / v;
    const T e = exponential(logarithm(r + square_root(r * r - T(1))) * absolute(d));
    return T(2) / (e + T(1) / e);
  }
  if constexpr (kShape == Sigmoid::kTanhSquared) {
    const T root = square_root(T(1) - v);
    const T t = hyperbolic_tangent(T(0.5) * logarithm((T(1) + root) / (T(1) - root)) * d);
    return T(1) - t * t;
  }
  if constexpr (kShape == Sigmoid::kCosine) {
    const T c = T(2) * v - T(1);
    const T x = arctangent2(square_root(T(1) - c * c), c) * d;  // pi s d
    return select(absolute(x) < T(3.14159265358979323846), T(0.5) * (T(1) + cosine(x)), T(0));
  }
  if constexpr (kShape == Sigmoid::kLinear) {
    const T x = (T(1) - v) * d;
    return select(absolute(x) < T(1), T(1) - x, T(0));
  }
  if constexpr (kShape == Sigmoid::kQuadratic) {
    const T square = (T(1) - v) * d * d;
    return select(square < T(1), T(1) - square, T(0));
  }
}

// An interval [low, high] with soft edges: the score is 1 inside it and value_at_margin at distance `margin` from it.
struct Interval {
  double low = 0, high = 0;
  double margin = 0;  // 0: the score is 0 outside
  double value_at_margin = 0.1;
};

// The score of x in `interval`, in [0, 1].
template <Sigmoid kShape = Sigmoid::kGaussian, class T>
[[gnu::always_inline]] LS_FN T tolerance(T x, Interval interval) {
  const T low = T(interval.low), high = T(interval.high);
  const auto inside = (low <= x) && (x <= high);
  if (interval.margin == 0) return kernels::select(inside, T(1), T(0));
  const T distance = kernels::select(x < low, low - x, x - high) / T(interval.margin);
  return kernels::select(inside, T(1), sigmoid<kShape>(distance, interval.value_at_margin));
}

}  // namespace lockstep::envs
