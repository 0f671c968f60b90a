// Priorities of the transitions of a replay, and draws in proportion to them.
#pragma once

#include "engine/byte_stream.h"
#include "kernels/philox.h"

#include <cstdint>
#include <span>
#include <vector>

namespace lockstep::agents {

// T. Schaul, J. Quan, I. Antonoglou, D. Silver, "Prioritized experience replay", ICLR 2016, section 3.3: transition i
// is drawn with probability P(i) = p_i^exponent / sum over k of p_k^exponent, p_i = |TD error| + 1e-6, from a tree of
// sums. A sum is always that of its two halves, so that it does not depend on the order of what was set.
class ReplayPriorities {
 public:
  // `exponent` in [0, 1]: how much the error counts; 1: in proportion to it.
  explicit ReplayPriorities(double exponent) : exponent_(exponent) {}

  [[nodiscard]] int size() const { return size_; }
  // Gives row `index` <= size() the largest priority there has been, so that what is new is seen soon.
  void add(int index);
  // Priorities of rows from the errors [rows] of their values.
  void set(std::span<const std::int32_t> rows, std::span<const float> errors);
  // P(index).
  [[nodiscard]] double probability(int index) const { return leaf(index) / tree_[1]; }

  // Draws rows [rows], the k-th of n from the k-th of n equal parts of the sum: a function of (stream, draw, k) and of
  // the priorities. weights [rows] = (size() P(i))^-correction, divided by the largest of them (section 3.4).
  void sample(kernels::RandomStream stream, std::uint32_t draw, double correction, std::span<std::int32_t> rows,
              std::span<float> weights) const;

  void save(ByteWriter& out) const;
  // Those of `size` rows.
  void load(ByteReader& in, int size);

 private:
  [[nodiscard]] double leaf(int index) const { return tree_[leaves_ + static_cast<size_t>(index)]; }
  [[nodiscard]] int find(double mass) const;
  void put(int index, double priority);
  void reserve(size_t leaves);

  double exponent_;
  double largest_ = 1;        // p^exponent
  int size_ = 0;              // rows that have a priority
  size_t leaves_ = 0;         // a power of two, or 0
  std::vector<double> tree_;  // [2 * leaves]: 1 is the root, 2k and 2k + 1 the halves of k, the last `leaves` the rows
};

}  // namespace lockstep::agents
