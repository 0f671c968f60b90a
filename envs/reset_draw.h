// Random numbers of a reset: functions of (seed, stream, world, episode, index) alone, whatever runs beside.
#pragma once

#include "envs/task_options.h"
#include "kernels/lanes.h"
#include "kernels/math.h"
#include "kernels/philox.h"

#include <cstdint>

namespace lockstep::envs {

// Draws of kLanes<T> worlds, each in its own episode. A task numbers its draws from 0 and gives uniform and normal ones
// numbers that do not share a pair (0 and 1, 2 and 3, ...).
template <class T>
struct ResetDraw {
  kernels::RandomStream stream;
  const std::uint32_t* worlds = nullptr;    // [kLanes<T>]
  const std::uint32_t* episodes = nullptr;  // [kLanes<T>]
  std::uint32_t attempt = 0;                // how often this episode's start was drawn and not accepted
  const OptionValues* options = nullptr;

  // Uniform in [low, high).
  [[nodiscard]] LS_FN T uniform(std::uint32_t index, double low, double high) const {
    T first, second;
    pair(index / 2, first, second);
    return T(low) + T(high - low) * (index % 2 == 0 ? first : second);
  }
  // Normal with this mean and standard deviation (Box and Muller 1958).
  [[nodiscard]] LS_FN T normal(std::uint32_t index, double mean, double deviation) const {
    T radius_draw, angle_draw, s, c;
    pair(index / 2, radius_draw, angle_draw);
    // 1 - u is in (0, 1]: the logarithm stays finite.
    const T radius = kernels::square_root(T(-2) * kernels::logarithm(T(1) - radius_draw));
    kernels::sine_cosine(T(6.283185307179586) * angle_draw, s, c);
    return T(mean) + T(deviation) * radius * (index % 2 == 0 ? c : s);
  }

 private:
  static constexpr std::uint32_t kDrawsPerAttempt = 1u << 16;  // pairs
  // Uniform draws 2 * number and 2 * number + 1.
  LS_FN void pair(std::uint32_t number, T& first, T& second) const {
    constexpr int kWidth = kernels::kLanes<T>;
    std::uint32_t words[4][kWidth];
    kernels::philox<kWidth>(stream, worlds, episodes, attempt * kDrawsPerAttempt + number, words);
    first = kernels::uniform_from_words<T>(words[0], words[1]);
    second = kernels::uniform_from_words<T>(words[2], words[3]);
  }
};

}  // namespace lockstep::envs
