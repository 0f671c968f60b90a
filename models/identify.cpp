// Identification of equations: local polynomials, test functions, and the choice of terms.
#include "models/identify.h"
#include "engine/error.h"
#include "models/optimisers/greedy_sequence.h"
#include "models/regression_rows.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <Eigen/QR>
#include <fmt/format.h>

namespace lockstep::models {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// Row `at` of the matrix that projects 2 half + 1 samples onto polynomials of the order: weights of the value there.
class LocalPolynomial {
 public:
  LocalPolynomial(int reach, int order) : half_(reach) {
    MatrixXd powers(2 * reach + 1, order + 1);
    for (int i = -reach; i <= reach; ++i) {
      for (int k = 0; k <= order; ++k) powers(i + reach, k) = std::pow(static_cast<double>(i) / reach, k);
    }
    const Eigen::HouseholderQR<MatrixXd> qr(powers);
    basis_ = qr.householderQ() * MatrixXd::Identity(2 * reach + 1, order + 1);
  }
  [[nodiscard]] VectorXd weights(int at) const { return basis_ * basis_.row(at + half_).transpose(); }

 private:
  int half_;
  MatrixXd basis_;  // orthonormal
};

// Mean square error of predicting every stride-th sample from its neighbours without itself.
double left_out_error(std::span<const double> signal, const VectorXd& weights, int margin, int stride) {
  const Index half = weights.size() / 2;
  const double own = weights(half);
  double sum = 0;
  int count = 0;
  for (Index i = margin; i + margin < static_cast<Index>(signal.size()); i += stride, ++count) {
    const double fit = Eigen::Map<const VectorXd>(signal.data() + i - half, weights.size()).dot(weights);
    const double error = (signal[static_cast<size_t>(i)] - fit) / (1 - own);
    sum += error * error;
  }
  return sum / std::max(count, 1);
}

std::vector<int> half_widths(int order, int samples) {
  constexpr int kWindows = 22;
  const double low = 0.5 * (order + 3), high = samples / 16.0;
  std::vector<int> halves;
  for (int i = 0; i < kWindows && high > low; ++i) {
    const int half = static_cast<int>(std::lround(low * std::pow(high / low, i / (kWindows - 1.0))));
    if (halves.empty() || half > halves.back()) halves.push_back(half);
  }
  return halves;
}

// Half width of the test functions, from the states' spreads and those of their derivatives.
int half_width_of(const RowMajor& x, double timestep, const IdentifyConfig& config) {
  double fastest = std::numeric_limits<double>::infinity();
  const Index samples = x.rows();
  for (Index i = 0; i < x.cols(); ++i) {
    const VectorXd slope = (x.col(i).tail(samples - 2) - x.col(i).head(samples - 2)) / (2 * timestep);
    const auto spread = [](const VectorXd& v) { return std::sqrt((v.array() - v.mean()).square().mean()); };
    if (spread(slope) > 0) fastest = std::min(fastest, spread(x.col(i)) / spread(slope));
  }
  const double wanted = std::isfinite(fastest) ? config.window_share * fastest / timestep : 8;
  return static_cast<int>(std::max(8.0, std::min(wanted, static_cast<double>(samples) / 20)));
}

// Rows of integrals against test functions (1 - s^2)^4, every `stride` samples.
struct WeakRows {
  RowMajor theta, y;
};
WeakRows weak_rows(const RowMajor& theta, const RowMajor& x, double timestep, int half, int stride) {
  constexpr int kPower = 4;  // the integrals converge with that power of the time step
  VectorXd phi(2 * half + 1), slope(2 * half + 1);
  for (int i = -half; i <= half; ++i) {
    const double s = static_cast<double>(i) / half, inside = 1 - s * s;
    phi(i + half) = std::pow(inside, kPower);
    slope(i + half) = -2 * kPower * s * std::pow(inside, kPower - 1) / (half * timestep);
  }
  const Index count = (theta.rows() - 2 * half - 1) / stride + 1;
  WeakRows rows{RowMajor(count, theta.cols()), RowMajor(count, x.cols())};
  for (Index row = 0; row < count; ++row) {
    rows.theta.row(row) = phi.transpose() * theta.middleRows(row * stride, phi.size());
    rows.y.row(row) = -slope.transpose() * x.middleRows(row * stride, phi.size());
  }
  return rows;
}

void check_samples(View<const double, 2> x, View<const double, 2> u, double timestep, const FeatureLibrary& library) {
  if (x.extent(1) != library.num_states() || u.extent(1) != library.num_controls() ||
      (u.extent(1) > 0 && u.extent(0) != x.extent(0))) {
    throw Error(fmt::format("x [{}][{}] with u [{}][{}]", x.extent(0), x.extent(1), u.extent(0), u.extent(1)),
                "identify",
                fmt::format("give {} states and {} controls of equally many samples", library.num_states(),
                            library.num_controls()));
  }
  if (!(timestep > 0) || x.extent(0) < 4 * 17) {
    throw Error(fmt::format("{} samples every {} s", x.extent(0), timestep), "identify",
                "give at least 68 samples and a time step above 0");
  }
  for (const auto& [values, what] : {std::pair{x, "state"}, std::pair{u, "control"}}) {
    for (int row = 0; row < values.extent(0); ++row) {
      for (int i = 0; i < values.extent(1); ++i) {
        if (std::isfinite(values(row, i))) continue;
        throw Error(fmt::format("{} {} of row {} is {}", what, i, row, values(row, i)), "identify",
                    "leave out rows that are not finite, or fill the gap");
      }
    }
  }
}

// Maximum likelihood for the terms that were found, from the smoothed motion; keeps them where it does not settle.
void refine(const Series& series, const FeatureLibrary& library, double timestep, const ShootingConfig& config,
            Identified& out) {
  SindySystem system{.state_size = library.num_states(), .control_size = library.num_controls(), .timestep = timestep};
  const Sindy found(std::move(system), library, out.coefficients, kernels::SparseIntegrator::kRungeKutta4);
  if (found.terms() == 0) return;
  const Shooting refined = refine_by_shooting(std::span(&series, 1), found, config);
  if (!refined.converged) return;
  out.coefficients = refined.model.coefficients();
  out.deviation = refined.deviation;
  out.noise = refined.noise;
}

}  // namespace

void IdentifyConfig::check() const {
  shooting.check();
  if (smoothing_order >= 2 && smoothing_order <= 8 && smoothing_order % 2 == 0 && window_share > 0 &&
      windows_per_half_width >= 1 && (criterion == "elbow" || criterion == "aic" || criterion == "bic")) {
    return;
  }
  throw Error(fmt::format("smoothing_order {}, window_share {}, windows_per_half_width {}, criterion '{}'",
                          smoothing_order, window_share, windows_per_half_width, criterion),
              "identification settings",
              "give an even order in [2, 8], a share above 0, at least 1 window, and elbow, aic or bic");
}

Smoothed smooth(std::span<const double> signal, int order) {
  const auto samples = static_cast<int>(signal.size());
  const std::vector<int> halves = half_widths(order, samples);
  Smoothed out{{signal.begin(), signal.end()}, 0};
  if (halves.empty()) return out;
  const int margin = halves.back(), stride = std::max(1, samples / 2000);
  // Without smoothing a sample is predicted by the interpolating polynomial of the narrowest window: on clean data its
  // error is what the polynomial misses, and no wider window misses less.
  double least = std::numeric_limits<double>::infinity();
  int best = 0;
  for (const int half : halves) {
    const double error = left_out_error(signal, LocalPolynomial(half, order).weights(0), margin, stride);
    if (!(error < least * (1 - 1e-9))) continue;
    least = error;
    best = half;
  }
  // Where a narrow polynomial of higher order predicts still better, what is left is curvature and no noise.
  const int narrow = order / 2 + 3;
  const double higher = margin >= narrow
                            ? left_out_error(signal, LocalPolynomial(narrow, order + 4).weights(0), margin, stride)
                            : std::numeric_limits<double>::infinity();
  double square = 0;
  for (const double v : signal) square += v * v / samples;
  constexpr double kRounding = 1e-24;  // share of the signal's mean square
  if (best == 0 || higher < least || least < kRounding * square) return out;
  const LocalPolynomial local(best, order);
  const VectorXd middle = local.weights(0);
  const Index width = middle.size();
  for (int i = best; i + best < samples; ++i) {
    out.values[static_cast<size_t>(i)] = Eigen::Map<const VectorXd>(signal.data() + i - best, width).dot(middle);
  }
  for (int i = 0; i < best; ++i) {
    const VectorXd first = local.weights(i - best), last = local.weights(best - i);
    out.values[static_cast<size_t>(i)] = Eigen::Map<const VectorXd>(signal.data(), width).dot(first);
    out.values[static_cast<size_t>(samples - 1 - i)] =
        Eigen::Map<const VectorXd>(signal.data() + samples - width, width).dot(last);
  }
  out.window = static_cast<int>(width);
  return out;
}

Identified identify(View<const double, 2> x, View<const double, 2> u, double timestep, const FeatureLibrary& library,
                    const IdentifyConfig& config) {
  config.check();
  check_samples(x, u, timestep, library);
  const auto samples = static_cast<Index>(x.extent(0));
  Identified out;
  RowMajor smoothed(samples, x.extent(1));
  for (int i = 0; i < x.extent(1); ++i) {
    std::vector<double> signal;
    for (int row = 0; row < x.extent(0); ++row) signal.push_back(x(row, i));
    const Smoothed s = smooth(signal, config.smoothing_order);
    smoothed.col(i) = VectorXd::Map(s.values.data(), samples);
    out.smoothing.push_back(s.window);
  }
  RowMajor theta(samples, library.size());
  const int rows = static_cast<int>(samples);
  library.evaluate(View<const double, 2>(smoothed.data(), rows, x.extent(1)), u,
                   View<double, 2>(theta.data(), rows, library.size()));
  out.half_width = half_width_of(smoothed, timestep, config);
  const int stride = std::max(1, out.half_width / config.windows_per_half_width);
  const WeakRows weak = weak_rows(theta, smoothed, timestep, out.half_width, stride);
  out.rows = static_cast<int>(weak.theta.rows());
  const RegressionRows data{View<const double, 2>(weak.theta.data(), out.rows, library.size()),
                            View<const double, 2>(weak.y.data(), out.rows, x.extent(1)),
                            {}};
  check_rows(data, 0, "identify");
  const NormalEquations sums = sums_of_rows(data);
  std::vector<std::vector<int>> supports;
  const optimisers::Problem problem{.sums = sums};
  for (int target = 0; target < x.extent(1); ++target) {
    const auto sequence = optimisers::backward_sequence(problem, target, {.by_loss = true, .alpha = 1e-14});
    supports.push_back(optimisers::chosen_terms(sequence, config.criterion, sums.weight));
  }
  out.fit = optimisers::fit_supports(problem, supports);
  out.coefficients = out.fit.coefficients;
  const bool is_noisy = std::ranges::any_of(out.smoothing, [](int window) { return window > 0; });
  if (!config.refine || !is_noisy) return out;
  std::vector<double> time;
  for (int row = 0; row < rows; ++row) time.push_back(row * timestep);
  const View<const double, 2> smooth_view(smoothed.data(), rows, x.extent(1));
  refine({time, x, smooth_view, u}, library, timestep, config.shooting, out);
  return out;
}

}  // namespace lockstep::models
