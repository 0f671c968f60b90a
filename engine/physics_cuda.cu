// The step kernel of a GPU: the same source as on CPU lanes, with one world per warp.
#include "engine/physics_cuda.h"
#include "kernels/state_layout.h"
#include "kernels/step.h"
#include "kernels/team_cuda.h"

namespace lockstep {
namespace {

template <class R>
__global__ void __launch_bounds__(kThreadsPerWorld* kMaxWorldsPerBlock)
    step_worlds(kernels::ModelConstants<R> constants, R* state, int steps, StepLaunch<R> launch) {
  extern __shared__ __align__(16) unsigned char shared[];
  const kernels::WarpTeam<kThreadsPerWorld> team;
  const int slot = static_cast<int>(threadIdx.x) / kThreadsPerWorld;
  const int world = static_cast<int>(blockIdx.x) * launch.worlds_per_block + slot;
  if (world >= launch.num_worlds) return;  // a whole warp: no barrier waits for it
  R* const scratch = launch.arena != nullptr ? launch.arena + world * launch.scratch
                                             : reinterpret_cast<R*>(shared) + slot * launch.scratch;
  kernels::step<R>(constants, kernels::StateBlock<R>{state + world, launch.num_worlds}, scratch, steps, team);
}

}  // namespace

template <class R>
cudaError_t allow_shared_memory(std::size_t shared_bytes) {
  return cudaFuncSetAttribute(step_worlds<R>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                              static_cast<int>(shared_bytes));
}

template <class R>
cudaError_t launch_steps(const kernels::ModelConstants<R>& constants, R* state, int steps,
                         const StepLaunch<R>& launch) {
  const int blocks = (launch.num_worlds + launch.worlds_per_block - 1) / launch.worlds_per_block;
  step_worlds<R>
      <<<blocks, launch.worlds_per_block * kThreadsPerWorld, launch.shared_bytes>>>(constants, state, steps, launch);
  return cudaGetLastError();
}

template cudaError_t allow_shared_memory<float>(std::size_t);
template cudaError_t allow_shared_memory<double>(std::size_t);
template cudaError_t launch_steps(const kernels::ModelConstants<float>&, float*, int, const StepLaunch<float>&);
template cudaError_t launch_steps(const kernels::ModelConstants<double>&, double*, int, const StepLaunch<double>&);

}  // namespace lockstep
