// Likelihoods of Gaussian outputs, and their derivatives.
#include "models/networks/gaussian_network.h"
#include "engine/error.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace lockstep::models::networks {
namespace {

constexpr double kFirstUpperBound = 0.5, kFirstLowerBound = -10;

template <class R>
R soft_plus(R x) {
  return std::max(x, R(0)) + std::log1p(std::exp(-std::abs(x)));
}
template <class R>
R logistic(R x) {
  return 1 / (1 + std::exp(-x));
}

// The logarithm of a variance between its bounds, and its derivatives.
template <class R>
struct BoundedLogarithm {
  R value, by_raw, by_upper, by_lower;

  BoundedLogarithm(R raw, R upper, R lower) {
    const R below_upper = upper - soft_plus(upper - raw);
    value = lower + soft_plus(below_upper - lower);
    const R share = logistic(below_upper - lower), raw_share = logistic(upper - raw);
    by_raw = share * raw_share;
    by_upper = share * (1 - raw_share);
    by_lower = 1 - share;
  }
};

}  // namespace

template <class R>
GaussianNetwork<R>::GaussianNetwork(int inputs, std::vector<LayerSpec> layers) : network_(inputs, std::move(layers)) {
  if (network_.outputs() % 2 == 0) return;
  throw Error(fmt::format("a Gaussian network of {} outputs", network_.outputs()), "network",
              "end it in a layer of a mean and a variance for every output");
}

template <class R>
void GaussianNetwork<R>::initialise(std::uint64_t seed, std::uint32_t stream, std::span<R> parameters) const {
  const auto size = static_cast<size_t>(network_.num_parameters()), count = static_cast<size_t>(outputs());
  network_.initialise(seed, stream, parameters.first(size));
  std::ranges::fill(parameters.subspan(size, count), static_cast<R>(kFirstUpperBound));
  std::ranges::fill(parameters.subspan(size + count, count), static_cast<R>(kFirstLowerBound));
}

template <class R>
R GaussianNetwork<R>::add_gradient(std::span<const R> parameters, View<const R, 2> inputs, View<const R, 2> targets,
                                   R bound_weight, Scratch& scratch, std::span<R> gradient) const {
  const auto size = static_cast<size_t>(network_.num_parameters());
  const int rows = inputs.extent(0), count = outputs();
  const std::span<const R> bounds = parameters.subspan(size);
  const std::span<R> bounds_gradient = gradient.subspan(size);
  const View<const R, 2> raw = network_.forward(parameters.first(size), inputs, scratch.tape);
  scratch.output_gradient.resize(static_cast<size_t>(rows) * 2 * static_cast<size_t>(count));
  const View<R, 2> slopes = view(scratch.output_gradient.data(), rows, 2 * count);
  const R share = R(1) / static_cast<R>(rows * count);
  R loss = 0;
  for (int row = 0; row < rows; ++row) {
    for (int i = 0; i < count; ++i) {
      const auto upper = static_cast<size_t>(i), lower = static_cast<size_t>(count + i);
      const BoundedLogarithm<R> logarithm(raw(row, count + i), bounds[upper], bounds[lower]);
      const R error = raw(row, i) - targets(row, i), precision = std::exp(-logarithm.value);
      loss += error * error * precision + logarithm.value;
      slopes(row, i) = 2 * share * error * precision;
      const R by_logarithm = share * (1 - error * error * precision);
      slopes(row, count + i) = by_logarithm * logarithm.by_raw;
      bounds_gradient[upper] += by_logarithm * logarithm.by_upper;
      bounds_gradient[lower] += by_logarithm * logarithm.by_lower;
    }
  }
  loss *= share;
  for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
    const size_t lower = static_cast<size_t>(count) + i;
    loss += bound_weight * (bounds[i] - bounds[lower]);
    bounds_gradient[i] += bound_weight;
    bounds_gradient[lower] -= bound_weight;
  }
  network_.backward(parameters.first(size), slopes, scratch.tape, gradient.first(size));
  return loss;
}

template <class R>
void GaussianNetwork<R>::predict(std::span<const R> parameters, View<const R, 2> inputs, Scratch& scratch,
                                 View<R, 2> means, View<R, 2> deviations) const {
  const auto size = static_cast<size_t>(network_.num_parameters());
  const int count = outputs();
  const std::span<const R> bounds = parameters.subspan(size);
  const View<const R, 2> raw = network_.forward(parameters.first(size), inputs, scratch.tape);
  for (int row = 0; row < inputs.extent(0); ++row) {
    for (int i = 0; i < count; ++i) {
      const BoundedLogarithm<R> logarithm(raw(row, count + i), bounds[static_cast<size_t>(i)],
                                          bounds[static_cast<size_t>(count + i)]);
      means(row, i) = raw(row, i);
      deviations(row, i) = std::exp(logarithm.value / 2);
    }
  }
}

template class GaussianNetwork<float>;
template class GaussianNetwork<double>;

}  // namespace lockstep::models::networks
