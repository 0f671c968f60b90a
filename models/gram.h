// Streaming normal equations: Theta'W Theta, Theta'W Y and Y'W Y, summed in double while rows go by once.
#pragma once

#include "engine/buffer.h"
#include "engine/byte_stream.h"
#include "engine/view.h"

#include <functional>
#include <span>
#include <vector>

#include <Eigen/Core>

namespace lockstep::models {

// What least squares needs to know of the data, whatever its length.
struct NormalEquations {
  Eigen::MatrixXd theta_theta;  // [features][features] Theta' W Theta
  Eigen::MatrixXd theta_y;      // [features][targets]  Theta' W Y
  Eigen::MatrixXd y_y;          // [targets][targets]   Y' W Y
  double weight = 0;            // sum of the rows' weights (their number where none were given)
  // R of the rows' QR decomposition [features + targets][features + targets], or empty: what the sums lose (they square
  // the condition number) it keeps, and solves that need it use it (models/regression_rows.h).
  Eigen::MatrixXd factor = {};

  [[nodiscard]] int features() const { return static_cast<int>(theta_theta.rows()); }
  [[nodiscard]] int targets() const { return static_cast<int>(theta_y.cols()); }
};

// Takes rows as Gram::add_columns does.
using RowSink = std::function<void(const double* columns, int rows)>;

// Rows are collected into blocks of kFeatureBlockRows, whose products are summed first: the result depends on the order
// of the rows, and not at all on how they were cut into calls of add. Bit-equal on one instruction set; between
// instruction sets sums differ by rounding.
class Gram {
 public:
  Gram(int features, int targets);

  [[nodiscard]] int features() const { return features_; }
  [[nodiscard]] int targets() const { return targets_; }
  [[nodiscard]] std::int64_t rows() const { return rows_; }

  // theta [rows][features], y [rows][targets], weights [rows] (none: 1 each; zero leaves a row out).
  // Error for other shapes, for a number that is not finite (naming row and column) and for a negative weight;
  // nothing was added then.
  void add(View<const double, 2> theta, View<const double, 2> y, std::span<const double> weights = {});
  // The same for columns [features + targets][kFeatureBlockRows], of which the first `rows` are added, unchecked.
  void add_columns(const double* columns, int rows, std::span<const double> weights = {});
  // Adds the sums of another; equal to adding its rows, up to rounding.
  void merge(const Gram& other);

  [[nodiscard]] NormalEquations normal_equations() const;

  void save(ByteWriter& out) const;
  static Gram load(ByteReader& in);

 private:
  void add_block(const double* columns, const double* weighted, std::span<double> products) const;
  void flush();
  [[nodiscard]] int columns() const { return features_ + targets_; }

  int features_;
  int targets_;
  std::int64_t rows_ = 0;
  double weight_ = 0;
  int pending_ = 0;               // rows in the block that is being filled
  HostBuffer<double> block_;      // [columns][kFeatureBlockRows], zero beyond `pending_`
  HostBuffer<double> weighted_;   // the same times the rows' weights
  std::vector<double> products_;  // [columns][columns], upper triangle, of whole blocks
};

}  // namespace lockstep::models
