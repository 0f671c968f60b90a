// The functions that the host calls for ranges of XLand worlds, one table per instruction set.
#pragma once

#include "engine/isa.h"
#include "envs/xland/world_state.h"

#include <cstddef>

namespace lockstep::envs::xland {

// kFirst: the trial and the episode whose numbers `progress` holds. kNext: those that follow them.
enum class Start : std::uint8_t { kFirst, kNext };

// Worlds first ... first + count - 1 of a batch; none touches another.
struct WorldKernels {
  // One step of each; actions [count]: Action or kCutEpisode. Any other passes a step in which nothing is done.
  void (*step)(const WorldBatch&, std::uint32_t first, std::uint32_t count, const std::uint8_t* actions) = nullptr;
  // Starts episodes and writes their observations.
  void (*start)(const WorldBatch&, std::uint32_t first, std::uint32_t count, Start which) = nullptr;
  // Writes observations of the present state.
  void (*observe)(const WorldBatch&, std::uint32_t first, std::uint32_t count) = nullptr;
  // out [count] <- bytes [count], as numbers.
  void (*widen)(const std::uint8_t* bytes, std::size_t count, float* out) = nullptr;
};

[[nodiscard]] WorldKernels world_kernels(Isa isa);

}  // namespace lockstep::envs::xland
