// Launches thresholded regressions on a GPU: one warp per problem, all in double.
#pragma once

#include "kernels/bootstrap_batch.h"

#include <cuda_runtime.h>

namespace lockstep::models {

// All pointers are of the device. Problem i's numbers are `count` apart: [..][count].
struct StlsqLaunch {
  kernels::SumsLayout layout;
  kernels::StlsqSettings settings;
  int count = 0;                      // problems
  const double* sums = nullptr;       // [layout.size()][count]
  const double* allowed = nullptr;    // [features][count] 1 or 0, or null: all terms may be chosen
  const double* threshold = nullptr;  // [count]
  const double* alpha = nullptr;      // [count]
  double* coefficients = nullptr;     // [targets][features][count], output
  double* pivot = nullptr;            // [count], output: see kernels::kSafePivot
  double* arena = nullptr;            // [count][StlsqScratch<double>::size(layout)], for what shared memory cannot hold
};

// Numbers that `arena` needs; 0 where the scratch of a problem fits into shared memory.
[[nodiscard]] std::size_t stlsq_arena(kernels::SumsLayout layout, int count);
[[nodiscard]] cudaError_t launch_stlsq(const StlsqLaunch& launch);

}  // namespace lockstep::models
