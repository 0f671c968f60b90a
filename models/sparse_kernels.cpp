// Choice of the instruction set for sparse models, and blocks of features.
#include "models/sparse_kernels.h"
#include "engine/isa.h"
#include "models/feature_library.h"

#include <algorithm>

namespace lockstep::models {

const kernels::SparseBatch& chosen_sparse_batch() {
  namespace isa = kernels::isa;
#if defined(__x86_64__)
  switch (chosen_isa()) {
    case Isa::kV4:
      return kernels::sparse_batch<isa::V4>();
    case Isa::kV3:
      return kernels::sparse_batch<isa::V3>();
    case Isa::kBaseline:
      break;
  }
#endif
  return kernels::sparse_batch<isa::Baseline>();
}

FeatureBlock::FeatureBlock(const CompiledFeatures& features, int num_inputs, int targets)
    : features_(features),
      kernels_(chosen_sparse_batch()),
      num_inputs_(num_inputs),
      inputs_(offset(num_inputs)),
      columns_(offset(static_cast<int>(features.node_of().size()) + targets)),
      memory_(static_cast<size_t>(kernels::feature_scratch(features.program(), num_inputs))) {}

void FeatureBlock::clear_columns() { std::fill_n(columns_.data(), columns_.size(), 0.0); }

void FeatureBlock::add(double weight) {
  kernels_.features({.program = features_.program(),
                     .node_of = features_.node_of().data(),
                     .num_features = static_cast<int>(features_.node_of().size()),
                     .inputs = inputs_.data(),
                     .num_inputs = num_inputs_,
                     .weight = weight,
                     .columns = columns_.data(),
                     .memory = memory_.data()});
}

}  // namespace lockstep::models
