// Random numbers of single env steps, for what happens to a world while an episode runs: commands, pushes.
#pragma once

#include "kernels/lanes.h"
#include "kernels/philox.h"

#include <cstdint>

namespace lockstep::envs {

// The stream that they come from; resets have their own.
inline constexpr std::uint32_t kStepStream = 0x57e90000;

// Draws of the worlds first_world ... first_world + kLanes<T> - 1, each at a step of its own episode: functions of
// (seed, world, episode, step, index) alone.
template <class T>
struct StepDraw {
  using R = kernels::Real<T>;
  std::uint64_t seed = 0;
  std::uint32_t first_world = 0;
  const std::uint32_t* episodes = nullptr;  // [kLanes<T>]
  const R* clocks = nullptr;                // [kLanes<T>] env steps of the episode, this one included

  // Uniform in [low, high), in the lanes that `wanted` marks; 0 in others. index < 32.
  [[nodiscard]] LS_FN T uniform(kernels::MaskOf<T> wanted, std::uint32_t index, double low, double high) const {
    R numbers[kernels::kLanes<T>] = {};
    kernels::for_each_lane(wanted, [&](int i) {
      const auto block = static_cast<std::uint32_t>(clocks[i]) * 16 + index / 2;
      const auto w = kernels::philox({.seed = seed, .stream = kStepStream}, first_world + static_cast<std::uint32_t>(i),
                                     episodes[i], block);
      const std::uint32_t pair = 2 * (index % 2);
      numbers[i] = R(low) + R(high - low) * kernels::uniform_from_words<R>(w.word[pair], w.word[pair + 1]);
    });
    return kernels::load<T>(numbers);
  }
};

}  // namespace lockstep::envs
