// Teams of GPU threads that work on one world together: a warp, or part of one. For CUDA translation units only.
#pragma once

#include "kernels/team.h"

#if defined(__CUDACC__)

namespace lockstep::kernels {

// `Size` neighbouring threads of one warp, Size a power of two up to 32. Several teams may share a warp.
template <int Size>
struct WarpTeam {
  static_assert(Size >= 1 && Size <= 32 && (Size & (Size - 1)) == 0);
  static constexpr bool kAlone = false, kRemovesSlip = false;
  unsigned rank;     // of this thread in the team
  unsigned members;  // mask of the team's threads in the warp

  __device__ WarpTeam() {
    const unsigned thread_in_warp = threadIdx.x % 32u;
    rank = thread_in_warp % Size;
    const unsigned all = Size == 32 ? 0xffffffffu : (1u << (Size % 32)) - 1u;
    members = all << (thread_in_warp - rank);
  }
  [[nodiscard]] __device__ int size() const { return Size; }

  template <class Function>
  __device__ void each(int n, Function&& f) const {
    for (int i = static_cast<int>(rank); i < n; i += Size) f(i);
    sync();
  }
  template <class Function>
  __device__ void once(Function&& f) const {
    if (rank == 0) f();
    sync();
  }
  __device__ void sync() const { __syncwarp(members); }
};

// All threads of a block.
struct BlockTeam {
  static constexpr bool kAlone = false, kRemovesSlip = false;
  [[nodiscard]] __device__ int size() const { return static_cast<int>(blockDim.x); }
  template <class Function>
  __device__ void each(int n, Function&& f) const {
    for (int i = static_cast<int>(threadIdx.x); i < n; i += static_cast<int>(blockDim.x)) f(i);
    sync();
  }
  template <class Function>
  __device__ void once(Function&& f) const {
    if (threadIdx.x == 0) f();
    sync();
  }
  __device__ void sync() const { __syncthreads(); }
};

}  // namespace lockstep::kernels

#endif  // __CUDACC__
