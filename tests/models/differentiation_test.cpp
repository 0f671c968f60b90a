// Derivatives of recorded motion: published weights, exactness, smoothing against closed forms, PySINDy's errors,
// errors.
#include "models/differentiation.h"
#include "engine/error.h"
#include "models/kalman_smoother.h"
#include "models/local_polynomial.h"
#include "models/total_variation.h"

#include <cmath>
#include <fstream>
#include <functional>
#include <numbers>
#include <random>

#include <Eigen/Dense>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace lockstep::models {
namespace {

std::vector<double> even_times(int rows, double step, double from = 0) {
  std::vector<double> time;
  for (int k = 0; k < rows; ++k) time.push_back(from + k * step);
  return time;
}

// Steps between 0.4 and 1.6 of the mean.
std::vector<double> uneven_times(int rows, double step) {
  std::mt19937 random(5);
  std::uniform_real_distribution<double> share(0.4, 1.6);
  std::vector<double> time{0};
  while (static_cast<int>(time.size()) < rows) time.push_back(time.back() + step * share(random));
  return time;
}

std::vector<double> sampled(const std::vector<double>& time, const std::function<double(double)>& f) {
  std::vector<double> values;
  for (const double t : time) values.push_back(f(t));
  return values;
}

Differentiated differentiated(const std::vector<double>& time, const std::vector<double>& values,
                              const DifferentiationConfig& config, DifferentiationChoice* choice = nullptr) {
  const Samples samples{time, View<const double, 2>(values.data(), static_cast<int>(time.size()), 1)};
  return differentiate(std::span(&samples, 1), config, choice).front();
}

double relative_error(const std::vector<double>& found, const std::vector<double>& truth) {
  double error = 0, size = 0;
  for (size_t i = 0; i < truth.size(); ++i) {
    error += (found[i] - truth[i]) * (found[i] - truth[i]);
    size += truth[i] * truth[i];
  }
  return std::sqrt(error / size);
}

// ---- Finite differences ----

TEST(FiniteDifference, WeightsAreThoseOfFornbergsTables) {
  const std::vector<double> nodes{-2, -1, 0, 1, 2};
  const std::vector<double> first = finite_difference_weights(0, nodes, 1),
                            second = finite_difference_weights(0, nodes, 2);
  const double first_table[] = {1.0 / 12, -2.0 / 3, 0, 2.0 / 3, -1.0 / 12};
  const double second_table[] = {-1.0 / 12, 4.0 / 3, -5.0 / 2, 4.0 / 3, -1.0 / 12};
  for (size_t k = 0; k < 5; ++k) {
    EXPECT_NEAR(first[k], first_table[k], 1e-14);
    EXPECT_NEAR(second[k], second_table[k], 1e-14);
  }
  const std::vector<double> forward = finite_difference_weights(0, std::vector<double>{0, 1, 2, 3}, 1);
  const double forward_table[] = {-11.0 / 6, 3, -3.0 / 2, 1.0 / 3};
  for (size_t k = 0; k < 4; ++k) EXPECT_NEAR(forward[k], forward_table[k], 1e-14);
}

TEST(FiniteDifference, IsExactForPolynomialsOnUnevenTimes) {
  const std::vector<double> time = uneven_times(30, 0.1);
  for (int order = 1; order <= 4; ++order) {
    const auto power = [&](double t) { return std::pow(t - 1, order + 3); };
    double factor = 1;
    for (int k = 0; k < order; ++k) factor *= order + 3 - k;
    const std::vector<double> truth = sampled(time, [&](double t) { return factor * std::pow(t - 1, 3); });
    const auto found =
        differentiated(time, sampled(time, power), {.method = "finite_difference", .order = order, .accuracy = 4});
    EXPECT_LT(relative_error(found.derivative, truth), 1e-7) << order;
  }
}

class FiniteDifferenceAccuracy : public testing::TestWithParam<int> {};

TEST_P(FiniteDifferenceAccuracy, IsTheOrderOfTheErrorInTheStep) {
  const auto error_of = [&](int rows) {
    const std::vector<double> time = even_times(rows, 2.0 / (rows - 1));
    const auto found = differentiated(time, sampled(time, [](double t) { return std::sin(3 * t); }),
                                      {.method = "finite_difference", .accuracy = GetParam()});
    return relative_error(found.derivative, sampled(time, [](double t) { return 3 * std::cos(3 * t); }));
  };
  const double measured = std::log2(error_of(41) / error_of(81));
  EXPECT_NEAR(measured, GetParam(), 0.6);
}
INSTANTIATE_TEST_SUITE_P(Orders, FiniteDifferenceAccuracy, testing::Values(2, 4, 6));

// ---- Local polynomials ----

TEST(LocalPolynomial, WeightsAreThoseOfSavitzkyAndGolay) {
  const std::vector<double> nodes{-2, -1, 0, 1, 2};
  const LocalWeights weights = local_polynomial_weights(0, nodes, 2, 1);
  const double value[] = {-3.0 / 35, 12.0 / 35, 17.0 / 35, 12.0 / 35, -3.0 / 35};
  const double derivative[] = {-0.2, -0.1, 0, 0.1, 0.2};
  for (size_t k = 0; k < 5; ++k) {
    EXPECT_NEAR(weights.value[k], value[k], 1e-14);
    EXPECT_NEAR(weights.derivative[k], derivative[k], 1e-14);
  }
}

TEST(LocalPolynomial, IsExactForPolynomialsOnUnevenTimesToTheEnds) {
  const std::vector<double> time = uneven_times(60, 0.1);
  const auto found = differentiated(time, sampled(time, [](double t) { return t * t * t - t; }),
                                    {.method = "savitzky_golay", .window = 11, .degree = 3});
  EXPECT_LT(relative_error(found.derivative, sampled(time, [](double t) { return 3 * t * t - 1; })), 1e-10);
}

// Lorenz-63 as in tests/data/sindy/pysindy_differentiation.json: 2 ms, noise as a share of each state's deviation.
struct Lorenz {
  static constexpr int kRows = 10000;
  std::vector<double> time = even_times(kRows, 0.002);
  std::vector<double> states, derivatives;

  explicit Lorenz(double noise) {
    const auto field = [](const Eigen::Vector3d& s) {
      return Eigen::Vector3d{10 * (s[1] - s[0]), s[0] * (28 - s[2]) - s[1], s[0] * s[1] - 8.0 / 3 * s[2]};
    };
    Eigen::Vector3d s{-8, 8, 27};
    for (int row = 0; row < kRows; ++row) {
      const Eigen::Vector3d rate = field(s);
      states.insert(states.end(), {s[0], s[1], s[2]});
      derivatives.insert(derivatives.end(), {rate[0], rate[1], rate[2]});
      for (int k = 0; k < 4; ++k) {
        const double h = 0.0005;
        const Eigen::Vector3d k1 = field(s), k2 = field(s + h / 2 * k1), k3 = field(s + h / 2 * k2),
                              k4 = field(s + h * k3);
        s += h / 6 * (k1 + 2 * k2 + 2 * k3 + k4);
      }
    }
    std::mt19937 random(7);
    std::normal_distribution<double> normal;
    const double deviation[] = {7.9, 9.0, 8.6};
    for (size_t i = 0; i < states.size(); ++i) states[i] += noise * deviation[i % 3] * normal(random);
  }

  [[nodiscard]] double error(const DifferentiationConfig& config, DifferentiationChoice* choice = nullptr) const {
    const Samples samples{time, View<const double, 2>(states.data(), kRows, 3)};
    return relative_error(differentiate(std::span(&samples, 1), config, choice).front().derivative, derivatives);
  }
};

// The least error of any of PySINDy's methods at that noise.
double best_of_pysindy(double noise) {
  std::ifstream file(LOCKSTEP_TEST_DATA "/sindy/pysindy_differentiation.json");
  const auto recorded = nlohmann::json::parse(file);
  double best = 1e300;
  for (const auto& row : recorded["results"]) {
    if (row["noise"].get<double>() == noise) best = std::min(best, row["error"].get<double>());
  }
  return best;
}

class NoisyDerivative : public testing::TestWithParam<double> {};

TEST_P(NoisyDerivative, OfCrossValidatedLocalPolynomialsIsAsGoodAsPysindysBest) {
  EXPECT_LE(Lorenz(GetParam()).error({.method = "savitzky_golay"}), best_of_pysindy(GetParam()));
}
TEST_P(NoisyDerivative, OfTheKalmanSmootherIsAsGoodAsPysindysBest) {
  // Without noise its spline of degree 7 stops at the rounding of the covariances.
  const double allowed = GetParam() == 0 ? 1e-6 : best_of_pysindy(GetParam());
  EXPECT_LE(Lorenz(GetParam()).error({.method = "kalman"}), allowed);
}
INSTANTIATE_TEST_SUITE_P(Noise, NoisyDerivative, testing::Values(0, 0.01, 0.05));

TEST(NoisyDerivative, EstimatesTheNoise) {
  const Lorenz lorenz(0.05);
  const double truth[] = {0.05 * 7.9, 0.05 * 9.0, 0.05 * 8.6};
  for (const char* method : {"savitzky_golay", "kalman"}) {
    DifferentiationChoice choice;
    (void)lorenz.error({.method = method}, &choice);
    for (size_t c = 0; c < 3; ++c) EXPECT_NEAR(choice.noise[c], truth[c], 0.03 * truth[c]) << method;
  }
}

// ---- Kalman ----

// The smoother's mean is that of Gaussian regression with the integrated Wiener process's covariance and a free
// polynomial: solved densely here, K(s, t) = int_0^min (s - v)(t - v) dv for smoothness 2.
TEST(KalmanSmoother, EqualsDenseRegressionWithItsCovariance) {
  const std::vector<double> time = uneven_times(25, 1);
  std::mt19937 random(9);
  std::normal_distribution<double> normal;
  const std::vector<double> values = sampled(time, [&](double t) { return std::sin(0.5 * t) + 0.2 * normal(random); });
  const double mean_step = (time.back() - time.front()) / 24, q = std::pow(10.0, -1.5);
  const auto covariance = [&](double s, double t) {
    const double a = std::min(s, t) / mean_step, b = std::max(s, t) / mean_step;
    return q * a * a * (3 * b - a) / 6;
  };
  const Eigen::Index n = 25;
  Eigen::MatrixXd C(n, n), K(n, n), H(n, 2);
  Eigen::VectorXd y(n);
  for (Eigen::Index i = 0; i < n; ++i) {
    y[i] = values[static_cast<size_t>(i)];
    H(i, 0) = 1;
    H(i, 1) = time[static_cast<size_t>(i)];
    for (Eigen::Index j = 0; j < n; ++j)
      K(i, j) = covariance(time[static_cast<size_t>(i)], time[static_cast<size_t>(j)]);
  }
  C = K + Eigen::MatrixXd::Identity(n, n);
  const Eigen::MatrixXd inverse = C.inverse();
  const Eigen::VectorXd beta = (H.transpose() * inverse * H).ldlt().solve(H.transpose() * inverse * y);
  const Eigen::VectorXd mean = H * beta + K * inverse * (y - H * beta);
  const ColumnResult found = kalman_smoothed({time, values}, -1.5, 2, 1);
  for (Eigen::Index i = 0; i < n; ++i) EXPECT_NEAR(found.smooth[static_cast<size_t>(i)], mean[i], 1e-5);
}

TEST(KalmanSmoother, FollowsAParabolaExactlyOnUnevenTimes) {
  const std::vector<double> time = uneven_times(50, 0.1);
  const auto found = differentiated(time, sampled(time, [](double t) { return 2 * t * t - t; }),
                                    {.method = "kalman", .smoothness = 3});
  EXPECT_LT(relative_error(found.derivative, sampled(time, [](double t) { return 4 * t - 1; })), 1e-6);
}

// ---- Fourier series ----

TEST(SpectralDerivative, IsExactForPeriodicMotion) {
  const int rows = 60;
  const std::vector<double> time = even_times(rows, 2 * std::numbers::pi / rows);
  const auto found = differentiated(time, sampled(time, [](double t) { return std::sin(3 * t) + std::cos(7 * t); }),
                                    {.method = "spectral", .periodic = true});
  const auto truth = sampled(time, [](double t) { return 3 * std::cos(3 * t) - 7 * std::sin(7 * t); });
  EXPECT_LT(relative_error(found.derivative, truth), 1e-12);
}

TEST(SpectralDerivative, ReflectsMotionThatIsNotPeriodic) {
  const std::vector<double> time = even_times(501, 0.01);
  const auto found =
      differentiated(time, sampled(time, [](double t) { return std::exp(0.3 * t); }), {.method = "spectral"});
  EXPECT_LT(relative_error(found.derivative, sampled(time, [](double t) { return 0.3 * std::exp(0.3 * t); })), 1e-3);
}

// ---- Trend filtering ----

TEST(TrendFilter, FindsTheKinkOfARoof) {
  const std::vector<double> time = even_times(201, 0.01);
  std::mt19937 random(3);
  std::normal_distribution<double> normal;
  const auto noisy = sampled(time, [&](double t) { return std::abs(t - 1) + 0.01 * normal(random); });
  const auto found = differentiated(time, noisy, {.method = "total_variation", .smoothness = 2});
  for (size_t row = 5; row < 196; ++row) {
    if (std::abs(time[row] - 1) < 0.06) continue;
    EXPECT_NEAR(found.derivative[row], time[row] < 1 ? -1 : 1, 0.08) << row;
  }
}

TEST(TrendFilter, BeyondTheLargestWeightIsTheLineOfLeastSquares) {
  const std::vector<double> time = uneven_times(80, 0.1);
  const auto values = sampled(time, [](double t) { return std::sin(t) + 0.5 * t; });
  const TrendFilter filter(time, values, 2);
  const std::vector<double> x = filter.solve(1.01 * filter.largest_weight()).x;
  Eigen::MatrixXd H(80, 2);
  for (Eigen::Index i = 0; i < 80; ++i) H.row(i) << 1, time[static_cast<size_t>(i)];
  const Eigen::Map<const Eigen::VectorXd> y(values.data(), 80);
  const Eigen::VectorXd line = H * H.householderQr().solve(y);
  for (Eigen::Index i = 0; i < 80; ++i) EXPECT_NEAR(x[static_cast<size_t>(i)], line[i], 1e-3);
}

// Optimality: y - x = D' z with |z| <= lambda and z = lambda sign(D x) at kinks, checked by the objective's growth.
TEST(TrendFilter, NoNeighbourIsBetter) {
  const std::vector<double> time = even_times(40, 1);
  std::mt19937 random(3);
  std::normal_distribution<double> normal;
  const auto values = sampled(time, [&](double t) { return std::sin(0.3 * t) + 0.3 * normal(random); });
  const TrendFilter filter(time, values, 2);
  const double lambda = 0.1 * filter.largest_weight();
  const auto objective = [&](const std::vector<double>& x) {
    double sum = 0;
    for (size_t i = 0; i < x.size(); ++i) sum += 0.5 * (x[i] - values[i]) * (x[i] - values[i]);
    for (size_t i = 0; i + 2 < x.size(); ++i) sum += lambda * std::abs(x[i] - 2 * x[i + 1] + x[i + 2]);
    return sum;
  };
  const std::vector<double> x = filter.solve(lambda).x;
  const double least = objective(x);
  for (int trial = 0; trial < 200; ++trial) {
    std::vector<double> other = x;
    for (double& value : other) value += 1e-2 * normal(random);
    EXPECT_GT(objective(other), least);
  }
}

// ---- Several trajectories, and errors ----

TEST(Differentiation, ATrajectoryDoesNotReachIntoTheNext) {
  const std::vector<double> first = even_times(40, 0.1), second = even_times(60, 0.1, 100);
  const auto a = sampled(first, [](double t) { return t; }), b = sampled(second, [](double t) { return 1000 - 3 * t; });
  const Samples samples[] = {{first, View<const double, 2>(a.data(), 40, 1)},
                             {second, View<const double, 2>(b.data(), 60, 1)}};
  for (const char* method : {"finite_difference", "savitzky_golay", "spectral", "total_variation", "kalman"}) {
    const auto found = differentiate(samples, {.method = method});
    for (const double d : found[0].derivative) EXPECT_NEAR(d, 1, 1e-5) << method;
    for (const double d : found[1].derivative) EXPECT_NEAR(d, -3, 1e-5) << method;
  }
}

void expect_error(const std::function<void()>& act, const std::string& problem, const std::string& where) {
  try {
    act();
    FAIL() << "no Error";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find(problem), std::string::npos) << error.what();
    EXPECT_NE(error.where().find(where), std::string::npos) << error.what();
    EXPECT_FALSE(error.fix().empty());
  }
}

TEST(DifferentiationErrors, NameTrajectoryRowAndColumn) {
  const std::vector<double> values{1, 2, std::nan(""), 4, 5, 6};
  expect_error([&] { (void)differentiated(even_times(6, 1), values, {}); }, "row 2, column 0 is nan", "trajectory 0");
  const std::vector<double> good(6, 1.0);
  expect_error([&] { (void)differentiated({0, 1, 2, 2, 3, 4}, good, {}); }, "time of row 3", "trajectory 0");
  expect_error([&] { (void)differentiated({0}, {1.0}, {}); }, "1 rows", "trajectory 0");
  expect_error(
      [&] {
        (void)differentiated({0, 1, 2, 4, 5, 6}, good, {.method = "spectral"});
      },
      "steps that differ", "0");
  expect_error([&] { (void)differentiated(even_times(6, 1), good, {.method = "kalmann"}); }, "'kalmann'", "settings");
  expect_error([&] { (void)differentiated(even_times(6, 1), good, {.window = 4}); }, "window = 4", "settings");
}

}  // namespace
}  // namespace lockstep::models
