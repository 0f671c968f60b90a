// Choice of the instruction set for sparse models, and blocks of features.
#include "models/sparse_kernels.h"
#include "engine/isa_dispatch.h"
#include "models/feature_library.h"

#include <algorithm>

namespace lockstep::models {

const kernels::SparseBatch& chosen_sparse_batch() {
  return with_isa(chosen_isa(),
                  []<class Tag>(Tag) -> const kernels::SparseBatch& { return kernels::sparse_batch<Tag>(); });
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
