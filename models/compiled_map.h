// A sparse map made ready to be evaluated again and again: only the features that have a coefficient are computed, in
// lanes, and nothing is allocated.
#pragma once

#include "engine/view.h"
#include "models/sparse_kernels.h"
#include "models/sparse_map.h"

#include <memory>
#include <vector>

namespace lockstep::models {

// One object serves one thread at a time.
class CompiledMap {
 public:
  explicit CompiledMap(const SparseMap& map);

  [[nodiscard]] int outputs() const { return outputs_; }
  // x [rows][nx], u [rows][nu] -> y [rows][outputs], as SparseMap::evaluate but for the order of sums: terms are added
  // in the library's order.
  void evaluate(View<const double, 2> x, View<const double, 2> u, View<double, 2> y);

 private:
  struct Term {
    int output, column;
    double coefficient;
  };
  void fill(View<const double, 2> x, View<const double, 2> u, int first, int count);

  int num_states_, num_controls_, outputs_;
  double low_, high_;
  std::vector<Term> terms_;                 // sorted by output
  std::unique_ptr<CompiledFeatures> used_;  // at an address of its own: the block refers to it
  std::unique_ptr<FeatureBlock> block_;     // nullptr where the map has no term
};

}  // namespace lockstep::models
