// Normal equations of rows that are dealt to groups at random: what ensembles draw from.
#pragma once

#include "models/gram.h"

#include <cstdint>
#include <vector>

namespace lockstep::models {

// Row number r, counted over all calls of add_columns, goes to the group that (seed, r) chooses, however the rows are
// cut into calls. Groups of rows dealt at random, drawn with replacement, spread as widely as rows drawn one by one;
// contiguous ones do not.
class DealtSums {
 public:
  DealtSums(int features, int targets, int groups, std::uint64_t seed);

  // As Gram::add_columns: columns [features + targets][kFeatureBlockRows], of which the first `rows` are added.
  void add_columns(const double* columns, int rows);
  // [groups], those without a row left out.
  [[nodiscard]] std::vector<NormalEquations> normal_equations() const;

 private:
  std::uint64_t seed_;
  std::uint32_t rows_ = 0;
  std::vector<Gram> groups_;
};

}  // namespace lockstep::models
