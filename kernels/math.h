// Elementary functions on T: one implementation for scalars and lanes, so that a number does not depend on lane width.
// Errors measured in tests/kernels/math_test.cpp: float and double within 2.5 units in the last place of the true
// value. Reduction and polynomials: W. J. Cody, W. Waite, Software Manual for the Elementary Functions (1980);
// coefficients from S. Moshier's Cephes (float) and Sun's fdlibm (double).
#pragma once

#include "kernels/lanes.h"

#include <cmath>

namespace lockstep::kernels {

// Largest |x| that sine and cosine reduce in working precision; beyond it each lane is reduced by the C library.
template <class R>
inline constexpr R kTrigonometricLimit = sizeof(R) == 4 ? R(6000) : R(800000);

namespace detail {

// x - k pi/2 with pi/2 split so that k times each part but the last is exact; |k| < 2^12 (float), 2^20 (double).
template <class T>
[[gnu::always_inline]] LS_FN T subtract_quarter_turns(T x, T k) {
  if constexpr (sizeof(Real<T>) == 4) {
    T r = x - k * T(0x1.92p+0f);
    r = r - k * T(0x1.fb4p-12f);
    r = r - k * T(0x1.444p-24f);
    r = r - k * T(0x1.68cp-39f);
    return r - k * T(0x1.1a6262p-54f);
  } else {
    T r = x - k * T(0x1.921fb544p+0);
    r = r - k * T(0x1.0b4611a6p-34);
    return r - k * T(0x1.3198a2e037073p-69);
  }
}

template <class T>
struct SineCosine {
  T sine, cosine;
};
// The two with those of the lanes `beyond` by the standard library. Apart from its callers: numbers so large are rare,
// and the calls would take the registers of the code around.
template <class T>
[[gnu::cold, gnu::noinline]] LS_FN SineCosine<T> sine_cosine_beyond(T x, MaskOf<T> beyond, T sine, T cosine) {
  for (int i = 0; i < kLanes<T>; ++i) {
    if (!lane(beyond, i)) continue;
    set_lane(sine, i, static_cast<Real<T>>(::sin(static_cast<double>(lane(x, i)))));
    set_lane(cosine, i, static_cast<Real<T>>(::cos(static_cast<double>(lane(x, i)))));
  }
  return {sine, cosine};
}

// sin(r) and cos(r) for |r| <= pi/4.
template <class T>
[[gnu::always_inline]] LS_FN T sine_polynomial(T r) {
  const T z = r * r;
  if constexpr (sizeof(Real<T>) == 4) {
    const T p = (T(-1.9515295891e-4f) * z + T(8.3321608736e-3f)) * z + T(-1.6666654611e-1f);
    return r + (p * z) * r;
  } else {
    const T w = z * z;
    const T low =
        T(8.33333333332248946124e-03) + z * (T(-1.98412698298579493134e-04) + z * T(2.75573137070700676789e-06));
    const T p = low + z * w * (T(-2.50507602534068634195e-08) + z * T(1.58969099521155010221e-10));
    return r + (z * r) * (T(-1.66666666666666324348e-01) + z * p);
  }
}
template <class T>
[[gnu::always_inline]] LS_FN T cosine_polynomial(T r) {
  const T z = r * r;
  if constexpr (sizeof(Real<T>) == 4) {
    const T p = (T(2.443315711809948e-5f) * z + T(-1.388731625493765e-3f)) * z + T(4.166664568298827e-2f);
    return (T(1) - T(0.5f) * z) + (z * z) * p;
  } else {
    const T w = z * z;
    const T low =
        T(4.16666666666666019037e-02) + z * (T(-1.38888888888741095749e-03) + z * T(2.48015872894767294178e-05));
    const T p = low + z * w *
                          (T(-2.75573143513906633035e-07) +
                           z * (T(2.08757232129817482790e-09) + z * T(-1.13596475577881948265e-11)));
    const T half = T(0.5) * z;
    const T rounded = T(1) - half;
    return rounded + (((T(1) - rounded) - half) + w * p);
  }
}

// 2^k for whole k; |k| < 127 (float), 1023 (double).
template <class T>
[[gnu::always_inline]] LS_FN T power_of_two(T k) {
  using Int = IntOf<Real<T>>;
  constexpr Real<T> kMagic = sizeof(Real<T>) == 4 ? Real<T>(0x1.8p23) : Real<T>(0x1.8p52);
  constexpr int kFraction = sizeof(Real<T>) == 4 ? 23 : 52;
  constexpr Int kBias = sizeof(Real<T>) == 4 ? 127 : 1023;
  const BitsOf<T> whole = to_bits(k + T(kMagic)) - to_bits(T(kMagic));
  return from_bits<T>((whole + kBias) << kFraction);
}

// e^r - 1 - r for |r| <= ln(2)/2.
template <class T>
[[gnu::always_inline]] LS_FN T exponential_tail(T r) {
  if constexpr (sizeof(Real<T>) == 4) {
    T p = T(1.9875691500e-4f);
    p = p * r + T(1.3981999507e-3f);
    p = p * r + T(8.3334519073e-3f);
    p = p * r + T(4.1665795894e-2f);
    p = p * r + T(1.6666665459e-1f);
    p = p * r + T(5.0000001201e-1f);
    return p * (r * r);
  } else {
    T p = T(1.0 / 6227020800.0);  // Taylor: the first term left out is r^14/14!, 4e-18
    p = p * r + T(1.0 / 479001600.0);
    p = p * r + T(1.0 / 39916800.0);
    p = p * r + T(1.0 / 3628800.0);
    p = p * r + T(1.0 / 362880.0);
    p = p * r + T(1.0 / 40320.0);
    p = p * r + T(1.0 / 5040.0);
    p = p * r + T(1.0 / 720.0);
    p = p * r + T(1.0 / 120.0);
    p = p * r + T(1.0 / 24.0);
    p = p * r + T(1.0 / 6.0);
    p = p * r + T(0.5);
    return p * (r * r);
  }
}

// atan(x) for x >= 0.
template <class T>
[[gnu::always_inline]] LS_FN T arctangent_positive(T x) {
  const MaskOf<T> large = x > T(2.414213562373095);
  const MaskOf<T> middle = x > (sizeof(Real<T>) == 4 ? T(0.4142135623730950) : T(0.66));
  const T numerator = select(large, T(-1), select(middle, x - T(1), x));
  const T denominator = select(large, x, select(middle, x + T(1), T(1)));
  const T offset = select(large, T(1.57079632679489661923), select(middle, T(0.78539816339744830962), T(0)));
  const T r = numerator / denominator;
  const T z = r * r;
  // What the rounded offsets pi/2 and pi/4 lack.
  constexpr Real<T> kLost = sizeof(Real<T>) == 4 ? Real<T>(-4.371139000186e-8) : Real<T>(6.123233995736765886130e-17);
  const T lost = select(large, T(kLost), select(middle, T(kLost / 2), T(0)));
  if constexpr (sizeof(Real<T>) == 4) {
    const T p = ((T(8.05374449538e-2f) * z + T(-1.38776856032e-1f)) * z + T(1.99777106478e-1f)) * z;
    return offset + (((p + T(-3.33329491539e-1f)) * z * r + lost) + r);
  } else {
    T p = T(-8.750608600031904122785e-1);
    p = p * z + T(-1.615753718733365076637e1);
    p = p * z + T(-7.500855792314704667340e1);
    p = p * z + T(-1.228866684490136173410e2);
    p = p * z + T(-6.485021904942025371773e1);
    T q = z + T(2.485846490142306297962e1);
    q = q * z + T(1.650270098316988542046e2);
    q = q * z + T(4.328810604912902668951e2);
    q = q * z + T(4.853903996359136964868e2);
    q = q * z + T(1.945506571482613964425e2);
    return offset + ((r * (z * (p / q)) + lost) + r);
  }
}

}  // namespace detail

// Sine and cosine of x (rad), both at the cost of little more than one. Right for every finite x; not-a-number for
// infinities.
template <LaneNumber T>
[[gnu::always_inline]] LS_FN void sine_cosine(T x, T& sine, T& cosine) {
  using R = Real<T>;
  // Adding the magic number leaves the nearest quadrant k in the low bits of the sum.
  constexpr R kMagic = sizeof(R) == 4 ? R(0x1.8p23) : R(0x1.8p52);
  constexpr int kToSign = sizeof(R) == 4 ? 30 : 62;  // from the bit of weight 2 to the sign
  const T shifted = x * T(R(0.63661977236758134308)) + T(kMagic);
  const BitsOf<T> quadrant = to_bits(shifted);
  const T r = detail::subtract_quarter_turns(x, shifted - T(kMagic));
  const T s = detail::sine_polynomial(r);
  const T c = detail::cosine_polynomial(r);
  // Odd quadrants swap the two; those with the bit of weight 2 change the sign.
  const MaskOf<T> odd = bits_to_mask<T>((quadrant & 1) != 0);
  sine = from_bits<T>(to_bits(select(odd, c, s)) ^ ((quadrant & 2) << kToSign));
  cosine = from_bits<T>(to_bits(select(odd, s, c)) ^ (((quadrant + 1) & 2) << kToSign));

  const MaskOf<T> beyond = !(absolute(x) < T(kTrigonometricLimit<R>));
  if (any(beyond)) [[unlikely]] {
    if constexpr (ScalarLane<T>) {  // whose symbols carry no instruction set: nothing apart
      sine = static_cast<R>(::sin(static_cast<double>(x)));
      cosine = static_cast<R>(::cos(static_cast<double>(x)));
    } else {
      const detail::SineCosine<T> both = detail::sine_cosine_beyond(x, beyond, sine, cosine);
      sine = both.sine;
      cosine = both.cosine;
    }
  }
}

template <LaneNumber T>
[[gnu::always_inline]] LS_FN T sine(T x) {
  T s, c;
  sine_cosine(x, s, c);
  return s;
}
template <LaneNumber T>
[[gnu::always_inline]] LS_FN T cosine(T x) {
  T s, c;
  sine_cosine(x, s, c);
  return c;
}

// e^x. Overflows to infinity; results below the smallest normal number may lose bits.
template <LaneNumber T>
[[gnu::always_inline]] LS_FN T exponential(T x) {
  using R = Real<T>;
  constexpr R kHigh = sizeof(R) == 4 ? R(89) : R(710);
  constexpr R kLow = sizeof(R) == 4 ? R(-104) : R(-746);
  const T bounded = clamp(x, T(kLow), T(kHigh));
  const T k = nearest(bounded * T(R(1.44269504088896340736)));
  const T ln2_high = sizeof(R) == 4 ? T(R(0x1.62e4p-1)) : T(R(0x1.62e42feep-1));
  const T ln2_low = sizeof(R) == 4 ? T(R(0x1.7f7d1cp-20)) : T(R(0x1.a39ef35793c76p-33));
  const T r = (bounded - k * ln2_high) - k * ln2_low;
  const T mantissa = T(1) + (r + detail::exponential_tail(r));
  const T k_half = nearest(k * T(R(0.5)));  // two factors, because 2^k itself may be outside the range
  const T y = mantissa * detail::power_of_two(k_half) * detail::power_of_two(k - k_half);
  return select(x == x, y, x);
}

// Natural logarithm; -infinity at 0, not-a-number below.
template <LaneNumber T>
[[gnu::always_inline]] LS_FN T logarithm(T x) {
  using R = Real<T>;
  using Int = IntOf<R>;
  constexpr bool kSingle = sizeof(R) == 4;
  constexpr int kFraction = kSingle ? 23 : 52;
  constexpr R kSmallest = kSingle ? R(0x1p-126) : R(0x1p-1022);
  constexpr R kScale = kSingle ? R(0x1p25) : R(0x1p54);
  constexpr R kMagic = kSingle ? R(0x1.8p23) : R(0x1.8p52);
  constexpr Int kRootHalf = static_cast<Int>(kSingle ? 0x3f3504f3LL : 0x3fe6a09e667f3bcdLL);
  const MaskOf<T> subnormal = x < T(kSmallest);
  const BitsOf<T> bits = to_bits(select(subnormal, x * T(kScale), x));
  // x = 2^k (1 + f) with 1 + f in [sqrt(1/2), sqrt(2))
  const BitsOf<T> exponent = (bits - kRootHalf) >> kFraction;
  const T f = from_bits<T>(bits - (exponent << kFraction)) - T(1);
  const T whole = from_bits<T>(exponent + to_bits(T(kMagic))) - T(kMagic);
  const T k = select(subnormal, whole - T(kSingle ? R(25) : R(54)), whole);
  const T s = f / (T(2) + f);
  const T z = s * s;
  const T w = z * z;
  const T half_square = T(R(0.5)) * f * f;
  T result, correction;
  if constexpr (kSingle) {
    correction = z * (T(0xaaaaaa.0p-24f) + w * T(0x91e9ee.0p-25f)) + w * (T(0xccce13.0p-25f) + w * T(0xf89e26.0p-26f));
    result = s * (half_square + correction) + k * T(R(9.0580006145e-06)) - half_square + f + k * T(R(6.9313812256e-01));
  } else {
    correction =
        w * (T(3.999999999940941908e-01) + w * (T(2.222219843214978396e-01) + w * T(1.531383769920937332e-01))) +
        z * (T(6.666666666666735130e-01) +
             w * (T(2.857142874366239149e-01) + w * (T(1.818357216161805012e-01) + w * T(1.479819860511658591e-01))));
    result = k * T(6.93147180369123816490e-01) -
             ((half_square - (s * (half_square + correction) + k * T(1.90821492927058770002e-10))) - f);
  }
  const T infinity = T(R(__builtin_huge_val()));
  result = select(x == infinity, x, result);
  result = select(x == T(0), -infinity, result);
  return select(x >= T(0), result, T(R(__builtin_nan(""))));
}

// Angle of the point (x, y) from the x axis in [-pi, pi] (rad), with the C library's signs of zero.
template <LaneNumber T>
[[gnu::always_inline]] LS_FN T arctangent2(T y, T x) {
  const T run = absolute(x);
  const T rise = absolute(y);
  // Both zero, or both infinite: the quotient is settled by hand.
  const MaskOf<T> at_origin = (run == T(0)) & (rise == T(0));
  const MaskOf<T> both_infinite = (run == rise) & !is_finite(run);
  const T ratio = select(both_infinite, T(1), select(at_origin, T(0), rise / run));
  const T angle = detail::arctangent_positive(ratio);
  const T pi = T(3.14159265358979323846);
  const T lost = sizeof(Real<T>) == 4 ? T(-8.742278000373e-8) : T(1.2246467991473531772e-16);
  const MaskOf<T> left = copy_sign(T(1), x) < T(0);
  const T turned = select(left, pi - (angle - lost), angle);
  return select(x == x, copy_sign(turned, y), x);
}

// Hyperbolic tangent.
template <LaneNumber T>
[[gnu::always_inline]] LS_FN T hyperbolic_tangent(T x) {
  using R = Real<T>;
  const T a = absolute(x);
  const T far = T(1) - T(2) / (exponential(a + a) + T(1));
  const T z = x * x;
  T near;
  if constexpr (sizeof(R) == 4) {
    T p = T(-5.70498872745e-3f) * z + T(2.06390887954e-2f);
    p = p * z + T(-5.37397155531e-2f);
    p = p * z + T(1.33314422036e-1f);
    p = p * z + T(-3.33332819422e-1f);
    near = p * z * x + x;
  } else {
    const T p = (T(-9.64399179425052238628e-1) * z + T(-9.92877231001918586564e1)) * z + T(-1.61468768441708447952e3);
    const T q = ((z + T(1.12811678491632931402e2)) * z + T(2.23548839060100448583e3)) * z + T(4.84406305325125486048e3);
    near = x + x * (z * (p / q));
  }
  return select(a < T(R(0.625)), near, copy_sign(far, x));
}

// x^y by the C library, lane by lane: exact special cases, no speed. For set-up and rare exponents.
template <LaneNumber T>
[[gnu::always_inline]] LS_FN T power(T x, std::type_identity_t<T> y) {
  using R = Real<T>;
  T result = x;
  for (int i = 0; i < kLanes<T>; ++i) {
    set_lane(result, i, static_cast<R>(::pow(static_cast<double>(lane(x, i)), static_cast<double>(lane(y, i)))));
  }
  return result;
}

}  // namespace lockstep::kernels
