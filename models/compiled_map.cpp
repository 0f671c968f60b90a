// Sparse maps by blocks of rows.
#include "models/compiled_map.h"

#include <algorithm>
#include <cassert>

namespace lockstep::models {

CompiledMap::CompiledMap(const SparseMap& map)
    : num_states_(map.library().num_states()),
      num_controls_(map.library().num_controls()),
      outputs_(map.outputs()),
      low_(map.low()),
      high_(map.high()) {
  const Eigen::MatrixXd& coefficients = map.coefficients();
  std::vector<Feature> features;
  std::vector<int> column_of(static_cast<size_t>(map.library().size()), -1);
  for (int f = 0; f < map.library().size(); ++f) {
    if (coefficients.row(f).isZero(0)) continue;
    column_of[static_cast<size_t>(f)] = static_cast<int>(features.size());
    features.push_back(map.library().features()[static_cast<size_t>(f)]);
  }
  for (int k = 0; k < outputs_; ++k) {
    for (int f = 0; f < map.library().size(); ++f) {
      if (coefficients(f, k) != 0) terms_.push_back({k, column_of[static_cast<size_t>(f)], coefficients(f, k)});
    }
  }
  if (features.empty()) return;
  used_ = std::make_unique<CompiledFeatures>(features, num_states_ + num_controls_, map.library().expressions());
  block_ = std::make_unique<FeatureBlock>(*used_, num_states_ + num_controls_);
}

// The block's columns are the features at rows first, first + 1, ...
void CompiledMap::fill(View<const double, 2> x, View<const double, 2> u, int first, int count) {
  for (int i = 0; i < num_states_; ++i) {
    for (int row = 0; row < count; ++row) block_->input(i)[row] = x(first + row, i);
  }
  for (int i = 0; i < num_controls_; ++i) {
    for (int row = 0; row < count; ++row) block_->input(num_states_ + i)[row] = u(first + row, i);
  }
  block_->clear_columns();
  block_->add(1.0);
}

void CompiledMap::evaluate(View<const double, 2> x, View<const double, 2> u, View<double, 2> y) {
  assert(x.extent(1) == num_states_ && u.extent(1) == num_controls_ && y.extent(1) == outputs_);
  const int rows = static_cast<int>(y.extent(0));
  for (int first = 0; first < rows; first += kernels::kFeatureBlockRows) {
    const int count = std::min(kernels::kFeatureBlockRows, rows - first);
    for (int row = 0; row < count; ++row) {
      for (int k = 0; k < outputs_; ++k) y(first + row, k) = 0;
    }
    if (block_) fill(x, u, first, count);
    for (const Term& term : terms_) {
      const double* const column = block_->column(term.column);
      for (int row = 0; row < count; ++row) y(first + row, term.output) += term.coefficient * column[row];
    }
    for (int row = 0; row < count; ++row) {
      for (int k = 0; k < outputs_; ++k) y(first + row, k) = std::clamp(y(first + row, k), low_, high_);
    }
  }
}

}  // namespace lockstep::models
