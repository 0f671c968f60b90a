// Local polynomials: weights by orthogonal polynomials on the window's nodes, and the choice of window and degree.
#include "models/local_polynomial.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lockstep::models {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kWindowGrowth = 1.25;  // from one candidate to the next
constexpr int kLongestWindow = 1001;
constexpr int kRowsLookedAt = 300;     // of a trajectory on uneven steps, while choosing
constexpr int kDegrees[] = {2, 4, 6};  // even: in the middle of a window, 2 and 3 smooth alike, and 4 and 5

// The window of row `row`: as central as the ends allow.
int first_of_window(int row, int window, int rows) { return std::clamp(row - window / 2, 0, rows - window); }

// Weights of every row of a trajectory. On even steps only the place of the row in its window matters.
class TrajectoryWeights {
 public:
  TrajectoryWeights(std::span<const double> time, int window, int degree, int order)
      : time_(time), window_(window), degree_(degree), order_(order), is_even_(even_step(time) > 0) {
    if (is_even_) by_place_.resize(static_cast<size_t>(window));
  }

  // On uneven steps every row has weights of its own: choices look at every n-th row only.
  [[nodiscard]] int stride() const {
    return is_even_ ? 1 : std::max(1, static_cast<int>(time_.size()) / kRowsLookedAt);
  }
  const LocalWeights& of(int row) {
    const int first = first_of_window(row, window_, static_cast<int>(time_.size()));
    const auto nodes = time_.subspan(static_cast<size_t>(first), static_cast<size_t>(window_));
    if (!is_even_) return current_ = local_polynomial_weights(time_[static_cast<size_t>(row)], nodes, degree_, order_);
    LocalWeights& weights = by_place_[static_cast<size_t>(row - first)];
    if (weights.value.empty()) {
      weights = local_polynomial_weights(time_[static_cast<size_t>(row)], nodes, degree_, order_);
    }
    return weights;
  }

 private:
  std::span<const double> time_;
  int window_, degree_, order_;
  bool is_even_;
  std::vector<LocalWeights> by_place_;
  LocalWeights current_;
};

// Four sums side by side: the compiler keeps them in one register.
double dot(const double* a, const double* b, int count) {
  double sums[4] = {0, 0, 0, 0};
  int i = 0;
  for (; i + 4 <= count; i += 4) {
    for (int k = 0; k < 4; ++k) sums[k] += a[i + k] * b[i + k];
  }
  for (; i < count; ++i) sums[0] += a[i] * b[i];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

struct Candidate {
  int window = 0, degree = 0;
  double left_out = kInfinity;  // mean square of y - y predicted without it
  double noise_square = 0;      // residual sum of squares per degree of freedom
};

Candidate cross_validated(std::span<const ColumnSamples> trajectories, int window, int degree, int order) {
  double left_out = 0, residuals = 0, freedom = 0;
  long rows = 0;
  for (const ColumnSamples& samples : trajectories) {
    const int count = static_cast<int>(samples.time.size());
    if (count < window) continue;
    TrajectoryWeights weights(samples.time, window, degree, order);
    for (int row = 0; row < count; row += weights.stride(), ++rows) {
      const int first = first_of_window(row, window, count);
      const std::vector<double>& w = weights.of(row).value;
      const double own = w[static_cast<size_t>(row - first)];
      const double residual =
          samples.values[static_cast<size_t>(row)] - dot(w.data(), &samples.values[static_cast<size_t>(first)], window);
      const double alone = residual / std::max(1e-6, 1 - own);
      left_out += alone * alone;
      residuals += residual * residual;
      freedom += 1 - own;
    }
  }
  if (rows == 0) return {};
  return {window, degree, left_out / static_cast<double>(rows), residuals / std::max(1e-9, freedom)};
}

std::vector<int> candidate_windows(int degree, int longest) {
  std::vector<int> windows;
  for (double w = degree + 3; w <= longest; w *= kWindowGrowth) {
    const int window = 2 * (static_cast<int>(w) / 2) + 1;
    if (window <= longest && (windows.empty() || window > windows.back())) windows.push_back(window);
  }
  return windows;
}

// Central weights of a window in the middle of the longest trajectory, for the risk; [window].
LocalWeights central_weights(std::span<const ColumnSamples> trajectories, int window, int degree, int order) {
  const auto longest = std::max_element(trajectories.begin(), trajectories.end(),
                                        [](const auto& a, const auto& b) { return a.time.size() < b.time.size(); });
  const int count = static_cast<int>(longest->time.size()), row = count / 2;
  const int first = first_of_window(row, window, count);
  return local_polynomial_weights(longest->time[static_cast<size_t>(row)],
                                  longest->time.subspan(static_cast<size_t>(first), static_cast<size_t>(window)),
                                  degree, order);
}

double square(const std::vector<double>& w) { return dot(w.data(), w.data(), static_cast<int>(w.size())); }

// |w_a - w_b|^2 of two central windows.
double square_of_difference(const std::vector<double>& a, const std::vector<double>& b) {
  const std::vector<double>&longer = a.size() >= b.size() ? a : b, &shorter = a.size() >= b.size() ? b : a;
  const size_t offset = (longer.size() - shorter.size()) / 2;
  double sum = 0;
  for (size_t i = 0; i < longer.size(); ++i) {
    const double other = i >= offset && i - offset < shorter.size() ? shorter[i - offset] : 0;
    sum += (longer[i] - other) * (longer[i] - other);
  }
  return sum;
}

// Mean square distance of derivatives to the pilot's, over rows with central windows of both.
double mean_square_distance(std::span<const ColumnSamples> trajectories, const std::vector<std::vector<double>>& pilot,
                            int window, int degree, int order, int margin) {
  double sum = 0;
  long rows = 0;
  for (size_t t = 0; t < trajectories.size(); ++t) {
    const ColumnSamples& samples = trajectories[t];
    const int count = static_cast<int>(samples.time.size());
    if (pilot[t].empty() || count < window) continue;
    TrajectoryWeights weights(samples.time, window, degree, order);
    const int edge = std::min(std::max(window / 2, margin), count / 2);
    for (int row = edge; row < count - edge; row += weights.stride(), ++rows) {
      const int first = first_of_window(row, window, count);
      const double d = dot(weights.of(row).derivative.data(), &samples.values[static_cast<size_t>(first)], window);
      const double difference = d - pilot[t][static_cast<size_t>(row)];
      sum += difference * difference;
    }
  }
  return rows > 0 ? sum / static_cast<double>(rows) : kInfinity;
}

int longest_trajectory(std::span<const ColumnSamples> trajectories) {
  size_t longest = 0;
  for (const ColumnSamples& samples : trajectories) longest = std::max(longest, samples.time.size());
  return static_cast<int>(longest);
}

// The best predictor of values among all windows and degrees that are allowed.
Candidate best_predictor(std::span<const ColumnSamples> trajectories, const std::vector<int>& degrees, int window,
                         int order) {
  const int rows = longest_trajectory(trajectories);
  Candidate best;
  for (const int degree : degrees) {
    const std::vector<int> windows =
        window > 0 ? std::vector<int>{window} : candidate_windows(degree, std::min(kLongestWindow, rows / 4));
    double best_of_degree = kInfinity;
    for (const int candidate : windows) {
      const Candidate found = cross_validated(trajectories, candidate, degree, order);
      if (found.left_out < best.left_out) best = found;
      best_of_degree = std::min(best_of_degree, found.left_out);
      if (found.left_out > 1.5 * best_of_degree) break;  // longer ones smooth the motion away
    }
  }
  if (best.window == 0) {  // a few rows: the shortest window there is
    const int shortest = std::min(rows, degrees.front() + 1 + (degrees.front() % 2));
    best = {shortest, std::min(degrees.front(), shortest - 1), 0, 0};
  }
  return best;
}

}  // namespace

LocalWeights local_polynomial_weights(double at, std::span<const double> nodes, int degree, int order) {
  const size_t count = nodes.size();
  const double middle = 0.5 * (nodes.front() + nodes.back()),
               half = std::max(0.5 * (nodes.back() - nodes.front()), 1e-300);
  const double a = (at - middle) / half;
  std::vector<double> s(count);
  for (size_t i = 0; i < count; ++i) s[i] = (nodes[i] - middle) / half;
  LocalWeights out{std::vector<double>(count, 0.0), std::vector<double>(count, 0.0)};
  // Orthonormal polynomials by the three-term recurrence (Forsythe 1957): norm p_k = (s - alpha) p_{k-1} - beta
  // p_{k-2}.
  std::vector<double> previous(count, 0.0), current(count, 1.0 / std::sqrt(static_cast<double>(count)));
  constexpr int kMostOrder = 7;
  double value_previous[kMostOrder] = {}, value_current[kMostOrder] = {current[0]};  // derivatives 0 .. order at `a`
  double beta = 0;
  for (int k = 0;; ++k) {
    for (size_t i = 0; i < count; ++i) {
      out.value[i] += value_current[0] * current[i];
      out.derivative[i] += value_current[order] * current[i];
    }
    if (k == degree) break;
    double alpha = 0;
    for (size_t i = 0; i < count; ++i) alpha += s[i] * current[i] * current[i];
    std::vector<double> next(count);
    double norm = 0;
    for (size_t i = 0; i < count; ++i) {
      next[i] = (s[i] - alpha) * current[i] - beta * previous[i];
      norm += next[i] * next[i];
    }
    norm = std::sqrt(norm);
    double value_next[kMostOrder];
    for (int d = 0; d <= order; ++d) {
      value_next[d] = (a - alpha) * value_current[d] - beta * value_previous[d];
      if (d > 0) value_next[d] += d * value_current[d - 1];
      value_next[d] /= norm;
    }
    for (double& v : next) v /= norm;
    for (int d = 0; d <= order; ++d) value_previous[d] = value_current[d], value_current[d] = value_next[d];
    previous = std::move(current);
    current = std::move(next);
    beta = norm;
  }
  const double scale = std::pow(half, -order);
  for (double& w : out.derivative) w *= scale;
  return out;
}

LocalPolynomialChoice choose_local_polynomial(std::span<const ColumnSamples> trajectories, int window, int degree,
                                              int order) {
  const std::vector<int> degrees =
      degree > 0 ? std::vector<int>{degree} : std::vector<int>(std::begin(kDegrees), std::end(kDegrees));
  const Candidate predictor = best_predictor(trajectories, degrees, window, order);
  const double noise = std::sqrt(predictor.noise_square);
  if (window > 0) return {window, predictor.degree, noise};
  const int rows = longest_trajectory(trajectories);
  const int pilot_degree = predictor.degree + 2, pilot_window = predictor.window;
  if (pilot_window <= pilot_degree || pilot_window > rows / 4) return {predictor.window, predictor.degree, noise};

  std::vector<std::vector<double>> pilot;
  for (const ColumnSamples& samples : trajectories) {
    const bool is_long = static_cast<int>(samples.time.size()) >= pilot_window;
    pilot.push_back(is_long ? fit_local_polynomials(samples, pilot_window, pilot_degree, order).derivative
                            : std::vector<double>{});
  }
  const std::vector<double> pilot_weights = central_weights(trajectories, pilot_window, pilot_degree, order).derivative;
  LocalPolynomialChoice best{predictor.window, predictor.degree, noise};
  double least = kInfinity;
  for (const int d : degrees) {
    double least_of_degree = kInfinity;
    for (const int w : candidate_windows(d, std::min(kLongestWindow, rows / 4))) {
      if (2 * w < predictor.window && w > d + 3) continue;
      const std::vector<double> weights = central_weights(trajectories, w, d, order).derivative;
      const double variance = predictor.noise_square * square(weights);
      const double risk = mean_square_distance(trajectories, pilot, w, d, order, pilot_window / 2) -
                          predictor.noise_square * square_of_difference(weights, pilot_weights) + variance;
      const double bounded = std::max(risk, variance);
      if (bounded < least) least = bounded, best = {w, d, noise};
      least_of_degree = std::min(least_of_degree, bounded);
      if (bounded > 2 * least_of_degree) break;
    }
  }
  return best;
}

ColumnResult fit_local_polynomials(const ColumnSamples& samples, int window, int degree, int order) {
  const int rows = static_cast<int>(samples.time.size());
  const int used = std::min(window, rows);
  TrajectoryWeights weights(samples.time, used, std::min(degree, used - 1), order);
  ColumnResult out{std::vector<double>(samples.time.size()), std::vector<double>(samples.time.size())};
  for (int row = 0; row < rows; ++row) {
    const double* const values = &samples.values[static_cast<size_t>(first_of_window(row, used, rows))];
    const LocalWeights& w = weights.of(row);
    out.smooth[static_cast<size_t>(row)] = dot(w.value.data(), values, used);
    out.derivative[static_cast<size_t>(row)] = dot(w.derivative.data(), values, used);
  }
  return out;
}

}  // namespace lockstep::models
