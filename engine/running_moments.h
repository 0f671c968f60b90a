// Mean and variance of everything seen so far, for putting observations and rewards on a scale of 1.
#pragma once

#include "engine/byte_stream.h"
#include "engine/view.h"

#include <span>
#include <vector>

namespace lockstep {

// Mean, and sum of squared distances from it, of at least one number.
struct Moments {
  double mean = 0, square = 0;
};
[[nodiscard]] Moments moments_of(std::span<const float> numbers);

// Of rows of `width` numbers each. Batches are merged as in T. Chan, G. Golub, R. LeVeque, "Updating formulae and a
// pairwise algorithm for computing sample variances", COMPSTAT 1982; in double, so that a long run does not drift.
class RunningMoments {
 public:
  explicit RunningMoments(int width);

  void add(View<const float, 2> rows);   // [any][width]
  void add(const RunningMoments& more);  // of other rows
  void clear();                          // as if nothing was seen
  [[nodiscard]] int width() const { return static_cast<int>(mean_.size()); }
  [[nodiscard]] double count() const { return count_; }
  [[nodiscard]] std::span<const double> mean() const { return mean_; }  // [width]
  // Of the population; 1 before anything was seen.
  [[nodiscard]] double variance(int column) const;
  // What brings a column to deviation 1; finite where it never varied.
  [[nodiscard]] float scale(int column) const;

  // out [rows][width] = (rows - mean) / deviation, cut to [-limit, limit]; out may be rows.
  void standardise(View<const float, 2> rows, float limit, View<float, 2> out) const;

  void save(ByteWriter& out) const;
  void load(ByteReader& in);

 private:
  // Takes up `count` more numbers of a column, of that mean and sum of squared distances from it; count_ is the
  // caller's.
  void merge(size_t column, double count, double mean, double square);

  double count_ = 0;
  std::vector<double> mean_, square_;  // [width]; square: sum of squared distances from the mean
};

}  // namespace lockstep
