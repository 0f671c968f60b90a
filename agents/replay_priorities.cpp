// Tree of sums over priorities: rows are set and found in as many steps as it is deep.
#include "agents/replay_priorities.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include <fmt/format.h>

namespace lockstep::agents {
namespace {

constexpr double kLeastError = 1e-6;  // so that a row whose value is right is still drawn now and then
constexpr size_t kFewestLeaves = 1024;

}  // namespace

// Rows keep their priorities; sums are made anew, to the same bits, as what is added is zero.
void ReplayPriorities::reserve(size_t leaves) {
  if (leaves <= leaves_) return;
  const size_t count = std::max(kFewestLeaves, std::bit_ceil(leaves));
  std::vector<double> tree(2 * count);
  std::copy_n(tree_.begin() + static_cast<std::ptrdiff_t>(leaves_), size_,
              tree.begin() + static_cast<std::ptrdiff_t>(count));
  for (size_t node = count - 1; node >= 1; --node) tree[node] = tree[2 * node] + tree[2 * node + 1];
  tree_ = std::move(tree);
  leaves_ = count;
}

void ReplayPriorities::put(int index, double priority) {
  size_t node = leaves_ + static_cast<size_t>(index);
  tree_[node] = priority;
  for (node /= 2; node >= 1; node /= 2) tree_[node] = tree_[2 * node] + tree_[2 * node + 1];
}

void ReplayPriorities::add(int index) {
  reserve(static_cast<size_t>(index) + 1);
  size_ = std::max(size_, index + 1);
  put(index, largest_);
}

void ReplayPriorities::set(std::span<const std::int32_t> rows, std::span<const float> errors) {
  for (size_t k = 0; k < rows.size(); ++k) {
    const double priority = std::pow(std::abs(static_cast<double>(errors[k])) + kLeastError, exponent_);
    largest_ = std::max(largest_, priority);
    put(rows[k], priority);
  }
}

// The row at which the running sum of priorities passes `mass`; never one without a priority, whatever was rounded.
int ReplayPriorities::find(double mass) const {
  size_t node = 1;
  while (node < leaves_) {
    const double left = tree_[2 * node];
    const bool is_left = mass < left || tree_[2 * node + 1] == 0;
    if (!is_left) mass -= left;
    node = 2 * node + (is_left ? 0 : 1);
  }
  return static_cast<int>(node - leaves_);
}

void ReplayPriorities::sample(kernels::RandomStream stream, std::uint32_t draw, double correction,
                              std::span<std::int32_t> rows, std::span<float> weights) const {
  const auto count = static_cast<double>(rows.size());
  double least = 1;
  for (size_t k = 0; k < rows.size(); ++k) {
    const double share =
        (static_cast<double>(k) + kernels::uniform<double>(stream, static_cast<std::uint32_t>(k), draw)) / count;
    rows[k] = find(share * tree_[1]);
    least = std::min(least, probability(rows[k]));
  }
  for (size_t k = 0; k < rows.size(); ++k)
    weights[k] = static_cast<float>(std::pow(least / probability(rows[k]), correction));
}

void ReplayPriorities::save(ByteWriter& out) const {
  out.write(largest_);
  out.write_array(std::span(tree_).subspan(leaves_, static_cast<size_t>(size_)));
}

void ReplayPriorities::load(ByteReader& in, int size) {
  largest_ = in.read<double>();
  if (!std::isfinite(largest_) || largest_ <= 0) in.fail(fmt::format("a largest priority of {}", largest_));
  std::vector<double> leaves(static_cast<size_t>(size));
  in.read_array(std::span(leaves));
  if (!std::ranges::all_of(leaves, [](double p) { return std::isfinite(p) && p > 0; })) {
    in.fail("priorities that are not above zero");
  }
  leaves_ = 0;
  size_ = 0;
  tree_.clear();
  if (size == 0) return;
  reserve(leaves.size());
  std::ranges::copy(leaves, tree_.begin() + static_cast<std::ptrdiff_t>(leaves_));
  for (size_t node = leaves_ - 1; node >= 1; --node) tree_[node] = tree_[2 * node] + tree_[2 * node + 1];
  size_ = size;
}

}  // namespace lockstep::agents
