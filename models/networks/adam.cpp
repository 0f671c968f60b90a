// Steps of Adam and the norms and rates that go with them.
#include "models/networks/adam.h"
#include "models/networks/chosen_kernels.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>

namespace lockstep::models::networks {
namespace {

// Sum of squares. In eight partial sums, whatever the instruction set, so that additions do not wait for each other.
template <class R>
double square_length(std::span<const R> x) {
  constexpr size_t kSums = 8;
  double sums[kSums] = {};
  size_t i = 0;
  for (; i + kSums <= x.size(); i += kSums) {
    for (size_t k = 0; k < kSums; ++k) sums[k] += static_cast<double>(x[i + k]) * static_cast<double>(x[i + k]);
  }
  for (; i < x.size(); ++i) sums[i % kSums] += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  double sum = 0;
  for (const double part : sums) sum += part;
  return sum;
}

}  // namespace

void AdamConfig::describe(Fields& fields) {
  fields.add("beta1", beta1, "decay of the gradient's mean", {0, 0.999999});
  fields.add("beta2", beta2, "decay of the mean of its square", {0, 0.9999999});
  fields.add("epsilon", epsilon, "added to the root of the mean square", {1e-30, 1});
  fields.add("weight_decay", weight_decay, "share of a parameter taken off per step and unit of learning rate",
             {0, 1e6});
}

template <class R>
Adam<R>::Adam(long num_parameters, const AdamConfig& config)
    : config_(config), mean_(static_cast<size_t>(num_parameters)), square_(static_cast<size_t>(num_parameters)) {}

template <class R>
void Adam<R>::step(std::span<const R> gradient, double learning_rate, std::span<R> parameters, Follower<R> follower) {
  assert(gradient.size() == mean_.size() && parameters.size() == mean_.size());
  assert(follower.parameters.empty() || follower.parameters.size() == mean_.size());
  ++steps_;
  const auto count = static_cast<double>(steps_);
  chosen_kernels<R>().step_adam({.n = static_cast<long>(parameters.size()),
                                 .gradient = gradient.data(),
                                 .mean = mean_.data(),
                                 .square = square_.data(),
                                 .parameters = parameters.data(),
                                 .beta1 = static_cast<R>(config_.beta1),
                                 .beta2 = static_cast<R>(config_.beta2),
                                 .rest1 = static_cast<R>(1 - config_.beta1),
                                 .rest2 = static_cast<R>(1 - config_.beta2),
                                 .rate = static_cast<R>(learning_rate / (1 - std::pow(config_.beta1, count))),
                                 .root_correction = static_cast<R>(1 / std::sqrt(1 - std::pow(config_.beta2, count))),
                                 .epsilon = static_cast<R>(config_.epsilon),
                                 .kept = static_cast<R>(1 - learning_rate * config_.weight_decay),
                                 .follower = follower.parameters.empty() ? nullptr : follower.parameters.data(),
                                 .share = follower.share});
}

template <class R>
void Adam<R>::reset() {
  steps_ = 0;
  std::fill(mean_.span().begin(), mean_.span().end(), R(0));
  std::fill(square_.span().begin(), square_.span().end(), R(0));
}

template <class R>
void Adam<R>::save(ByteWriter& out) const {
  out.write(steps_);
  out.write_array(mean_.span());
  out.write_array(square_.span());
}

template <class R>
void Adam<R>::load(ByteReader& in) {
  steps_ = in.read<std::int64_t>();
  in.read_array(mean_.span());
  in.read_array(square_.span());
}

template <class R>
double clip_norm(std::span<R> gradient, double limit) {
  const double norm = std::sqrt(square_length(std::span<const R>(gradient)));
  if (limit > 0 && norm > limit) {
    const R factor = static_cast<R>(limit / norm);
    for (R& g : gradient) g *= factor;
  }
  return norm;
}

double linear_rate(double start, double end, double share) {
  return start + (end - start) * std::clamp(share, 0.0, 1.0);
}

double cosine_rate(double start, double end, double share) {
  return end + 0.5 * (start - end) * (1 + std::cos(std::numbers::pi * std::clamp(share, 0.0, 1.0)));
}

template class Adam<float>;
template class Adam<double>;
template double clip_norm(std::span<float>, double);
template double clip_norm(std::span<double>, double);

}  // namespace lockstep::models::networks
