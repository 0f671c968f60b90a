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

// A point of the interior: z, and multipliers m1 of z <= lambda, m2 of -z <= lambda.
struct Interior {
  std::vector<double> z, m1, m2;

  [[nodiscard]] Interior moved(const Interior& direction, double step) const {
    Interior out = *this;
    for (size_t i = 0; i < z.size(); ++i) {
      out.z[i] += step * direction.z[i];
      out.m1[i] += step * direction.m1[i];
      out.m2[i] += step * direction.m2[i];
    }
    return out;
  }
};

// Norm of the residual of the optimality conditions at a barrier of 1 / t.
double residual_norm(const Interior& at, const std::vector<double>& dx, double lambda, double t) {
  double sum = 0;
  for (size_t i = 0; i < dx.size(); ++i) {
    const double dual = at.m1[i] - at.m2[i] - dx[i];
    const double c1 = -at.m1[i] * (at.z[i] - lambda) - 1 / t, c2 = -at.m2[i] * (-at.z[i] - lambda) - 1 / t;
    sum += dual * dual + c1 * c1 + c2 * c2;
  }
  return std::sqrt(sum);
}

// Newton's direction for the multipliers, given that of z; returns the longest step that stays inside.
double complete_direction(const Interior& at, double lambda, double t, Interior& direction) {
  double step = 1;
  for (size_t i = 0; i < at.z.size(); ++i) {
    const double f1 = at.z[i] - lambda, f2 = -at.z[i] - lambda, dz = direction.z[i];
    const double d1 = direction.m1[i] = -at.m1[i] - (1 / t + at.m1[i] * dz) / f1;
    const double d2 = direction.m2[i] = -at.m2[i] - (1 / t - at.m2[i] * dz) / f2;
    if (d1 < 0) step = std::min(step, 0.99 * -at.m1[i] / d1);
    if (d2 < 0) step = std::min(step, 0.99 * -at.m2[i] / d2);
    if (dz > 0) step = std::min(step, 0.999 * -f1 / dz);
    if (dz < 0) step = std::min(step, 0.999 * f2 / dz);
  }
  return step;
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

// Minimises 1/2 |D' z|^2 - (D y)' z over |z| <= lambda; x = y - D' z.
TrendFilter::Solution TrendFilter::solve(double lambda) const {
  const auto n = static_cast<size_t>(rows_);
  const auto width = static_cast<size_t>(order_ + 1);
  Interior at{std::vector<double>(n, 0.0), std::vector<double>(n, 1.0), std::vector<double>(n, 1.0)};
  std::vector<double> x(values_.begin(), values_.end()), dx = d_values_;  // D x = D y - D D' z
  double t = 1e-10;
  for (int iteration = 0; iteration < kMostIterations; ++iteration) {
    double primal = 0, gap = 0;
    for (size_t i = 0; i < values_.size(); ++i) primal += 0.5 * (values_[i] - x[i]) * (values_[i] - x[i]);
    double dual = -primal;
    for (size_t i = 0; i < n; ++i) {
      primal += lambda * std::abs(dx[i]);
      dual += d_values_[i] * at.z[i];
      gap -= at.m1[i] * (at.z[i] - lambda) + at.m2[i] * (-at.z[i] - lambda);
    }
    if (primal - dual <= kGap * std::max(primal, 1e-300)) break;
    t = std::max(2.0 * 2 * static_cast<double>(n) / gap, 1.2 * t);
    std::vector<double> band = gram_;
    Interior direction = at;
    for (size_t i = 0; i < n; ++i) {
      const double f1 = at.z[i] - lambda, f2 = -at.z[i] - lambda;
      band[i * width + static_cast<size_t>(order_)] -= at.m1[i] / f1 + at.m2[i] / f2;
      direction.z[i] = dx[i] + (1 / f1 - 1 / f2) / t;
    }
    factor_band(band, rows_, order_);
    solve_band(band, rows_, order_, direction.z);
    double step = complete_direction(at, lambda, t, direction);
    const double before = residual_norm(at, dx, lambda, t);
    Interior next = at;
    for (int halving = 0; halving < 20; ++halving, step *= 0.5) {
      next = at.moved(direction, step);
      const std::vector<double> pulled = transposed(next.z);
      for (size_t i = 0; i < x.size(); ++i) x[i] = values_[i] - pulled[i];
      dx = differences(x);
      if (residual_norm(next, dx, lambda, t) <= (1 - 0.01 * step) * before) break;
    }
    at = std::move(next);
  }
  const auto kinks = std::count_if(at.z.begin(), at.z.end(), [&](double z) { return std::abs(z) > 0.999 * lambda; });
  return {std::move(x), static_cast<int>(kinks)};
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
