// Kalman filter and Bryson-Frazier smoother of integrated Wiener processes, and the likelihood of their noise.
#include "models/kalman_smoother.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace lockstep::models {
namespace {

constexpr double kLowestRatio = -18, kHighestRatio = 12;  // log10(q / r)

template <int M>
using Vector = std::array<double, M>;
template <int M>
using Matrix = std::array<std::array<double, M>, M>;

// x' = F(h) x + noise of covariance q Q(h): F_ij = h^(j-i) / (j-i)!,
// Q_ij = h^(2M-1-i-j) / ((M-1-i)! (M-1-j)! (2M-1-i-j)).
template <int M>
struct Step {
  Matrix<M> F{}, Q{};
  double h = -1;

  void set(double step) {
    if (step == h) return;
    h = step;
    const auto factorial = [](int n) {
      double product = 1;
      for (int k = 2; k <= n; ++k) product *= k;
      return product;
    };
    for (int i = 0; i < M; ++i) {
      for (int j = 0; j < M; ++j) {
        F[i][j] = j < i ? 0 : std::pow(h, j - i) / factorial(j - i);
        const int power = 2 * M - 1 - i - j;
        Q[i][j] = std::pow(h, power) / (factorial(M - 1 - i) * factorial(M - 1 - j) * power);
      }
    }
  }
};

// What the backward pass needs of one row.
template <int M>
struct Row {
  Vector<M> predicted, gain;
  Matrix<M> covariance;  // predicted
  double innovation, variance;
};

struct Likelihood {
  double weighted = 0, logarithms = 0;  // sums of e^2 / S and log S
  long rows = 0;

  [[nodiscard]] double noise_square() const {
    return std::max(weighted / static_cast<double>(std::max(1L, rows)), 1e-300);
  }
  // -2 log likelihood with r replaced by its best value.
  [[nodiscard]] double cost() const { return static_cast<double>(rows) * std::log(noise_square()) + logarithms; }
};

template <int M>
class Filter {
 public:
  Filter(const ColumnSamples& samples, double log_ratio)
      : samples_(samples), q_(std::pow(10.0, log_ratio)), scale_(mean_step(samples.time)) {
    // The polynomial through the first M rows, with a covariance that says nothing.
    const auto nodes = samples.time.first(M);
    double power = 1;
    for (int i = 0; i < M; ++i) {
      const std::vector<double> weights = finite_difference_weights(nodes[0], nodes, i);
      x_[i] = 0;
      for (int k = 0; k < M; ++k) x_[i] += weights[k] * samples.values[k] * power;
      power *= scale_;
      for (int j = 0; j < M; ++j) P_[i][j] = i == j ? 1e8 * (1 + q_) : 0;
    }
  }

  static double mean_step(std::span<const double> time) {
    return (time.back() - time.front()) / static_cast<double>(time.size() - 1);
  }

  template <class Visit>
  void run(const Visit& visit) {
    Step<M> step;
    for (size_t row = 0; row < samples_.time.size(); ++row) {
      if (row > 0) {
        step.set(rounded_step((samples_.time[row] - samples_.time[row - 1]) / scale_));
        predict(step);
      }
      Row<M> out{x_, {}, P_, samples_.values[row] - x_[0], P_[0][0] + 1};
      update(out);
      visit(row, out);
    }
  }
  [[nodiscard]] double scale() const { return scale_; }

 private:
  // Even steps are equal but for rounding of the times.
  static double rounded_step(double h) { return std::abs(h - 1) < 1e-9 ? 1.0 : h; }

  void predict(const Step<M>& step) {
    Vector<M> x{};
    Matrix<M> FP{}, P{};
    for (int i = 0; i < M; ++i) {
      for (int k = i; k < M; ++k) x[i] += step.F[i][k] * x_[k];
      for (int j = 0; j < M; ++j) {
        for (int k = i; k < M; ++k) FP[i][j] += step.F[i][k] * P_[k][j];
      }
    }
    for (int i = 0; i < M; ++i) {
      for (int j = i; j < M; ++j) {
        double sum = q_ * step.Q[i][j];
        for (int k = j; k < M; ++k) sum += FP[i][k] * step.F[j][k];
        P[i][j] = P[j][i] = sum;
      }
    }
    x_ = x;
    P_ = P;
  }

  // Joseph's form, which keeps P positive: (I - K H) P (I - K H)' + K K'.
  void update(Row<M>& row) {
    for (int i = 0; i < M; ++i) row.gain[i] = P_[i][0] / row.variance;
    Matrix<M> left;
    for (int i = 0; i < M; ++i) {
      for (int j = 0; j < M; ++j) left[i][j] = P_[i][j] - row.gain[i] * P_[0][j];
    }
    for (int i = 0; i < M; ++i) {
      x_[i] += row.gain[i] * row.innovation;
      for (int j = i; j < M; ++j) {
        P_[i][j] = P_[j][i] = left[i][j] - left[i][0] * row.gain[j] + row.gain[i] * row.gain[j];
      }
    }
  }

  const ColumnSamples& samples_;
  double q_;
  double scale_;  // s of a mean step
  Vector<M> x_{};
  Matrix<M> P_{};
};

template <int M>
void add_likelihood(const ColumnSamples& samples, double log_ratio, Likelihood& sums) {
  Filter<M> filter(samples, log_ratio);
  filter.run([&](size_t row, const Row<M>& out) {
    if (row < M) return;  // these rows went into the start
    sums.weighted += out.innovation * out.innovation / out.variance;
    sums.logarithms += std::log(out.variance);
    ++sums.rows;
  });
}

template <int M>
ColumnResult smoothed(const ColumnSamples& samples, double log_ratio, int order) {
  const size_t rows = samples.time.size();
  std::vector<Row<M>> kept(rows);
  Filter<M> filter(samples, log_ratio);
  filter.run([&](size_t row, const Row<M>& out) { kept[row] = out; });
  ColumnResult result{std::vector<double>(rows), std::vector<double>(rows)};
  const double scale = filter.scale(), per_order = std::pow(scale, -order);
  // Bryson-Frazier: adjoint = -H' e / S + (I - K H)' F' adjoint of the next row; smoothed = predicted - P adjoint.
  Vector<M> adjoint{};
  Step<M> step;
  for (size_t row = rows; row-- > 0;) {
    const Row<M>& r = kept[row];
    double along_gain = 0;
    for (int i = 0; i < M; ++i) along_gain += r.gain[i] * adjoint[i];
    adjoint[0] -= along_gain + r.innovation / r.variance;
    for (const int wanted : {0, order}) {
      double value = r.predicted[wanted];
      for (int j = 0; j < M; ++j) value -= r.covariance[wanted][j] * adjoint[j];
      (wanted == 0 ? result.smooth : result.derivative)[row] = wanted == 0 ? value : value * per_order;
    }
    if (row == 0) break;
    const double h = (samples.time[row] - samples.time[row - 1]) / scale;
    step.set(std::abs(h - 1) < 1e-9 ? 1.0 : h);
    Vector<M> before{};
    for (int j = 0; j < M; ++j) {
      for (int i = 0; i <= j; ++i) before[j] += step.F[i][j] * adjoint[i];
    }
    adjoint = before;
  }
  return result;
}

Likelihood likelihood(std::span<const ColumnSamples> trajectories, double log_ratio, int smoothness) {
  Likelihood sums;
  for (const ColumnSamples& samples : trajectories) {
    if (static_cast<int>(samples.time.size()) <= smoothness) continue;
    if (smoothness == 2) add_likelihood<2>(samples, log_ratio, sums);
    if (smoothness == 3) add_likelihood<3>(samples, log_ratio, sums);
    if (smoothness == 4) add_likelihood<4>(samples, log_ratio, sums);
  }
  return sums;
}

}  // namespace

KalmanChoice choose_kalman(std::span<const ColumnSamples> trajectories, int smoothness) {
  const auto cost = [&](double log_ratio) { return likelihood(trajectories, log_ratio, smoothness).cost(); };
  double best = kHighestRatio, least = cost(best);
  for (double candidate = kHighestRatio - 2; candidate >= kLowestRatio; candidate -= 2) {
    const double c = cost(candidate);
    if (c < least) least = c, best = candidate;
    if (candidate < best - 5) break;
  }
  // Golden section around the best of the grid.
  const double ratio = (std::sqrt(5.0) - 1) / 2;
  double low = std::max(kLowestRatio, best - 2), high = std::min(kHighestRatio, best + 2);
  double a = high - ratio * (high - low), b = low + ratio * (high - low), cost_a = cost(a), cost_b = cost(b);
  for (int k = 0; k < 8; ++k) {
    if (cost_a < cost_b) {
      high = b, b = a, cost_b = cost_a;
      a = high - ratio * (high - low), cost_a = cost(a);
    } else {
      low = a, a = b, cost_a = cost_b;
      b = low + ratio * (high - low), cost_b = cost(b);
    }
  }
  best = cost_a < cost_b ? a : b;
  return {best, std::sqrt(likelihood(trajectories, best, smoothness).noise_square())};
}

ColumnResult kalman_smoothed(const ColumnSamples& samples, double log_ratio, int smoothness, int order) {
  if (smoothness == 2) return smoothed<2>(samples, log_ratio, order);
  if (smoothness == 3) return smoothed<3>(samples, log_ratio, order);
  return smoothed<4>(samples, log_ratio, order);
}

}  // namespace lockstep::models
