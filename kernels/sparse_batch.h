// Whole batches of sparse models on double, as compiled for one instruction set.
#pragma once

#include "kernels/sparse_dynamics.h"

namespace lockstep::kernels {

// A batch of worlds: arrays are row-major [world][field]. `memory` is 64-byte aligned scratch of
// `batch_scratch(model)` numbers.
struct SparseStepCall {
  const double* x = nullptr;  // [worlds][nx]; rollout: the first states
  const double* u = nullptr;  // [worlds][nu]; rollout: [worlds][steps][nu]
  double* next = nullptr;     // [worlds][nx]; rollout: [worlds][steps + 1][nx]
  double* A = nullptr;        // [worlds][nx][nx], jacobian only
  double* B = nullptr;        // [worlds][nx][nu], jacobian only
  int worlds = 0;
  int steps = 1;  // rollout only
  double* memory = nullptr;
};

// Rows of features of one block, for normal equations.
inline constexpr int kFeatureBlockRows = 128;
struct FeatureBlockCall {
  FeatureProgram program;
  const int* node_of = nullptr;  // [num_features] node of each feature
  int num_features = 0;
  const double* inputs = nullptr;  // [num_inputs][kFeatureBlockRows], all rows filled
  int num_inputs = 0;
  double weight = 1;          // columns += weight * features
  double* columns = nullptr;  // [num_features][kFeatureBlockRows]
  double* memory = nullptr;   // 64-byte aligned scratch of feature_scratch(program, num_inputs) numbers
};

// products [count][count] (upper triangle, j >= i) += sum over the block's rows of weights * columns_i * columns_j.
struct GramBlockCall {
  const double* columns = nullptr;   // [count][kFeatureBlockRows]
  const double* weighted = nullptr;  // the same times each row's weight; may be `columns` itself
  int count = 0;
  double* products = nullptr;
};

// out [num_columns][kFeatureBlockRows], domain d: sum over k < width of weights_d[k] * column[offsets[d] + k].
struct IntegralCall {
  const double* columns = nullptr;  // [num_columns][stride]
  long stride = 0;
  int num_columns = 0;
  const int* offsets = nullptr;     // [count] first rows of the domains; offset + width <= stride
  const double* weights = nullptr;  // [count][weight_stride], one row for all where weight_stride is 0
  long weight_stride = 0;
  int width = 0;  // a multiple of kMostLanes
  int count = 0;  // <= kFeatureBlockRows
  double* out = nullptr;
};

struct SparseBatch {
  void (*step)(const SparseDynamics&, const SparseStepCall&);
  void (*jacobian)(const SparseDynamics&, const SparseStepCall&);
  void (*rollout)(const SparseDynamics&, const SparseStepCall&);
  void (*features)(const FeatureBlockCall&);
  void (*gram)(const GramBlockCall&);
  void (*integrals)(const IntegralCall&);
  int lanes;
};

// Numbers of scratch, enough for every instruction set's lanes.
inline constexpr int kMostLanes = 8;
[[nodiscard]] inline int batch_scratch(const SparseDynamics& m) {
  const int nz = m.nx + m.nu;
  return kMostLanes * (SparseScratch<double>::size(m) + 2 * m.nx + m.nu + m.nx * nz);
}
[[nodiscard]] inline int feature_scratch(const FeatureProgram& program, int num_inputs) {
  return kMostLanes * (num_inputs + program.num_atoms + program.num_nodes);
}

// One definition per instruction set (models/sparse_batch.cpp).
template <class Isa>
const SparseBatch& sparse_batch();
template <>
const SparseBatch& sparse_batch<isa::Baseline>();
#if defined(__x86_64__)
template <>
const SparseBatch& sparse_batch<isa::V3>();
template <>
const SparseBatch& sparse_batch<isa::V4>();
#endif

}  // namespace lockstep::kernels
