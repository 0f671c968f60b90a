// Thresholded regressions on a GPU: the same source as on CPU lanes, with one problem per warp.
#include "kernels/team_cuda.h"
#include "models/stlsq_cuda.h"

namespace lockstep::models {
namespace {

constexpr int kThreads = 32;
constexpr std::size_t kSharedBytes = 48 * 1024;

std::size_t scratch_of(kernels::SumsLayout layout) {
  return static_cast<std::size_t>(kernels::StlsqScratch<double>::size(layout));
}

__global__ void __launch_bounds__(kThreads) solve_problems(StlsqLaunch launch, std::size_t scratch) {
  extern __shared__ __align__(16) unsigned char shared[];
  const auto i = static_cast<std::size_t>(blockIdx.x);
  double* const memory = launch.arena != nullptr ? launch.arena + i * scratch : reinterpret_cast<double*>(shared);
  kernels::StlsqProblem<double> problem;
  problem.layout = launch.layout;
  problem.settings = launch.settings;
  problem.sums = launch.sums + i;
  problem.stride = launch.count;
  problem.threshold = launch.threshold[i];
  problem.alpha = launch.alpha[i];
  kernels::solve_stlsq(problem, launch.allowed == nullptr ? nullptr : launch.allowed + i, launch.coefficients + i,
                       memory, kernels::WarpTeam<kThreads>{});
  if (threadIdx.x == 0) launch.pivot[i] = problem.smallest_pivot;
}

}  // namespace

std::size_t stlsq_arena(kernels::SumsLayout layout, int count) {
  return scratch_of(layout) * sizeof(double) <= kSharedBytes ? 0 : scratch_of(layout) * static_cast<std::size_t>(count);
}

cudaError_t launch_stlsq(const StlsqLaunch& launch) {
  const std::size_t shared = launch.arena == nullptr ? scratch_of(launch.layout) * sizeof(double) : 0;
  solve_problems<<<launch.count, kThreads, shared>>>(launch, scratch_of(launch.layout));
  return cudaGetLastError();
}

}  // namespace lockstep::models
