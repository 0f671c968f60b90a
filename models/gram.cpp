// Streaming normal equations: collecting rows into blocks, summing their products, merging, saving.
#include "models/gram.h"
#include "engine/error.h"
#include "models/sparse_kernels.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace lockstep::models {
namespace {

using kernels::kFeatureBlockRows;

void check_finite(View<const double, 2> values, const char* what) {
  for (int row = 0; row < values.extent(0); ++row) {
    for (int i = 0; i < values.extent(1); ++i) {
      if (std::isfinite(values(row, i))) continue;
      throw Error(std::string(what) + " of row " + std::to_string(row) + ", column " + std::to_string(i) + " is " +
                      std::to_string(values(row, i)),
                  "Gram::add", "leave out rows that are not finite");
    }
  }
}

void check_weights(std::span<const double> weights, int rows) {
  if (!weights.empty() && weights.size() != static_cast<size_t>(rows)) {
    throw Error(std::to_string(weights.size()) + " weights for " + std::to_string(rows) + " rows", "Gram::add",
                "give one weight per row, or none");
  }
  for (size_t row = 0; row < weights.size(); ++row) {
    if (weights[row] >= 0 && std::isfinite(weights[row])) continue;
    throw Error("the weight of row " + std::to_string(row) + " is " + std::to_string(weights[row]), "Gram::add",
                "give finite weights of at least 0");
  }
}

}  // namespace

Gram::Gram(int features, int targets)
    : features_(features),
      targets_(targets),
      block_(static_cast<size_t>(features + targets) * kFeatureBlockRows),
      weighted_(block_.size()),
      products_(static_cast<size_t>(features + targets) * static_cast<size_t>(features + targets), 0.0) {
  if (features < 1 || targets < 1) {
    throw Error(
        "normal equations of " + std::to_string(features) + " features and " + std::to_string(targets) + " targets",
        "Gram", "give at least one of each");
  }
}

void Gram::add(View<const double, 2> theta, View<const double, 2> y, std::span<const double> weights) {
  const int rows = theta.extent(0);
  if (theta.extent(1) != features_ || y.extent(1) != targets_ || y.extent(0) != rows) {
    throw Error("theta [" + std::to_string(rows) + "][" + std::to_string(theta.extent(1)) + "] with y [" +
                    std::to_string(y.extent(0)) + "][" + std::to_string(y.extent(1)) + "]",
                "Gram::add",
                "give theta [rows][" + std::to_string(features_) + "] and y [rows][" + std::to_string(targets_) +
                    "] of equally many rows");
  }
  check_weights(weights, rows);
  check_finite(theta, "theta");
  check_finite(y, "y");
  for (int row = 0; row < rows; ++row) {
    const double weight = weights.empty() ? 1.0 : weights[static_cast<size_t>(row)];
    double* const out = block_.data() + pending_;
    double* const out_weighted = weighted_.data() + pending_;
    for (int c = 0; c < columns(); ++c) {
      const double value = c < features_ ? theta(row, c) : y(row, c - features_);
      out[static_cast<size_t>(c) * kFeatureBlockRows] = value;
      out_weighted[static_cast<size_t>(c) * kFeatureBlockRows] = weight * value;
    }
    weight_ += weight;
    ++rows_;
    if (++pending_ == kFeatureBlockRows) flush();
  }
}

void Gram::add_columns(const double* columns_in, int rows, std::span<const double> weights) {
  for (int first = 0; first < rows;) {
    const int count = std::min(rows - first, kFeatureBlockRows - pending_);
    for (int c = 0; c < columns(); ++c) {
      const double* const source = columns_in + static_cast<size_t>(c) * kFeatureBlockRows + first;
      double* const out = block_.data() + static_cast<size_t>(c) * kFeatureBlockRows + pending_;
      double* const out_weighted = weighted_.data() + static_cast<size_t>(c) * kFeatureBlockRows + pending_;
      for (int row = 0; row < count; ++row) {
        out[row] = source[row];
        out_weighted[row] = weights.empty() ? source[row] : weights[static_cast<size_t>(first + row)] * source[row];
      }
    }
    for (int row = 0; row < count; ++row) weight_ += weights.empty() ? 1.0 : weights[static_cast<size_t>(first + row)];
    rows_ += count;
    first += count;
    pending_ += count;
    if (pending_ == kFeatureBlockRows) flush();
  }
}

void Gram::add_block(const double* block, const double* weighted, std::span<double> products) const {
  chosen_sparse_batch().gram({.columns = block, .weighted = weighted, .count = columns(), .products = products.data()});
}

void Gram::flush() {
  add_block(block_.data(), weighted_.data(), products_);
  std::fill_n(block_.data(), block_.size(), 0.0);
  std::fill_n(weighted_.data(), weighted_.size(), 0.0);
  pending_ = 0;
}

void Gram::merge(const Gram& other) {
  if (other.features_ != features_ || other.targets_ != targets_) {
    throw Error("normal equations of " + std::to_string(other.features_) + " features and " +
                    std::to_string(other.targets_) + " targets merged into " + std::to_string(features_) + " and " +
                    std::to_string(targets_),
                "Gram::merge", "merge only sums over the same library and targets");
  }
  for (size_t i = 0; i < products_.size(); ++i) products_[i] += other.products_[i];
  if (other.pending_ > 0) add_block(other.block_.data(), other.weighted_.data(), products_);
  rows_ += other.rows_;
  weight_ += other.weight_;
}

NormalEquations Gram::normal_equations() const {
  std::vector<double> sums = products_;
  if (pending_ > 0) add_block(block_.data(), weighted_.data(), sums);
  const int q = columns();
  const auto at = [&](int i, int j) {
    return sums[static_cast<size_t>(std::min(i, j)) * static_cast<size_t>(q) + static_cast<size_t>(std::max(i, j))];
  };
  NormalEquations out{Eigen::MatrixXd(features_, features_), Eigen::MatrixXd(features_, targets_),
                      Eigen::MatrixXd(targets_, targets_), weight_};
  for (int i = 0; i < features_; ++i) {
    for (int j = 0; j < features_; ++j) out.theta_theta(i, j) = at(i, j);
    for (int k = 0; k < targets_; ++k) out.theta_y(i, k) = at(i, features_ + k);
  }
  for (int k = 0; k < targets_; ++k) {
    for (int l = 0; l < targets_; ++l) out.y_y(k, l) = at(features_ + k, features_ + l);
  }
  return out;
}

void Gram::save(ByteWriter& out) const {
  out.write(std::int32_t{features_});
  out.write(std::int32_t{targets_});
  out.write(rows_);
  out.write(weight_);
  out.write(std::int32_t{pending_});
  out.write_array(std::span(block_.data(), block_.size()));
  out.write_array(std::span(weighted_.data(), weighted_.size()));
  out.write_array(std::span(products_));
}

Gram Gram::load(ByteReader& in) {
  const auto features = in.read<std::int32_t>(), targets = in.read<std::int32_t>();
  if (features < 1 || targets < 1 || features > 20000 || targets > 20000) in.fail("sums of impossible size");
  Gram gram(features, targets);
  gram.rows_ = in.read<std::int64_t>();
  gram.weight_ = in.read<double>();
  gram.pending_ = in.read<std::int32_t>();
  if (gram.rows_ < 0 || gram.pending_ < 0 || gram.pending_ >= kFeatureBlockRows)
    in.fail("an impossible number of rows");
  in.read_array(gram.block_.span());
  in.read_array(gram.weighted_.span());
  in.read_array(std::span(gram.products_));
  return gram;
}

}  // namespace lockstep::models
