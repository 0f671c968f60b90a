// Merges batches into running means and variances.
#include "engine/running_moments.h"

#include <algorithm>
#include <cmath>

namespace lockstep {
namespace {

// Added to a variance before its root is taken, so that what never varied stays finite.
constexpr double kVarianceFloor = 1e-8;

}  // namespace

Moments moments_of(std::span<const float> numbers) {
  double sum = 0, square = 0;
  for (const float x : numbers) sum += static_cast<double>(x);
  const double mean = sum / static_cast<double>(numbers.size());
  for (const float x : numbers) square += (static_cast<double>(x) - mean) * (static_cast<double>(x) - mean);
  return {mean, square};
}

RunningMoments::RunningMoments(int width) : mean_(static_cast<size_t>(width)), square_(static_cast<size_t>(width)) {}

void RunningMoments::add(View<const float, 2> rows) {
  const int count = rows.extent(0);
  if (count == 0) return;
  for (size_t k = 0; k < mean_.size(); ++k) {
    const int column = static_cast<int>(k);
    double mean = 0, square = 0;
    for (int row = 0; row < count; ++row) mean += static_cast<double>(rows(row, column));
    mean /= count;
    for (int row = 0; row < count; ++row) {
      const double distance = static_cast<double>(rows(row, column)) - mean;
      square += distance * distance;
    }
    merge(k, count, mean, square);
  }
  count_ += count;
}

void RunningMoments::add(const RunningMoments& more) {
  if (more.count_ == 0) return;
  for (size_t k = 0; k < mean_.size(); ++k) {
    merge(k, more.count_, more.mean_[k], more.square_[k]);
  }
  count_ += more.count_;
}

void RunningMoments::merge(size_t column, double count, double mean, double square) {
  const double total = count_ + count, shift = mean - mean_[column];
  mean_[column] += shift * count / total;
  square_[column] += square + shift * shift * count_ * count / total;
}

void RunningMoments::clear() {
  count_ = 0;
  std::ranges::fill(mean_, 0.0);
  std::ranges::fill(square_, 0.0);
}

double RunningMoments::variance(int column) const {
  return count_ > 0 ? square_[static_cast<size_t>(column)] / count_ : 1;
}

float RunningMoments::scale(int column) const {
  return static_cast<float>(1 / std::sqrt(variance(column) + kVarianceFloor));
}

void RunningMoments::standardise(View<const float, 2> rows, float limit, View<float, 2> out) const {
  for (int column = 0; column < rows.extent(1); ++column) {
    const auto mean = static_cast<float>(mean_[static_cast<size_t>(column)]);
    const float factor = scale(column);
    for (int row = 0; row < rows.extent(0); ++row)
      out(row, column) = std::clamp((rows(row, column) - mean) * factor, -limit, limit);
  }
}

void RunningMoments::save(ByteWriter& out) const {
  out.write(count_);
  out.write_array(std::span<const double>(mean_));
  out.write_array(std::span<const double>(square_));
}

void RunningMoments::load(ByteReader& in) {
  count_ = in.read<double>();
  in.read_array(std::span<double>(mean_));
  in.read_array(std::span<double>(square_));
}

}  // namespace lockstep
