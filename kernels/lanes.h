// The lane type: one number of a kernel, held for 1 (float, double) or N worlds side by side (Lanes<R, N>).
// Kernels are templates on T and use only what is declared here, so that one source serves CPU lanes and GPU threads.
//   Real<T>  scalar type, kLanes<T>  number of lanes, MaskOf<T>  result of a comparison (bool for scalars)
// Lanes carry a tag of the instruction set they are compiled for: code for two instruction sets never shares a symbol.
#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>
#include <type_traits>

#if !defined(__CUDACC__) && defined(__SSE2__)
#include <immintrin.h>
#endif

// Every kernel function: inline, for host and device.
#if defined(__CUDACC__)
#define LS_FN inline __host__ __device__
#else
#define LS_FN inline
#endif

// Lanes are passed by value between inlined functions only, so the calling convention of wide vectors is of no matter.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wpsabi"
#endif

namespace lockstep::kernels {

// Tags of the instruction sets that kernels are compiled for: x86-64, x86-64-v3 (AVX2, FMA), x86-64-v4 (AVX-512).
namespace isa {
struct Baseline {};
struct V3 {};
struct V4 {};
}  // namespace isa

#if defined(LOCKSTEP_ISA_TAG)
using NativeIsa = isa::LOCKSTEP_ISA_TAG;
#else
using NativeIsa = isa::Baseline;
#endif

// Signed integer of the same width as R, for work on bits.
template <class R>
using IntOf = std::conditional_t<sizeof(R) == 4, std::int32_t, std::int64_t>;

#if !defined(__CUDACC__)

// One truth value per lane: all bits set where true.
template <class R, int N, class Isa>
struct Mask {
  using Vector [[gnu::vector_size(N * sizeof(R))]] = IntOf<R>;
  Vector v;

  Mask() = default;
  [[gnu::always_inline]] explicit Mask(Vector bits) : v(bits) {}
  [[gnu::always_inline]] Mask(bool b) : v(Vector{} - static_cast<IntOf<R>>(b)) {}  // NOLINT(google-explicit-*)

  [[gnu::always_inline]] friend Mask operator&(Mask a, Mask b) { return Mask(Vector(a.v & b.v)); }
  [[gnu::always_inline]] friend Mask operator|(Mask a, Mask b) { return Mask(Vector(a.v | b.v)); }
  [[gnu::always_inline]] friend Mask operator^(Mask a, Mask b) { return Mask(Vector(a.v ^ b.v)); }
  [[gnu::always_inline]] friend Mask operator!(Mask a) { return Mask(Vector(~a.v)); }
  // Both sides are always evaluated: a mask has no short cut.
  [[gnu::always_inline]] friend Mask operator&&(Mask a, Mask b) { return a & b; }
  [[gnu::always_inline]] friend Mask operator||(Mask a, Mask b) { return a | b; }
};

// N numbers of type R, one per world. Converts implicitly from R and from integers only: 3.0 * Lanes<float, 8> is an
// error, because it would hide double arithmetic in a float kernel. Write T(3.0) where a literal is meant.
template <class R, int N, class Isa = NativeIsa>
struct Lanes {
  static_assert(std::same_as<R, float> || std::same_as<R, double>);
  static_assert(N >= 2 && (N & (N - 1)) == 0);
  using Vector [[gnu::vector_size(N * sizeof(R))]] = R;
  using Comparison = Mask<R, N, Isa>;
  Vector v;

  // Broadcasts subtract zero, which compiles to nothing and keeps -0; adding zero would do neither.
  Lanes() = default;
  [[gnu::always_inline]] explicit Lanes(Vector values) : v(values) {}
  template <class S>
  // NOLINTNEXTLINE(google-explicit-constructor)
  requires(std::same_as<S, R> || (std::integral<S> && !std::same_as<S, bool>)) [[gnu::always_inline]] Lanes(S s)
      : v(static_cast<R>(s) - Vector{}) {}
  template <class S>
  requires(std::floating_point<S> && !std::same_as<S, R>) [[gnu::always_inline]] explicit Lanes(S s)
      : v(static_cast<R>(s) - Vector{}) {}

  [[gnu::always_inline]] friend Lanes operator+(Lanes a, Lanes b) { return Lanes(Vector(a.v + b.v)); }
  [[gnu::always_inline]] friend Lanes operator-(Lanes a, Lanes b) { return Lanes(Vector(a.v - b.v)); }
  [[gnu::always_inline]] friend Lanes operator*(Lanes a, Lanes b) { return Lanes(Vector(a.v * b.v)); }
  [[gnu::always_inline]] friend Lanes operator/(Lanes a, Lanes b) { return Lanes(Vector(a.v / b.v)); }
  [[gnu::always_inline]] friend Lanes operator-(Lanes a) { return Lanes(Vector(-a.v)); }
  [[gnu::always_inline]] friend Lanes operator+(Lanes a) { return a; }
  [[gnu::always_inline]] Lanes& operator+=(Lanes b) { return *this = *this + b; }
  [[gnu::always_inline]] Lanes& operator-=(Lanes b) { return *this = *this - b; }
  [[gnu::always_inline]] Lanes& operator*=(Lanes b) { return *this = *this * b; }
  [[gnu::always_inline]] Lanes& operator/=(Lanes b) { return *this = *this / b; }

  using Bits = typename Comparison::Vector;
  [[gnu::always_inline]] friend Comparison operator<(Lanes a, Lanes b) { return Comparison(Bits(a.v < b.v)); }
  [[gnu::always_inline]] friend Comparison operator<=(Lanes a, Lanes b) { return Comparison(Bits(a.v <= b.v)); }
  [[gnu::always_inline]] friend Comparison operator>(Lanes a, Lanes b) { return Comparison(Bits(a.v > b.v)); }
  [[gnu::always_inline]] friend Comparison operator>=(Lanes a, Lanes b) { return Comparison(Bits(a.v >= b.v)); }
  [[gnu::always_inline]] friend Comparison operator==(Lanes a, Lanes b) { return Comparison(Bits(a.v == b.v)); }
  [[gnu::always_inline]] friend Comparison operator!=(Lanes a, Lanes b) { return Comparison(Bits(a.v != b.v)); }
};

#endif  // !__CUDACC__

template <class T>
concept ScalarLane = std::same_as<T, float> || std::same_as<T, double>;

// What a kernel needs to know about T; undefined but for lane types, so that a function on lanes is no candidate for
// other types.
template <class T>
struct LaneTraits;

template <ScalarLane T>
struct LaneTraits<T> {
  using Scalar = T;
  using Comparison = bool;
  using Bits = IntOf<T>;
  static constexpr int kCount = 1;
};

#if !defined(__CUDACC__)
template <class R, int N, class Isa>
struct LaneTraits<Lanes<R, N, Isa>> {
  using Scalar = R;
  using Comparison = Mask<R, N, Isa>;
  using Bits = typename Comparison::Vector;
  static constexpr int kCount = N;
};
#endif

template <class T>
using Real = typename LaneTraits<T>::Scalar;
template <class T>
using MaskOf = typename LaneTraits<T>::Comparison;
template <class T>
using BitsOf = typename LaneTraits<T>::Bits;
template <class T>
inline constexpr int kLanes = LaneTraits<T>::kCount;

// Any number a kernel may be written on.
template <class T>
concept LaneNumber = requires {
  typename LaneTraits<T>::Scalar;
};

// ---- One lane: scalars ----

template <ScalarLane T>
[[gnu::always_inline]] LS_FN T select(bool mask, T yes, std::type_identity_t<T> no) {
  return mask ? yes : no;
}
[[gnu::always_inline]] LS_FN bool select(bool mask, bool yes, bool no) { return mask ? yes : no; }
[[gnu::always_inline]] LS_FN bool any(bool mask) { return mask; }
[[gnu::always_inline]] LS_FN bool all(bool mask) { return mask; }
[[gnu::always_inline]] LS_FN bool none(bool mask) { return !mask; }
[[gnu::always_inline]] LS_FN int count(bool mask) { return mask ? 1 : 0; }
[[gnu::always_inline]] LS_FN bool lane(bool mask, int) { return mask; }

template <ScalarLane T>
[[gnu::always_inline]] LS_FN T lane(T x, int) {
  return x;
}
template <ScalarLane T>
[[gnu::always_inline]] LS_FN void set_lane(T& x, int, T value) {
  x = value;
}
[[gnu::always_inline]] LS_FN void set_lane(bool& mask, int, bool value) { mask = value; }

template <ScalarLane T>
[[gnu::always_inline]] LS_FN BitsOf<T> to_bits(T x) {
  BitsOf<T> bits;
  memcpy(&bits, &x, sizeof(T));
  return bits;
}
template <ScalarLane T>
[[gnu::always_inline]] LS_FN T from_bits(BitsOf<T> bits) {
  T x;
  memcpy(&x, &bits, sizeof(T));
  return x;
}
template <ScalarLane T>
[[gnu::always_inline]] LS_FN bool bits_to_mask(bool truth) {
  return truth;
}

template <ScalarLane T>
[[gnu::always_inline]] LS_FN T square_root(T x) {
#if defined(__CUDA_ARCH__)
  if constexpr (sizeof(T) == 4) return __fsqrt_rn(x);  // the correctly rounded one, whatever the compiler's flags
  if constexpr (sizeof(T) == 8) return __dsqrt_rn(x);
#else
  if constexpr (sizeof(T) == 4) return __builtin_sqrtf(x);
  if constexpr (sizeof(T) == 8) return __builtin_sqrt(x);
#endif
}

// ---- N lanes ----

#if !defined(__CUDACC__)

template <class R, int N, class Isa>
[[gnu::always_inline]] inline Lanes<R, N, Isa> select(Mask<R, N, Isa> mask, Lanes<R, N, Isa> yes,
                                                      std::type_identity_t<Lanes<R, N, Isa>> no) {
  return Lanes<R, N, Isa>(typename Lanes<R, N, Isa>::Vector(mask.v ? yes.v : no.v));
}
template <class R, int N, class Isa>
[[gnu::always_inline]] inline Mask<R, N, Isa> select(Mask<R, N, Isa> mask, Mask<R, N, Isa> yes,
                                                     std::type_identity_t<Mask<R, N, Isa>> no) {
  return (mask & yes) | ((!mask) & no);
}

// One bit per lane, lane 0 in the lowest.
template <class R, int N, class Isa>
[[gnu::always_inline]] inline std::uint32_t lane_bits(Mask<R, N, Isa> mask) {
  constexpr int kBytes = static_cast<int>(sizeof(mask));
  std::uint32_t bits = 0;
#if defined(__AVX512DQ__)
  if constexpr (kBytes == 64) {
    __m512i m;
    std::memcpy(&m, &mask.v, 64);
    if constexpr (sizeof(R) == 4) return _mm512_movepi32_mask(m);
    if constexpr (sizeof(R) == 8) return _mm512_movepi64_mask(m);
  }
#endif
#if defined(__AVX__)
  if constexpr (kBytes % 32 == 0) {
    constexpr int kPart = 32 / static_cast<int>(sizeof(R));
    for (int part = 0; part < kBytes / 32; ++part) {
      __m256 m;
      std::memcpy(&m, reinterpret_cast<const char*>(&mask.v) + 32 * part, 32);
      const int piece = sizeof(R) == 4 ? _mm256_movemask_ps(m) : _mm256_movemask_pd(_mm256_castps_pd(m));
      bits |= static_cast<std::uint32_t>(piece) << (kPart * part);
    }
    return bits;
  }
#endif
#if defined(__SSE2__)
  if constexpr (kBytes % 16 == 0) {
    constexpr int kPart = 16 / static_cast<int>(sizeof(R));
    for (int part = 0; part < kBytes / 16; ++part) {
      __m128 m;
      std::memcpy(&m, reinterpret_cast<const char*>(&mask.v) + 16 * part, 16);
      const int piece = sizeof(R) == 4 ? _mm_movemask_ps(m) : _mm_movemask_pd(_mm_castps_pd(m));
      bits |= static_cast<std::uint32_t>(piece) << (kPart * part);
    }
    return bits;
  }
#endif
  for (int i = 0; i < N; ++i) bits |= (mask.v[i] != 0 ? 1u : 0u) << i;
  return bits;
}

template <class R, int N, class Isa>
[[gnu::always_inline]] inline bool any(Mask<R, N, Isa> mask) {
  return lane_bits(mask) != 0;
}
template <class R, int N, class Isa>
[[gnu::always_inline]] inline bool none(Mask<R, N, Isa> mask) {
  return lane_bits(mask) == 0;
}
template <class R, int N, class Isa>
[[gnu::always_inline]] inline bool all(Mask<R, N, Isa> mask) {
  return lane_bits(mask) == (N == 32 ? ~0u : (1u << N) - 1u);
}
template <class R, int N, class Isa>
[[gnu::always_inline]] inline int count(Mask<R, N, Isa> mask) {
  return __builtin_popcount(lane_bits(mask));
}

template <class R, int N, class Isa>
[[gnu::always_inline]] inline R lane(Lanes<R, N, Isa> x, int index) {
  return x.v[index];
}
template <class R, int N, class Isa>
[[gnu::always_inline]] inline bool lane(Mask<R, N, Isa> mask, int index) {
  return mask.v[index] != 0;
}
template <class R, int N, class Isa>
[[gnu::always_inline]] inline void set_lane(Lanes<R, N, Isa>& x, int index, std::type_identity_t<R> value) {
  x.v[index] = value;
}
template <class R, int N, class Isa>
[[gnu::always_inline]] inline void set_lane(Mask<R, N, Isa>& mask, int index, bool value) {
  mask.v[index] = value ? -1 : 0;
}

template <class R, int N, class Isa>
[[gnu::always_inline]] inline BitsOf<Lanes<R, N, Isa>> to_bits(Lanes<R, N, Isa> x) {
  return BitsOf<Lanes<R, N, Isa>>(x.v);
}
template <class T>
requires(!ScalarLane<T>) [[gnu::always_inline]] inline T from_bits(BitsOf<T> bits) {
  return T(typename T::Vector(bits));
}
template <class T>
requires(!ScalarLane<T>) [[gnu::always_inline]] inline MaskOf<T> bits_to_mask(BitsOf<T> truth) {
  return MaskOf<T>(truth);
}

template <class R, int N, class Isa>
[[gnu::always_inline]] inline Lanes<R, N, Isa> square_root(Lanes<R, N, Isa> x) {
  [[maybe_unused]] constexpr int kBytes = static_cast<int>(sizeof(x));
  [[maybe_unused]] char* const bytes = reinterpret_cast<char*>(&x.v);
#if defined(__AVX512F__)
  if constexpr (kBytes == 64) {
    __m512 m;
    std::memcpy(&m, bytes, 64);
    // Masked with all lanes on: g++ 12 warns of an undefined source in the plain ones.
    m = sizeof(R) == 4 ? _mm512_maskz_sqrt_ps(0xffff, m)
                       : _mm512_castpd_ps(_mm512_maskz_sqrt_pd(0xff, _mm512_castps_pd(m)));
    std::memcpy(bytes, &m, 64);
    return x;
  }
#endif
#if defined(__AVX__)
  if constexpr (kBytes % 32 == 0) {
    for (int part = 0; part < kBytes; part += 32) {
      __m256 m;
      std::memcpy(&m, bytes + part, 32);
      m = sizeof(R) == 4 ? _mm256_sqrt_ps(m) : _mm256_castpd_ps(_mm256_sqrt_pd(_mm256_castps_pd(m)));
      std::memcpy(bytes + part, &m, 32);
    }
    return x;
  }
#endif
#if defined(__SSE2__)
  if constexpr (kBytes % 16 == 0) {
    for (int part = 0; part < kBytes; part += 16) {
      __m128 m;
      std::memcpy(&m, bytes + part, 16);
      m = sizeof(R) == 4 ? _mm_sqrt_ps(m) : _mm_castpd_ps(_mm_sqrt_pd(_mm_castps_pd(m)));
      std::memcpy(bytes + part, &m, 16);
    }
    return x;
  }
#endif
  for (int i = 0; i < N; ++i) x.v[i] = square_root(x.v[i]);
  return x;
}

#endif  // !__CUDACC__

// ---- Written once for every T ----

// f(index) for every lane where the mask is true, in rising order; costs nothing for the others.
template <class Function>
[[gnu::always_inline]] LS_FN void for_each_lane(bool mask, Function&& f) {
  if (mask) f(0);
}
#if !defined(__CUDACC__)
template <class R, int N, class Isa, class Function>
[[gnu::always_inline]] inline void for_each_lane(Mask<R, N, Isa> mask, Function&& f) {
  for (std::uint32_t bits = lane_bits(mask); bits != 0; bits &= bits - 1) f(__builtin_ctz(bits));
}
#endif

// The number of lane 0: for tests, printing and branches on what is the same in all lanes.
template <class T>
[[gnu::always_inline]] LS_FN Real<T> first(T x) {
  return lane(x, 0);
}

// Reads or writes kLanes<T> numbers that lie side by side; no alignment is needed.
template <class T>
[[gnu::always_inline]] LS_FN T load(const Real<T>* source) {
  T x;
  memcpy(&x, source, sizeof(T));
  return x;
}
template <class T>
[[gnu::always_inline]] LS_FN void store(Real<T>* target, T x) {
  memcpy(target, &x, sizeof(T));
}

// The smaller and the larger; the second argument where one is not a number.
template <LaneNumber T>
[[gnu::always_inline]] LS_FN T minimum(T a, std::type_identity_t<T> b) {
  return select(a < b, a, b);
}
template <LaneNumber T>
[[gnu::always_inline]] LS_FN T maximum(T a, std::type_identity_t<T> b) {
  return select(a > b, a, b);
}
// x moved into [low, high]; not-a-number stays.
template <LaneNumber T>
[[gnu::always_inline]] LS_FN T clamp(T x, std::type_identity_t<T> low, std::type_identity_t<T> high) {
  return select(x < low, low, select(x > high, high, x));
}

template <LaneNumber T>
[[gnu::always_inline]] LS_FN T absolute(T x) {
  using Int = IntOf<Real<T>>;
  constexpr Int kMagnitude = static_cast<Int>(sizeof(Int) == 4 ? 0x7fffffffLL : 0x7fffffffffffffffLL);
  return from_bits<T>(to_bits(x) & kMagnitude);
}

// The magnitude of x with the sign of y.
template <LaneNumber T>
[[gnu::always_inline]] LS_FN T copy_sign(T x, std::type_identity_t<T> y) {
  using Int = IntOf<Real<T>>;
  constexpr Int kMagnitude = static_cast<Int>(sizeof(Int) == 4 ? 0x7fffffffLL : 0x7fffffffffffffffLL);
  return from_bits<T>((to_bits(x) & kMagnitude) | (to_bits(y) & ~kMagnitude));
}

// a * b + c, in one rounding where the instruction set has it (v3, v4, GPU).
template <LaneNumber T>
[[gnu::always_inline]] LS_FN T fused_multiply_add(T a, std::type_identity_t<T> b, std::type_identity_t<T> c) {
  return a * b + c;
}

// False for infinities and not-a-number, decided on the bits: no compiler flag can delete it.
template <LaneNumber T>
[[gnu::always_inline]] LS_FN MaskOf<T> is_finite(T x) {
  using Int = IntOf<Real<T>>;
  constexpr Int kMagnitude = static_cast<Int>(sizeof(Int) == 4 ? 0x7fffffffLL : 0x7fffffffffffffffLL);
  constexpr Int kInfinity = static_cast<Int>(sizeof(Int) == 4 ? 0x7f800000LL : 0x7ff0000000000000LL);
  return bits_to_mask<T>((to_bits(x) & kMagnitude) < kInfinity);
}

// True where all of `count` numbers are finite: as is_finite of each, in half the operations.
template <LaneNumber T>
[[gnu::always_inline]] LS_FN MaskOf<T> all_finite(const T* x, int count) {
  using Int = IntOf<Real<T>>;
  constexpr Int kMagnitude = static_cast<Int>(sizeof(Int) == 4 ? 0x7fffffffLL : 0x7fffffffffffffffLL);
  constexpr Int kInfinity = static_cast<Int>(sizeof(Int) == 4 ? 0x7f800000LL : 0x7ff0000000000000LL);
  BitsOf<T> largest = to_bits(T(0));
  for (int i = 0; i < count; ++i) {
    const BitsOf<T> magnitude = to_bits(x[i]) & kMagnitude;
    largest = magnitude > largest ? magnitude : largest;
  }
  return bits_to_mask<T>(largest < kInfinity);
}

// The nearest integer, ties to even; |x| of 2^22 (float) or 2^51 (double) and beyond is returned as it is.
template <LaneNumber T>
[[gnu::always_inline]] LS_FN T nearest(T x) {
  constexpr Real<T> kMagic = sizeof(Real<T>) == 4 ? Real<T>(0x1.8p23) : Real<T>(0x1.8p52);
  constexpr Real<T> kLimit = sizeof(Real<T>) == 4 ? Real<T>(0x1p22) : Real<T>(0x1p51);
  const T rounded = (x + T(kMagic)) - T(kMagic);
  return select(absolute(x) < T(kLimit), rounded, x);
}

// The largest integer that is not above x; not-a-number and infinities stay.
template <LaneNumber T>
[[gnu::always_inline]] LS_FN T floor(T x) {
  constexpr Real<T> kWhole = sizeof(Real<T>) == 4 ? Real<T>(0x1p23) : Real<T>(0x1p52);
  const T magnitude = absolute(x);
  const T rounded = copy_sign((magnitude + T(kWhole)) - T(kWhole), x);
  const T down = select(rounded > x, rounded - T(1), rounded);
  return select(magnitude < T(kWhole), down, x);
}

}  // namespace lockstep::kernels
