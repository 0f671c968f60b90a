// Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as
// 1, 2, 3", SC 2011). A draw is a function of (seed, stream, world, step, index) alone: it is the same whatever the
// batch size, lane width, thread count or order of the calls, and no generator state is kept anywhere.
#pragma once

#include "kernels/lanes.h"
#include "kernels/math.h"

#include <cstdint>

namespace lockstep::kernels {

// Which sequence is drawn from: the user's seed, and a number for the purpose (each place that draws has its own).
struct RandomStream {
  std::uint64_t seed = 0;
  std::uint32_t stream = 0;
};

// Four random words of 32 bits.
struct PhiloxWords {
  std::uint32_t word[4];
};

// The ten rounds on a counter and a key.
[[gnu::always_inline]] LS_FN PhiloxWords philox_rounds(PhiloxWords counter, std::uint32_t key0, std::uint32_t key1) {
  std::uint32_t c0 = counter.word[0], c1 = counter.word[1], c2 = counter.word[2], c3 = counter.word[3];
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = std::uint64_t{0xD2511F53u} * c0;
    const std::uint64_t product1 = std::uint64_t{0xCD9E8D57u} * c2;
    const std::uint32_t n0 = static_cast<std::uint32_t>(product1 >> 32) ^ c1 ^ key0;
    const std::uint32_t n2 = static_cast<std::uint32_t>(product0 >> 32) ^ c3 ^ key1;
    c1 = static_cast<std::uint32_t>(product1);
    c3 = static_cast<std::uint32_t>(product0);
    c0 = n0;
    c2 = n2;
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
}

// Four words for one world at one step; `block` numbers further blocks of four.
[[gnu::always_inline]] LS_FN PhiloxWords philox(RandomStream key, std::uint32_t world, std::uint32_t step,
                                                std::uint32_t block = 0) {
  return philox_rounds({{world, step, block, key.stream}}, static_cast<std::uint32_t>(key.seed),
                       static_cast<std::uint32_t>(key.seed >> 32));
}

// Uniform number in [0, 1) from two words: 24 bits for float, 53 for double. Both agree to 2^-24.
template <ScalarLane R>
[[gnu::always_inline]] LS_FN R uniform_from_words(std::uint32_t high, std::uint32_t low) {
  if constexpr (sizeof(R) == 4) return static_cast<R>(high >> 8) * R(0x1p-24);
  const std::uint64_t bits = (static_cast<std::uint64_t>(high) << 21) ^ (low >> 11);
  return static_cast<R>(bits) * R(0x1p-53);
}

// Draws number `index` of step `step` for worlds world ... world + kLanes<T> - 1, uniform in [0, 1).
template <LaneNumber T>
LS_FN T uniform(RandomStream key, std::uint32_t world, std::uint32_t step, std::uint32_t index = 0) {
  T result = T(0);
  for (int i = 0; i < kLanes<T>; ++i) {
    const PhiloxWords w = philox(key, world + static_cast<std::uint32_t>(i), step, index / 2);
    const std::uint32_t pair = 2 * (index % 2);
    set_lane(result, i, uniform_from_words<Real<T>>(w.word[pair], w.word[pair + 1]));
  }
  return result;
}

// Draws numbers 2 * pair and 2 * pair + 1 of the normal distribution (mean 0, deviation 1): G. Box, M. Muller (1958).
// Uses the words of `uniform` with index 2 * pair and 2 * pair + 1: do not draw both from one stream.
template <LaneNumber T>
LS_FN void normal_pair(RandomStream key, std::uint32_t world, std::uint32_t step, std::uint32_t pair, T& even, T& odd) {
  T radius_draw = T(0), angle_draw = T(0);
  for (int i = 0; i < kLanes<T>; ++i) {
    const PhiloxWords w = philox(key, world + static_cast<std::uint32_t>(i), step, pair);
    set_lane(radius_draw, i, uniform_from_words<Real<T>>(w.word[0], w.word[1]));
    set_lane(angle_draw, i, uniform_from_words<Real<T>>(w.word[2], w.word[3]));
  }
  // 1 - u is in (0, 1]: the logarithm stays finite.
  const T radius = square_root(T(-2) * logarithm(T(1) - radius_draw));
  T s, c;
  sine_cosine(T(6.283185307179586) * angle_draw, s, c);
  even = radius * c;
  odd = radius * s;
}

// Draws number `index` of step `step`, normal with mean 0 and deviation 1.
template <LaneNumber T>
LS_FN T normal(RandomStream key, std::uint32_t world, std::uint32_t step, std::uint32_t index = 0) {
  T even, odd;
  normal_pair(key, world, step, index / 2, even, odd);
  return index % 2 == 0 ? even : odd;
}

}  // namespace lockstep::kernels
