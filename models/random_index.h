// Counter-based draws of indices, and orders made of them.
#pragma once

#include "kernels/philox.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace lockstep::models {

// An index in [0, count), count at most 2^32: a function of the arguments, uniform but for count / 2^32 of rounding.
[[nodiscard]] inline std::size_t index_below(std::size_t count, kernels::RandomStream stream, std::uint32_t world,
                                             std::uint32_t step, std::uint32_t block = 0) {
  return static_cast<std::size_t>((std::uint64_t{kernels::philox(stream, world, step, block).word[0]} * count) >> 32);
}

// R. Fisher, F. Yates: every order is as likely as any other, but for rounding. A function of the arguments.
inline void shuffle(std::span<std::uint32_t> numbers, kernels::RandomStream stream, std::uint32_t step,
                    std::uint32_t block) {
  for (std::size_t k = numbers.size(); k > 1; --k)
    std::swap(numbers[k - 1], numbers[index_below(k, stream, static_cast<std::uint32_t>(k), step, block)]);
}

}  // namespace lockstep::models
