// Launches the native physics kernels on a GPU; what is behind it is compiled by nvcc.
#pragma once

#include "kernels/model_constants.h"

#include <cstddef>

#include <cuda_runtime.h>

namespace lockstep {

inline constexpr int kThreadsPerWorld = 32;   // one warp
inline constexpr int kMaxWorldsPerBlock = 4;  // 128 threads: the step's registers allow no more than 256

// How a step is launched: worlds of one thread block, and where their scratch is.
template <class R>
struct StepLaunch {
  int num_worlds;
  int worlds_per_block;      // in [1, kMaxWorldsPerBlock]
  std::size_t shared_bytes;  // of one thread block; 0 where the scratch is in device memory
  R* arena;                  // [world][scratch] in device memory; nullptr: shared memory
  long scratch;              // numbers of one world
};

// Lets step kernels use `shared_bytes` of shared memory per thread block; to be called once before the first launch.
template <class R>
cudaError_t allow_shared_memory(std::size_t shared_bytes);

// `steps` physics steps of all worlds, asynchronously on the default stream.
//   constants: pointers into device memory
//   state [field][world] in device memory (kernels/state_layout.h)
template <class R>
cudaError_t launch_steps(const kernels::ModelConstants<R>& constants, R* state, int steps, const StepLaunch<R>& launch);

}  // namespace lockstep
