// Normal equations of rows that are dealt to groups at random.
#include "models/dealt_sums.h"
#include "models/random_index.h"

namespace lockstep::models {
namespace {

constexpr std::uint32_t kDealStream = 0x4453u;  // of the counter-based generator

}  // namespace

DealtSums::DealtSums(int features, int targets, int groups, std::uint64_t seed) : seed_(seed) {
  groups_.reserve(static_cast<size_t>(groups));
  for (int group = 0; group < groups; ++group) groups_.emplace_back(features, targets);
}

void DealtSums::add_columns(const double* columns, int rows) {
  for (int row = 0; row < rows; ++row) {
    groups_[index_below(groups_.size(), {seed_, kDealStream}, rows_++, 0)].add_columns(columns + row, 1);
  }
}

std::vector<NormalEquations> DealtSums::normal_equations() const {
  std::vector<NormalEquations> sums;
  for (const Gram& group : groups_) {
    if (group.rows() > 0) sums.push_back(group.normal_equations());
  }
  return sums;
}

}  // namespace lockstep::models
