// The sparse-model kernels of the instruction set this process runs with, and blocks of features for them.
#pragma once

#include "engine/buffer.h"
#include "kernels/sparse_batch.h"

#include <vector>

namespace lockstep::models {

class CompiledFeatures;

// What engine/isa.h chooses at the time of the call.
[[nodiscard]] const kernels::SparseBatch& chosen_sparse_batch();

// kFeatureBlockRows rows of inputs and of columns [features + targets][rows], as the kernels want them.
// Rows that are not set stay as they were (inputs begin as 0): they are computed but need not be used.
class FeatureBlock {
 public:
  // `targets`: columns after the features, for the caller to fill. `features` must outlive the block.
  FeatureBlock(const CompiledFeatures& features, int num_inputs, int targets = 0);

  [[nodiscard]] double* input(int index) { return inputs_.data() + offset(index); }    // [kFeatureBlockRows]
  [[nodiscard]] double* column(int index) { return columns_.data() + offset(index); }  // [kFeatureBlockRows]
  [[nodiscard]] const double* columns() const { return columns_.data(); }
  void clear_columns();
  // columns += weight * features(inputs), in every row.
  void add(double weight);

 private:
  static size_t offset(int index) { return static_cast<size_t>(index) * kernels::kFeatureBlockRows; }

  const CompiledFeatures& features_;
  const kernels::SparseBatch& kernels_;
  int num_inputs_;
  HostBuffer<double> inputs_, columns_, memory_;
};

}  // namespace lockstep::models
