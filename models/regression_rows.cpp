// Rows of a regression: checks, sums in lanes, and the streaming QR decomposition for what sums cannot hold.
#include "models/regression_rows.h"
#include "engine/buffer.h"
#include "engine/error.h"
#include "models/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <Eigen/Cholesky>
#include <Eigen/QR>
#include <fmt/format.h>

namespace lockstep::models {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

void name_what_is_not_finite(View<const double, 2> values, const char* what, const std::string& where) {
  for (int row = 0; row < values.extent(0); ++row) {
    for (int column = 0; column < values.extent(1); ++column) {
      if (std::isfinite(values(row, column))) continue;
      throw Error(fmt::format("{} of row {}, column {} is {}", what, row, column, values(row, column)), where,
                  "leave out rows that are not finite");
    }
  }
}

// Whether the sums of the columns, scaled to unit length, hold enough digits to solve with.
bool is_well_conditioned(const NormalEquations& sums) {
  constexpr double kLeastReciprocal = 1e-12;  // of the sums: a condition number of the columns of 1e6
  const Index p = sums.features();
  MatrixXd scaled = MatrixXd::Identity(p, p);
  for (Index f = 0; f < p; ++f) {
    for (Index g = 0; g < f; ++g) {
      const double lengths = std::sqrt(sums.theta_theta(f, f) * sums.theta_theta(g, g));
      if (lengths > 0) scaled(f, g) = scaled(g, f) = sums.theta_theta(f, g) / lengths;
    }
  }
  const Eigen::LLT<MatrixXd> cholesky(scaled);
  return cholesky.info() == Eigen::Success && cholesky.rcond() > kLeastReciprocal;
}

}  // namespace

void check_rows(const RegressionRows& data, double alpha, const std::string& where) {
  if (data.rows() < 1 || data.features() < 1 || data.targets() < 1 || data.y.extent(0) != data.rows()) {
    throw Error(
        fmt::format("theta [{}][{}] with y [{}][{}]", data.rows(), data.features(), data.y.extent(0), data.targets()),
        where, "give theta [rows][features] and y [rows][targets] of equally many rows, at least one of each");
  }
  if (!data.weights.empty() && data.weights.size() != static_cast<size_t>(data.rows())) {
    throw Error(fmt::format("{} weights for {} rows", data.weights.size(), data.rows()), where,
                "give one weight per row, or none");
  }
  for (size_t row = 0; row < data.weights.size(); ++row) {
    if (data.weights[row] >= 0 && std::isfinite(data.weights[row])) continue;
    throw Error(fmt::format("the weight of row {} is {}", row, data.weights[row]), where,
                "give finite weights of at least 0");
  }
  const auto is_finite = chosen_bootstrap_batch().is_finite;
  const auto size = [](View<const double, 2> v) { return static_cast<long>(v.extent(0)) * v.extent(1); };
  if (!is_finite(data.theta.data_handle(), size(data.theta))) name_what_is_not_finite(data.theta, "theta", where);
  if (!is_finite(data.y.data_handle(), size(data.y))) name_what_is_not_finite(data.y, "y", where);
  if (data.rows() < data.features() && !(alpha > 0)) {
    throw Error(fmt::format("{} rows for {} features and no ridge", data.rows(), data.features()), where,
                "give more rows, a smaller library, or alpha above 0");
  }
}

NormalEquations sums_of_rows(const RegressionRows& data) {
  const kernels::SumsLayout layout{data.features(), data.targets()};
  const Index p = layout.features, n = layout.targets, width = kernels::row_width(layout);
  HostBuffer<double> square(static_cast<size_t>(layout.columns() * width)), memory(static_cast<size_t>(8 * width));
  std::fill_n(square.data(), square.size(), 0.0);
  chosen_bootstrap_batch().row_sums({.layout = layout,
                                     .theta = data.theta.data_handle(),
                                     .y = data.y.data_handle(),
                                     .weights = data.weights.empty() ? nullptr : data.weights.data(),
                                     .rows = data.rows(),
                                     .square = square.data(),
                                     .memory = memory.data()});
  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Eigen::Map<const RowMajor> all(square.data(), p + n, width);
  NormalEquations sums;
  sums.theta_theta = all.topLeftCorner(p, p).selfadjointView<Eigen::Upper>();
  sums.theta_y = all.block(0, p, p, n);
  sums.y_y = all.block(p, p, n, n).selfadjointView<Eigen::Upper>();
  sums.weight = data.rows();
  if (!data.weights.empty()) {
    sums.weight = 0;
    for (const double w : data.weights) sums.weight += w;
  }
  if (!sums.theta_theta.allFinite() || !sums.y_y.allFinite()) {
    throw Error("products of the features overflow", "sums_of_rows", "scale the data, or choose a lower degree");
  }
  if (!is_well_conditioned(sums)) sums.factor = factor_of_rows(data);
  return sums;
}

MatrixXd factor_of_rows(const RegressionRows& data) {
  const Index p = data.features(), q = p + data.targets(), block = std::max<Index>(256, 2 * q);
  MatrixXd stacked = MatrixXd::Zero(q + block, q);
  for (int first = 0; first < data.rows(); first += static_cast<int>(block)) {
    const int rows = std::min(static_cast<int>(block), data.rows() - first);
    stacked.bottomRows(block).setZero();
    for (int row = 0; row < rows; ++row) {
      const double root = data.weights.empty() ? 1.0 : std::sqrt(data.weights[static_cast<size_t>(first + row)]);
      for (Index c = 0; c < p; ++c) stacked(q + row, c) = root * data.theta(first + row, static_cast<int>(c));
      for (Index c = p; c < q; ++c) stacked(q + row, c) = root * data.y(first + row, static_cast<int>(c - p));
    }
    const Eigen::HouseholderQR<MatrixXd> qr(stacked);
    stacked.topRows(q) = qr.matrixQR().topRows(q).triangularView<Eigen::Upper>();
  }
  return stacked.topRows(q);
}

}  // namespace lockstep::models
