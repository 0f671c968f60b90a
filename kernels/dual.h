// Dual numbers: a value with its exact gradient, and for Order 2 its Hessian, in N inputs (forward mode).
// A kernel run on Dual<T, N, Order> gives the derivatives of what it computes; T may itself be lanes, so that many
// points are differentiated at once. At a kink (select, absolute, clamp) they are those of the branch taken.
//   A. Griewank, A. Walther, Evaluating Derivatives (2nd ed. 2008), section 3.1 (tangents) and chapter 13 (Hessians).
#pragma once

#include "kernels/lanes.h"
#include "kernels/math.h"

#include <type_traits>

namespace lockstep::kernels {

template <class T, int N, int Order = 2>
struct Dual {
  static_assert(N >= 1 && (Order == 1 || Order == 2));
  // Lower triangle of the Hessian by rows, (i, j <= i) at i (i + 1) / 2 + j; one unused element for Order 1.
  static constexpr int kTriangle = Order == 2 ? N * (N + 1) / 2 : 1;
  T value;
  T gradient[N];
  T hessian[kTriangle];

  Dual() = default;
  template <class S>
  requires(std::is_arithmetic_v<S> || std::is_same_v<S, T>) LS_FN explicit Dual(S constant) : value(T(constant)) {
    for (int i = 0; i < N; ++i) gradient[i] = T(0);
    for (int i = 0; i < kTriangle; ++i) hessian[i] = T(0);
  }
  // Input number `index`: derivative one in itself, zero in all others.
  LS_FN static Dual input(T value, int index) {
    Dual result(value);
    result.gradient[index] = T(1);
    return result;
  }
  // d2/(d input i d input j).
  [[nodiscard]] LS_FN T second(int i, int j) const {
    return i >= j ? hessian[i * (i + 1) / 2 + j] : hessian[j * (j + 1) / 2 + i];
  }

  // f(x) for a function whose value, first and second derivative at x.value are f0, f1, f2.
  friend LS_FN Dual chain(const Dual& x, T f0, T f1, [[maybe_unused]] T f2) {
    Dual result;
    result.value = f0;
    for (int i = 0; i < N; ++i) result.gradient[i] = f1 * x.gradient[i];
    if constexpr (Order == 2) {
      for (int i = 0, k = 0; i < N; ++i) {
        const T scaled = f2 * x.gradient[i];
        for (int j = 0; j <= i; ++j, ++k) result.hessian[k] = f1 * x.hessian[k] + scaled * x.gradient[j];
      }
    }
    return result;
  }

  friend LS_FN Dual operator+(const Dual& a, const Dual& b) {
    return combine(a, b, [](T x, T y) { return x + y; });
  }
  friend LS_FN Dual operator-(const Dual& a, const Dual& b) {
    return combine(a, b, [](T x, T y) { return x - y; });
  }
  friend LS_FN Dual operator-(const Dual& a) {
    return combine(a, a, [](T x, T) { return -x; });
  }
  friend LS_FN Dual operator*(const Dual& a, const Dual& b) {
    Dual result;
    result.value = a.value * b.value;
    for (int i = 0; i < N; ++i) result.gradient[i] = a.gradient[i] * b.value + a.value * b.gradient[i];
    if constexpr (Order == 2) {
      for (int i = 0, k = 0; i < N; ++i) {
        for (int j = 0; j <= i; ++j, ++k) {
          result.hessian[k] = a.hessian[k] * b.value + a.value * b.hessian[k] + a.gradient[i] * b.gradient[j] +
                              a.gradient[j] * b.gradient[i];
        }
      }
    }
    return result;
  }
  friend LS_FN Dual operator/(const Dual& a, const Dual& b) {
    const T r = T(1) / b.value;
    return a * chain(b, r, -r * r, T(2) * r * r * r);
  }
  LS_FN Dual& operator+=(const Dual& b) { return *this = *this + b; }
  LS_FN Dual& operator-=(const Dual& b) { return *this = *this - b; }
  LS_FN Dual& operator*=(const Dual& b) { return *this = *this * b; }

  // Comparisons look at the values.
  friend LS_FN MaskOf<T> operator<(const Dual& a, const Dual& b) { return a.value < b.value; }
  friend LS_FN MaskOf<T> operator<=(const Dual& a, const Dual& b) { return a.value <= b.value; }
  friend LS_FN MaskOf<T> operator>(const Dual& a, const Dual& b) { return a.value > b.value; }
  friend LS_FN MaskOf<T> operator>=(const Dual& a, const Dual& b) { return a.value >= b.value; }

  // f on every component: value, gradient and Hessian.
  template <class Function>
  LS_FN static Dual combine(const Dual& a, const Dual& b, Function f) {
    Dual result;
    result.value = f(a.value, b.value);
    for (int i = 0; i < N; ++i) result.gradient[i] = f(a.gradient[i], b.gradient[i]);
    if constexpr (Order == 2) {
      for (int k = 0; k < kTriangle; ++k) result.hessian[k] = f(a.hessian[k], b.hessian[k]);
    }
    return result;
  }
};

template <class T, int N, int Order>
struct LaneTraits<Dual<T, N, Order>> {
  using Scalar = Real<T>;
  using Comparison = MaskOf<T>;
  using Bits = BitsOf<T>;
  static constexpr int kCount = kLanes<T>;
};

template <class T, int N, int Order>
LS_FN Dual<T, N, Order> select(MaskOf<T> mask, const Dual<T, N, Order>& yes,
                               const std::type_identity_t<Dual<T, N, Order>>& no) {
  return Dual<T, N, Order>::combine(yes, no, [mask](T a, T b) { return select(mask, a, b); });
}
template <class T, int N, int Order>
LS_FN Dual<T, N, Order> absolute(const Dual<T, N, Order>& x) {
  return select(x.value < T(0), -x, x);
}
template <class T, int N, int Order>
LS_FN Dual<T, N, Order> floor(const Dual<T, N, Order>& x) {
  return Dual<T, N, Order>(floor(x.value));
}
// At 0 the derivatives are infinite, as they are.
template <class T, int N, int Order>
LS_FN Dual<T, N, Order> square_root(const Dual<T, N, Order>& x) {
  const T root = square_root(x.value);
  const T slope = T(0.5) / root;
  return chain(x, root, slope, T(-0.5) * slope / x.value);
}
template <class T, int N, int Order>
LS_FN void sine_cosine(const Dual<T, N, Order>& x, Dual<T, N, Order>& sine, Dual<T, N, Order>& cosine) {
  T s, c;
  sine_cosine(x.value, s, c);
  const Dual<T, N, Order> argument = x;  // an output may be the input
  sine = chain(argument, s, c, -s);
  cosine = chain(argument, c, -s, -c);
}
template <class T, int N, int Order>
LS_FN Dual<T, N, Order> sine(const Dual<T, N, Order>& x) {
  T s, c;
  sine_cosine(x.value, s, c);
  return chain(x, s, c, -s);
}
template <class T, int N, int Order>
LS_FN Dual<T, N, Order> cosine(const Dual<T, N, Order>& x) {
  T s, c;
  sine_cosine(x.value, s, c);
  return chain(x, c, -s, -c);
}
template <class T, int N, int Order>
LS_FN Dual<T, N, Order> exponential(const Dual<T, N, Order>& x) {
  const T e = exponential(x.value);
  return chain(x, e, e, e);
}
template <class T, int N, int Order>
LS_FN Dual<T, N, Order> logarithm(const Dual<T, N, Order>& x) {
  const T r = T(1) / x.value;
  return chain(x, logarithm(x.value), r, -r * r);
}
template <class T, int N, int Order>
LS_FN Dual<T, N, Order> hyperbolic_tangent(const Dual<T, N, Order>& x) {
  const T t = hyperbolic_tangent(x.value);
  const T slope = T(1) - t * t;
  return chain(x, t, slope, T(-2) * t * slope);
}

}  // namespace lockstep::kernels
