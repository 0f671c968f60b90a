// Trend filtering by a primal-dual interior-point method on the dual, whose systems are banded.
#include "models/total_variation.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <Eigen/Dense>

namespace lockstep::models {
namespace {

constexpr int kMostIterations = 60;
constexpr double kGap = 1e-7;  // of duality, relative to the objective

// Cholesky of a banded positive definite matrix, in place; band [rows][width + 1], entry (i, j) at band[i][j - i +
// width].
void factor_band(std::vector<double>& band, int rows, int width) {
  const auto at = [&](int i, int j) -> double& {
    return band[static_cast<size_t>(i) * static_cast<size_t>(width + 1) + static_cast<size_t>(j - i + width)];
  };
  for (int i = 0; i < rows; ++i) {
    for (int j = std::max(0, i - width); j <= i; ++j) {
      double sum = at(i, j);
      for (int k = std::max({0, i - width, j - width}); k < j; ++k) sum -= at(i, k) * at(j, k);
      at(i, j) = i == j ? std::sqrt(std::max(sum, 1e-300)) : sum / at(j, j);
    }
  }
}

void solve_band(const std::vector<double>& band, int rows, int width, std::vector<double>& b) {
  const auto at = [&](int i, int j) {
    return band[static_cast<size_t>(i) * static_cast<size_t>(width + 1) + static_cast<size_t>(j - i + width)];
  };
  for (int i = 0; i < rows; ++i) {
    double sum = b[static_cast<size_t>(i)];
    for (int k = std::max(0, i - width); k < i; ++k) sum -= at(i, k) * b[static_cast<size_t>(k)];
    b[static_cast<size_t>(i)] = sum / at(i, i);
  }
  for (int i = rows - 1; i >= 0; --i) {
    double sum = b[static_cast<size_t>(i)];
    for (int k = i + 1; k <= std::min(rows - 1, i + width); ++k) sum -= at(k, i) * b[static_cast<size_t>(k)];
    b[static_cast<size_t>(i)] = sum / at(i, i);
  }
}

}  // namespace

TrendFilter::TrendFilter(std::span<const double> time, std::span<const double> values, int order)
    : values_(values), order_(order), rows_(static_cast<int>(values.size()) - order) {
  const double step = (time.back() - time.front()) / static_cast<double>(time.size() - 1);
  const double scale = std::pow(step, order);
  for (int row = 0; row < rows_; ++row) {
    const auto nodes = time.subspan(static_cast<size_t>(row), static_cast<size_t>(order + 1));
    const std::vector<double> weights = finite_difference_weights(nodes[0], nodes, order);
    for (const double w : weights) d_.push_back(w * scale);
  }
  gram_.assign(static_cast<size_t>(rows_) * static_cast<size_t>(order + 1), 0.0);
  const auto n = static_cast<size_t>(order + 1);
  for (int i = 0; i < rows_; ++i) {
    for (int j = std::max(0, i - order); j <= i; ++j) {
      double sum = 0;
      for (int k = 0; k <= order - (i - j); ++k) {
        sum += d_[static_cast<size_t>(i) * n + static_cast<size_t>(k)] *
               d_[static_cast<size_t>(j) * n + static_cast<size_t>(k + i - j)];
      }
      gram_[static_cast<size_t>(i) * n + static_cast<size_t>(j - i + order)] = sum;
    }
  }
  d_values_ = differences(values);
  // Beyond the largest weight the residual of the polynomial fit is D' z with |z| <= lambda: solved from the first row.
  Eigen::MatrixXd powers(static_cast<Eigen::Index>(values.size()), order);
  for (Eigen::Index i = 0; i < powers.rows(); ++i) {
    const double s = 2 * (time[static_cast<size_t>(i)] - time.front()) / (time.back() - time.front()) - 1;
    for (int k = 0; k < order; ++k) powers(i, k) = std::pow(s, k);
  }
  const Eigen::Map<const Eigen::VectorXd> y(values.data(), powers.rows());
  const Eigen::VectorXd residual = y - powers * powers.householderQr().solve(y);
  std::vector<double> z(static_cast<size_t>(rows_));
  for (int i = 0; i < rows_; ++i) {
    double sum = residual[i];
    for (int k = 1; k <= std::min(order, i); ++k) {
      sum -= d_[static_cast<size_t>(i - k) * n + static_cast<size_t>(k)] * z[static_cast<size_t>(i - k)];
    }
    z[static_cast<size_t>(i)] = sum / d_[static_cast<size_t>(i) * n];
    largest_weight_ = std::max(largest_weight_, std::abs(z[static_cast<size_t>(i)]));
  }
}

std::vector<double> TrendFilter::differences(std::span<const double> x) const {
  std::vector<double> out(static_cast<size_t>(rows_), 0.0);
  const double* d = d_.data();
  for (int i = 0; i < rows_; ++i) {
    for (int k = 0; k <= order_; ++k) out[static_cast<size_t>(i)] += *d++ * x[static_cast<size_t>(i + k)];
  }
  return out;
}

std::vector<double> TrendFilter::transposed(std::span<const double> z) const {
  std::vector<double> out(values_.size(), 0.0);
  const double* d = d_.data();
  for (int i = 0; i < rows_; ++i) {
    for (int k = 0; k <= order_; ++k) out[static_cast<size_t>(i + k)] += *d++ * z[static_cast<size_t>(i)];
  }
  return out;
}

// Minimises 1/2 |D' z|^2 - (D y)' z over |z| <= lambda; x = y - D' z. Multipliers m1 of z <= lambda, m2 of -z <=
// lambda.
TrendFilter::Solution TrendFilter::solve(double lambda) const {
  const auto n = static_cast<size_t>(rows_);
  const auto width = static_cast<size_t>(order_ + 1);
  std::vector<double> z(n, 0.0), m1(n, 1.0), m2(n, 1.0), x(values_.begin(), values_.end());
  double t = 1e-10;
  std::vector<double> dx = d_values_;  // D x = D y - D D' z
  // Norm of the residual of the optimality conditions at a barrier of 1 / t.
  const auto residual_norm = [&](const std::vector<double>& zs, const std::vector<double>& a,
                                 const std::vector<double>& b, const std::vector<double>& dxs) {
    double sum = 0;
    for (size_t i = 0; i < n; ++i) {
      const double dual = a[i] - b[i] - dxs[i];
      const double c1 = -a[i] * (zs[i] - lambda) - 1 / t, c2 = -b[i] * (-zs[i] - lambda) - 1 / t;
      sum += dual * dual + c1 * c1 + c2 * c2;
    }
    return std::sqrt(sum);
  };
  for (int iteration = 0; iteration < kMostIterations; ++iteration) {
    double primal = 0, dual = 0, gap = 0;
    for (size_t i = 0; i < values_.size(); ++i) {
      primal += 0.5 * (values_[i] - x[i]) * (values_[i] - x[i]);
    }
    dual = -primal;
    for (size_t i = 0; i < n; ++i) {
      primal += lambda * std::abs(dx[i]);
      dual += d_values_[i] * z[i];
      gap -= m1[i] * (z[i] - lambda) + m2[i] * (-z[i] - lambda);
    }
    if (primal - dual <= kGap * std::max(primal, 1e-300)) break;
    t = std::max(2.0 * 2 * static_cast<double>(n) / gap, 1.2 * t);
    std::vector<double> band = gram_, dz(n);
    for (size_t i = 0; i < n; ++i) {
      const double f1 = z[i] - lambda, f2 = -z[i] - lambda;
      band[i * width + static_cast<size_t>(order_)] -= m1[i] / f1 + m2[i] / f2;
      dz[i] = dx[i] + (1 / f1 - 1 / f2) / t;
    }
    factor_band(band, rows_, order_);
    solve_band(band, rows_, order_, dz);
    std::vector<double> d1(n), d2(n);
    double step = 1;
    for (size_t i = 0; i < n; ++i) {
      const double f1 = z[i] - lambda, f2 = -z[i] - lambda;
      d1[i] = -m1[i] - (1 / t + m1[i] * dz[i]) / f1;
      d2[i] = -m2[i] - (1 / t - m2[i] * dz[i]) / f2;
      if (d1[i] < 0) step = std::min(step, 0.99 * -m1[i] / d1[i]);
      if (d2[i] < 0) step = std::min(step, 0.99 * -m2[i] / d2[i]);
      if (dz[i] > 0) step = std::min(step, 0.999 * -f1 / dz[i]);
      if (dz[i] < 0) step = std::min(step, 0.999 * -f2 / -dz[i]);
    }
    const double before = residual_norm(z, m1, m2, dx);
    std::vector<double> next_z(n), next_1(n), next_2(n);
    for (int halving = 0; halving < 20; ++halving, step *= 0.5) {
      for (size_t i = 0; i < n; ++i) {
        next_z[i] = z[i] + step * dz[i];
        next_1[i] = m1[i] + step * d1[i];
        next_2[i] = m2[i] + step * d2[i];
      }
      const std::vector<double> pulled = transposed(next_z);
      for (size_t i = 0; i < x.size(); ++i) x[i] = values_[i] - pulled[i];
      dx = differences(x);
      if (residual_norm(next_z, next_1, next_2, dx) <= (1 - 0.01 * step) * before) break;
    }
    z.swap(next_z), m1.swap(next_1), m2.swap(next_2);
  }
  int kinks = 0;
  for (const double value : z) kinks += std::abs(value) > 0.999 * lambda ? 1 : 0;
  return {std::move(x), kinks};
}

TrendChoice choose_trend(std::span<const ColumnSamples> trajectories, int order) {
  std::vector<TrendFilter> filters;
  for (const ColumnSamples& samples : trajectories) {
    if (static_cast<int>(samples.time.size()) > order + 1) filters.emplace_back(samples.time, samples.values, order);
  }
  TrendChoice best;
  double least = std::numeric_limits<double>::infinity();
  for (double exponent = -1; exponent >= -14; exponent -= 0.5) {
    const double weight = std::pow(10.0, exponent);
    double residual = 0, rows = 0, freedom = 0;
    size_t filter = 0;
    for (const ColumnSamples& samples : trajectories) {
      if (static_cast<int>(samples.time.size()) <= order + 1) continue;
      const TrendFilter& f = filters[filter++];
      const TrendFilter::Solution solution = f.solve(weight * f.largest_weight());
      for (size_t i = 0; i < samples.values.size(); ++i) {
        residual += (samples.values[i] - solution.x[i]) * (samples.values[i] - solution.x[i]);
      }
      rows += static_cast<double>(samples.values.size());
      freedom += solution.kinks + order;
    }
    const double left = rows - freedom;
    if (!(left > 0.02 * rows)) break;
    const double score = residual / (left * left);
    if (score < least) least = score, best = {weight, std::sqrt(residual / left)};
    if (score > 4 * least) break;
  }
  if (best.weight == 0) best.weight = 1e-3;  // too few rows to choose by
  return best;
}

}  // namespace lockstep::models
