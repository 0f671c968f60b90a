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

#if defined(__AVX2__) && !defined(__CUDACC__)
namespace detail {

// High and low words of eight products with one factor.
[[gnu::always_inline]] inline void multiply_words(__m256i x, __m256i factor, __m256i& high, __m256i& low) {
  const __m256i even = _mm256_mul_epu32(x, factor);
  const __m256i odd = _mm256_mul_epu32(_mm256_srli_epi64(x, 32), factor);
  low = _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
  high = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
}

[[gnu::always_inline]] inline __m256i broadcast_word(std::uint32_t word) {
  return _mm256_set1_epi32(static_cast<int>(word));
}
[[gnu::always_inline]] inline __m256i load_words(const std::uint32_t* words) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(words));
}
[[gnu::always_inline]] inline void store_words(std::uint32_t* words, __m256i x) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(words), x);
}

// philox of eight worlds.
[[gnu::always_inline]] inline void philox_of_eight(RandomStream key, const std::uint32_t* worlds,
                                                   const std::uint32_t* steps, std::uint32_t block,
                                                   std::uint32_t* const (&words)[4]) {
  __m256i c0 = load_words(worlds), c1 = load_words(steps), c2 = broadcast_word(block), c3 = broadcast_word(key.stream);
  __m256i key0 = broadcast_word(static_cast<std::uint32_t>(key.seed));
  __m256i key1 = broadcast_word(static_cast<std::uint32_t>(key.seed >> 32));
  for (int round = 0; round < 10; ++round) {
    __m256i high0, low0, high1, low1;
    multiply_words(c0, broadcast_word(0xD2511F53u), high0, low0);
    multiply_words(c2, broadcast_word(0xCD9E8D57u), high1, low1);
    c0 = _mm256_xor_si256(_mm256_xor_si256(high1, c1), key0);
    c2 = _mm256_xor_si256(_mm256_xor_si256(high0, c3), key1);
    c1 = low1;
    c3 = low0;
    key0 = _mm256_add_epi32(key0, broadcast_word(0x9E3779B9u));
    key1 = _mm256_add_epi32(key1, broadcast_word(0xBB67AE85u));
  }
  store_words(words[0], c0);
  store_words(words[1], c1);
  store_words(words[2], c2);
  store_words(words[3], c3);
}

}  // namespace detail
#endif

// The four words of N worlds, each at a step of its own: words[k][i] is word k of world worlds[i] at steps[i].
template <int N>
[[gnu::always_inline]] LS_FN void philox(RandomStream key, const std::uint32_t* worlds, const std::uint32_t* steps,
                                         std::uint32_t block, std::uint32_t (&words)[4][N]) {
#if defined(__AVX2__) && !defined(__CUDACC__)
  if constexpr (N % 8 == 0) {
    for (int i = 0; i < N; i += 8) {
      detail::philox_of_eight(key, worlds + i, steps + i, block,
                              {words[0] + i, words[1] + i, words[2] + i, words[3] + i});
    }
    return;
  }
#endif
  for (int i = 0; i < N; ++i) {
    const PhiloxWords own = philox(key, worlds[i], steps[i], block);
    for (int k = 0; k < 4; ++k) words[k][i] = own.word[k];
  }
}

// Uniform number in [0, 1) from two words: 24 bits for float, 53 for double. Both agree to 2^-24.
template <ScalarLane R>
[[gnu::always_inline]] LS_FN R uniform_from_words(std::uint32_t high, std::uint32_t low) {
  if constexpr (sizeof(R) == 4) return static_cast<R>(high >> 8) * R(0x1p-24);
  const std::uint64_t bits = (static_cast<std::uint64_t>(high) << 21) ^ (low >> 11);
  return static_cast<R>(bits) * R(0x1p-53);
}

// The words of worlds world ... world + N - 1, all at one step.
template <int N>
[[gnu::always_inline]] LS_FN void philox(RandomStream key, std::uint32_t world, std::uint32_t step, std::uint32_t block,
                                         std::uint32_t (&words)[4][N]) {
  std::uint32_t worlds[N], steps[N];
  for (int i = 0; i < N; ++i) {
    worlds[i] = world + static_cast<std::uint32_t>(i);
    steps[i] = step;
  }
  philox<N>(key, worlds, steps, block, words);
}

// Uniform numbers in [0, 1) from two words of each world.
template <LaneNumber T>
[[gnu::always_inline]] LS_FN T uniform_from_words(const std::uint32_t* high, const std::uint32_t* low) {
  Real<T> numbers[kLanes<T>];
  for (int i = 0; i < kLanes<T>; ++i) numbers[i] = uniform_from_words<Real<T>>(high[i], low[i]);
  return load<T>(numbers);
}

// Draws number `index` of step `step` for worlds world ... world + kLanes<T> - 1, uniform in [0, 1).
template <LaneNumber T>
LS_FN T uniform(RandomStream key, std::uint32_t world, std::uint32_t step, std::uint32_t index = 0) {
  std::uint32_t words[4][kLanes<T>];
  philox<kLanes<T>>(key, world, step, index / 2, words);
  const std::uint32_t pair = 2 * (index % 2);
  return uniform_from_words<T>(words[pair], words[pair + 1]);
}

// Draws numbers 2 * pair and 2 * pair + 1 of the normal distribution (mean 0, deviation 1): G. Box, M. Muller (1958).
// Uses the words of `uniform` with index 2 * pair and 2 * pair + 1: do not draw both from one stream.
template <LaneNumber T>
LS_FN void normal_pair(RandomStream key, std::uint32_t world, std::uint32_t step, std::uint32_t pair, T& even, T& odd) {
  std::uint32_t words[4][kLanes<T>];
  philox<kLanes<T>>(key, world, step, pair, words);
  // 1 - u is in (0, 1]: the logarithm stays finite.
  const T radius = square_root(T(-2) * logarithm(T(1) - uniform_from_words<T>(words[0], words[1])));
  T s, c;
  sine_cosine(T(6.283185307179586) * uniform_from_words<T>(words[2], words[3]), s, c);
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
