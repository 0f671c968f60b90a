// What lies in memory world by world, from lanes and into them: flags of a byte each, and rows of numbers, which are
// the transpose of what kernels hold. Numbers are floats there, whatever the kernel's precision. For the lanes of a
// processor: on a GPU each thread has one world.
#pragma once

#include "kernels/lanes.h"

#include <cstdint>

namespace lockstep::kernels {

// ---- Flags: 1 where a mask is true ----

[[gnu::always_inline]] inline void store_flags(std::uint8_t* flags, bool mask) { flags[0] = mask ? 1 : 0; }
template <class R, int N, class Isa>
[[gnu::always_inline]] inline void store_flags(std::uint8_t* flags, Mask<R, N, Isa> mask) {
  const std::uint32_t bits = lane_bits(mask);
  for (int first = 0; first < N; first += 8) {
    // Bit k of eight goes to byte k: eight copies of the bits, of which byte k keeps its own.
    const std::uint64_t own = (((bits >> first) & 0xff) * 0x0101010101010101u) & 0x8040201008040201u;
    const std::uint64_t bytes = ((own + 0x7f7f7f7f7f7f7f7fu) >> 7) & 0x0101010101010101u;
    memcpy(flags + first, &bytes, N < 8 ? N : 8);
  }
}

template <LaneNumber T>
[[gnu::always_inline]] inline MaskOf<T> load_flags(const std::uint8_t* flags) {
  MaskOf<T> mask = false;
  for (int lane = 0; lane < kLanes<T>; ++lane) set_lane(mask, lane, flags[lane] != 0);
  return mask;
}

// Bit k is flag k of sixty-four, in either array.
[[gnu::always_inline]] inline std::uint64_t flag_bits(const std::uint8_t* flags, const std::uint8_t* others) {
  std::uint64_t bits = 0;
  for (int i = 0; i < 64; i += 8) {
    std::uint64_t bytes, other_bytes;
    memcpy(&bytes, flags + i, 8);
    memcpy(&other_bytes, others + i, 8);
    bits |= ((bytes | other_bytes) * 0x0102040810204080u >> 56) << i;  // the lowest bit of byte k goes to bit 56 + k
  }
  return bits;
}

// f(index) for every one of `count` flags that is set in `flags` or in `others`, in rising order. Sixty-four at a time
// become bits first: a loop over the set ones ends once for all of them, which a processor foresees better.
template <class Function>
[[gnu::always_inline]] inline void for_each_flag(const std::uint8_t* flags, const std::uint8_t* others, int count,
                                                 Function&& f) {
  int first = 0;
  for (; first + 64 <= count; first += 64) {
    for (std::uint64_t bits = flag_bits(flags + first, others + first); bits != 0; bits &= bits - 1) {
      f(first + __builtin_ctzll(bits));
    }
  }
  for (; first < count; ++first) {
    if ((flags[first] | others[first]) != 0) f(first);
  }
}
template <class Function>
[[gnu::always_inline]] inline void for_each_flag(const std::uint8_t* flags, int count, Function&& f) {
  for_each_flag(flags, flags, count, f);
}

// ---- Numbers ----

[[gnu::always_inline]] inline void store_floats(float* target, float x) { target[0] = x; }
[[gnu::always_inline]] inline void store_floats(float* target, double x) { target[0] = static_cast<float>(x); }

template <class R, int N, class Isa>
[[gnu::always_inline]] inline void store_floats(float* target, Lanes<R, N, Isa> x) {
  using Floats [[gnu::vector_size(N * sizeof(float))]] = float;
  const Floats floats = __builtin_convertvector(x.v, Floats);
  memcpy(target, &floats, sizeof(floats));
}

namespace detail {

using FourFloats [[gnu::vector_size(16)]] = float;

// Four columns of all lanes, as rows of `size` numbers; the last row may be cut to `last` of its four.
template <class T>
[[gnu::always_inline]] inline void store_four_columns(float* rows, int size, const T& a, const T& b, const T& c,
                                                      const T& d, std::size_t last) {
  constexpr int kWidth = kLanes<T>;
  float columns[4][kWidth];
  store_floats(columns[0], a);
  store_floats(columns[1], b);
  store_floats(columns[2], c);
  store_floats(columns[3], d);
#pragma GCC unroll 4
  for (int lane = 0; lane < kWidth; lane += 4) {
    FourFloats x[4];
    for (int i = 0; i < 4; ++i) memcpy(&x[i], columns[i] + lane, 16);
    const FourFloats low01 = __builtin_shufflevector(x[0], x[1], 0, 4, 1, 5);
    const FourFloats high01 = __builtin_shufflevector(x[0], x[1], 2, 6, 3, 7);
    const FourFloats low23 = __builtin_shufflevector(x[2], x[3], 0, 4, 1, 5);
    const FourFloats high23 = __builtin_shufflevector(x[2], x[3], 2, 6, 3, 7);
    const FourFloats row0 = __builtin_shufflevector(low01, low23, 0, 1, 4, 5);
    const FourFloats row1 = __builtin_shufflevector(low01, low23, 2, 3, 6, 7);
    const FourFloats row2 = __builtin_shufflevector(high01, high23, 0, 1, 4, 5);
    const FourFloats row3 = __builtin_shufflevector(high01, high23, 2, 3, 6, 7);
    float* const row = rows + lane * size;
    memcpy(row, &row0, 16);
    memcpy(row + size, &row1, 16);
    memcpy(row + 2 * size, &row2, 16);
    memcpy(row + 3 * size, &row3, lane + 4 < kWidth ? 16 : last);
  }
}

}  // namespace detail

// Writes kCount fields of kLanes<T> worlds as rows [lane][kCount].
template <int kCount, class T>
[[gnu::always_inline]] inline void store_rows(float* rows, const T* fields) {
  constexpr int kWidth = kLanes<T>;
  if constexpr (kWidth % 4 == 0 && kCount >= 4) {
    int column = 0;
    for (; column + 4 <= kCount; column += 4) {
      const T* const x = fields + column;
      detail::store_four_columns(rows + column, kCount, x[0], x[1], x[2], x[3], 16);
    }
    if constexpr (kCount % 4 != 0) {  // the last four once more, in part
      const T* const x = fields + kCount - 4;
      detail::store_four_columns(rows + kCount - 4, kCount, x[0], x[1], x[2], x[3], 16);
    }
  } else if constexpr (kWidth % 4 == 0 && kCount == 3) {
    // A fourth column, which each next row overwrites.
    detail::store_four_columns(rows, kCount, fields[0], fields[1], fields[2], fields[2], 12);
  } else {
    for (int i = 0; i < kCount; ++i) {
      float numbers[kWidth];
      store_floats(numbers, fields[i]);
      for (int lane = 0; lane < kWidth; ++lane) rows[lane * kCount + i] = numbers[lane];
    }
  }
}

}  // namespace lockstep::kernels
