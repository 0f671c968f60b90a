// The kernels of XLand worlds for one instruction set.
#include "envs/xland/isa_kernels.h"
#include "envs/xland/world_step.h"

namespace lockstep::envs::xland {
namespace {

using ThisIsa = kernels::NativeIsa;
constexpr std::uint32_t kPass = 16;  // worlds under way at once

// Asks for what the agents' next step will read, while others take theirs: grids lie too far apart to be guessed.
void fetch_ahead(const WorldBatch& b, std::uint32_t first, std::uint32_t count) {
  for (std::uint32_t world = first; world < first + count; ++world) {
    const Cell* const corner = WorldStep<ThisIsa>::grid_of(b, world) +
                               (b.agents.position[world] + b.geometry.corner[b.agents.direction[world]]);
    __builtin_prefetch(corner);
    __builtin_prefetch(corner + (b.geometry.view - 1) * b.geometry.stride);
  }
}

void step(const WorldBatch& b, std::uint32_t first, std::uint32_t count, const std::uint8_t* actions) {
  for (std::uint32_t done = 0; done < count; done += kPass) {
    const std::uint32_t left = count - done;
    if (left > kPass) fetch_ahead(b, first + done + kPass, left - kPass < kPass ? left - kPass : kPass);
    WorldStep<ThisIsa>::step<kPass>(b, first + done, left < kPass ? left : kPass, actions + done);
  }
}

void observe(const WorldBatch& b, std::uint32_t first, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) WorldStep<ThisIsa>::observe(b, first + i);
}

void start(const WorldBatch& b, std::uint32_t first, std::uint32_t count, Start which) {
  for (std::uint32_t world = first; world < first + count; ++world) {
    if (which == Start::kNext) {
      EpisodeStart<ThisIsa>::next(b, world);
    } else {
      EpisodeStart<ThisIsa>::trial(b, world);
      EpisodeStart<ThisIsa>::episode(b, world);
    }
  }
  observe(b, first, count);
}

void widen(const std::uint8_t* bytes, std::size_t count, float* out) {
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<float>(bytes[i]);
}

}  // namespace

WorldKernels compiled_world_kernels(kernels::NativeIsa) {
  return {.step = &step, .start = &start, .observe = &observe, .widen = &widen};
}

}  // namespace lockstep::envs::xland
