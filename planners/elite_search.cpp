// Fits, elites that stay, and the colouring of noise.
#include "planners/elite_search.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace lockstep::planners {

void EliteConfig::describe(Fields& fields) {
  fields.add("elites", elites, "cheapest samples that the next Gaussian is fitted to", {1, 1000000});
  fields.add("momentum", momentum, "share of the old mean and deviation in the new", {0, 1});
  fields.add("min_std", min_std, "least deviation of a parameter, share of half the control range", {0, 10});
  fields.add("colour", colour, "beta of the noise's spectrum 1 / f^beta; 0: white", {0, 8});
  fields.add("keep_elites", keep_elites, "share of the elites that stay candidates", {0, 1});
  fields.add("decay", decay, "divides the population after every iteration, down to twice the elites", {1, 10});
}

std::vector<double> noise_colouring(int n, double beta) {
  std::vector<double> matrix(static_cast<size_t>(n) * static_cast<size_t>(n));
  const auto column = [&](int index, int frequency, bool sine, double amplitude) {
    for (int k = 0; k < n; ++k) {
      const double phase = 2 * std::numbers::pi * frequency * k / n;
      matrix[static_cast<size_t>(k) * n + index] = amplitude * (sine ? std::sin(phase) : std::cos(phase));
    }
  };
  column(0, 0, false, 1);
  int index = 1;
  for (int frequency = 1; index < n; ++frequency) {
    const double amplitude = std::pow(frequency, -0.5 * beta);
    column(index++, frequency, false, amplitude);
    if (index < n) column(index++, frequency, true, amplitude);
  }
  // A pair has the same variance at every knot; for even n the last cosine stands alone, and alternates in sign.
  double variance = 0;
  for (int j = 0; j < n; ++j) variance += matrix[j] * matrix[j];
  for (double& value : matrix) value /= std::sqrt(variance);
  return matrix;
}

void EliteSearch::reset(const Shape& shape) {
  shape_ = shape;
  const auto parameters = static_cast<size_t>(shape.parameters());
  colouring_ = config_.colour > 0 ? noise_colouring(shape.knots, config_.colour) : std::vector<double>();
  mean_.assign(parameters, 0.0);
  std_.assign(parameters, shape.noise_std);
  most_kept_ = static_cast<int>(config_.keep_elites * std::min(config_.elites, shape.samples) + 0.5);
  most_kept_ = std::min(most_kept_, shape.samples - 2);  // the mean and one fresh sample at least
  kept_.assign(static_cast<size_t>(std::max(most_kept_, 0)) * parameters, 0.0);
  num_kept_ = 0;
  elites_.reserve(static_cast<size_t>(shape.samples));
}

// What was kept is told from the last plan's warm start; the new one is that plan, moved: kept elites move along, to
// the neighbouring knot where every step has one, and lose what the plan has taken over.
void EliteSearch::begin(std::span<const double>, std::span<const double>) {
  const int P = shape_.parameters();
  for (int row = 0; row < num_kept_; ++row) {
    double* kept = &kept_[static_cast<size_t>(row) * P];
    for (int at = 0; at < P; ++at) kept[at] -= mean_[at];
    for (int at = 0; at + shape_.nu < P && shape_.is_dense; ++at) kept[at] = kept[at + shape_.nu];
  }
  std::fill(mean_.begin(), mean_.end(), 0.0);
  std::fill(std_.begin(), std_.end(), shape_.noise_std);
}

int EliteSearch::population(int iteration, int samples) const {
  const double shrunk = samples / std::pow(config_.decay, iteration);
  return std::clamp(static_cast<int>(shrunk), std::min(samples, std::max(2, 2 * config_.elites)), samples);
}

void EliteSearch::draw(int sample, const double* white, double* parameters) {
  const int knots = shape_.knots, nu = shape_.nu;
  if (sample <= num_kept_) {  // sample 0 is the mean, which is not drawn
    std::copy_n(&kept_[static_cast<size_t>(sample - 1) * mean_.size()], mean_.size(), parameters);
    return;
  }
  for (int knot = 0; knot < knots; ++knot)
    for (int i = 0; i < nu; ++i) {
      const size_t at = static_cast<size_t>(knot) * nu + i;
      double noise = white[at];
      if (!colouring_.empty()) {
        noise = 0;
        for (int k = 0; k < knots; ++k)
          noise += colouring_[static_cast<size_t>(knot) * knots + k] * white[static_cast<size_t>(k) * nu + i];
      }
      parameters[at] = mean_[at] + std_[at] * noise;
    }
}

void EliteSearch::update(std::span<const double> parameters, std::span<const double> costs) {
  find_elites(costs, config_.elites, elites_);
  const size_t P = mean_.size();
  const double share = 1.0 / static_cast<double>(elites_.size());
  for (size_t at = 0; at < P; ++at) {
    double mean = 0, variance = 0;
    for (const int row : elites_) mean += share * parameters[static_cast<size_t>(row) * P + at];
    for (const int row : elites_) {
      const double away = parameters[static_cast<size_t>(row) * P + at] - mean;
      variance += share * away * away;
    }
    mean_[at] = config_.momentum * mean_[at] + (1 - config_.momentum) * mean;
    std_[at] = config_.momentum * std_[at] + (1 - config_.momentum) * std::sqrt(variance);
    std_[at] = std::max(std_[at], config_.min_std);
  }
  num_kept_ = std::min(std::max(most_kept_, 0), static_cast<int>(elites_.size()));
  for (int row = 0; row < num_kept_; ++row)
    std::copy_n(&parameters[static_cast<size_t>(elites_[row]) * P], P, &kept_[static_cast<size_t>(row) * P]);
}

std::vector<double> EliteSearch::save() const {
  std::vector<double> numbers = {static_cast<double>(num_kept_)};
  numbers.insert(numbers.end(), mean_.begin(), mean_.end());
  numbers.insert(numbers.end(), kept_.begin(), kept_.end());
  return numbers;
}

void EliteSearch::load(std::span<const double> numbers) {
  num_kept_ = static_cast<int>(numbers[0]);
  std::copy_n(numbers.begin() + 1, mean_.size(), mean_.begin());
  std::copy_n(numbers.begin() + 1 + static_cast<std::ptrdiff_t>(mean_.size()), kept_.size(), kept_.begin());
}

}  // namespace lockstep::planners
