// Draws, likelihoods and derivatives of categorical and Gaussian actions.
#include "agents/action_distribution.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>

namespace lockstep::agents {
namespace {

// log(2 pi) / 2
constexpr double kHalfLogTurn = 0.918938533204672742;

// Of p_k = e^logits_k / sum of all: the logarithm of that sum, and -sum p_k log p_k = log sum - sum p_k logits_k.
template <class R>
struct Categories {
  explicit Categories(std::span<const R> logits) {
    const R largest = *std::ranges::max_element(logits);
    R sum = 0, weighted = 0;
    for (const R logit : logits) {
      const R share = std::exp(logit - largest);
      sum += share;
      weighted += share * (logit - largest);
    }
    const R logarithm = std::log(sum);
    log_sum = largest + logarithm;
    entropy = logarithm - weighted / sum;
  }
  R log_sum, entropy;
};

// The first category whose cumulated probability exceeds u in [0, 1).
template <class R>
int category_at(std::span<const R> logits, R u) {
  const R total = Categories<R>(logits).log_sum;
  R sum = 0;
  for (size_t k = 0; k < logits.size(); ++k) {
    sum += std::exp(logits[k] - total);
    if (u < sum) return static_cast<int>(k);
  }
  return static_cast<int>(logits.size()) - 1;  // rounding left the sum below 1
}

}  // namespace

template <class R>
ActionDistribution<R>::ActionDistribution(const TaskSpec& task)
    : categories_(task.discrete_actions), width_(task.action_size), range_(task) {}

template <class R>
void ActionDistribution<R>::sample(std::span<const R> outputs, std::span<const R> log_deviation, const Draw& draw,
                                   std::span<R> action) const {
  if (is_discrete()) {
    const R u = kernels::uniform<R>(draw.stream, draw.world, draw.step);
    action[0] = static_cast<R>(category_at(outputs, u));
    return;
  }
  for (size_t i = 0; i < action.size(); ++i) {
    const R noise = kernels::normal<R>(draw.stream, draw.world, draw.step, static_cast<std::uint32_t>(i));
    action[i] = outputs[i] + std::exp(log_deviation[i]) * noise;
  }
}

template <class R>
void ActionDistribution<R>::mode(std::span<const R> outputs, std::span<R> action) const {
  if (is_discrete()) {
    action[0] = static_cast<R>(std::ranges::max_element(outputs) - outputs.begin());
  } else {
    std::ranges::copy(outputs, action.begin());
  }
}

template <class R>
void ActionDistribution<R>::execute(std::span<const R> action, std::span<float> executed) const {
  for (size_t i = 0; i < action.size(); ++i) {
    const auto drawn = static_cast<double>(action[i]);
    executed[i] =
        static_cast<float>(is_discrete() ? std::clamp(drawn, range_.low[i], range_.high[i]) : range_.at(i, drawn));
  }
}

template <class R>
typename ActionDistribution<R>::Likelihood ActionDistribution<R>::likelihood(std::span<const R> outputs,
                                                                             std::span<const R> log_deviation,
                                                                             std::span<const R> action) const {
  if (is_discrete()) {
    const Categories<R> of(outputs);
    return {outputs[static_cast<size_t>(action[0])] - of.log_sum, of.entropy};
  }
  Likelihood sum;
  for (size_t i = 0; i < action.size(); ++i) {
    const R distance = (action[i] - outputs[i]) * std::exp(-log_deviation[i]);
    sum.log_prob -= distance * distance / 2 + log_deviation[i] + static_cast<R>(kHalfLogTurn);
    sum.entropy += log_deviation[i] + static_cast<R>(kHalfLogTurn + 0.5);
  }
  return sum;
}

// Categorical with probabilities p and entropy H: dlog p_a/dz_j = [j = a] - p_j, dH/dz_j = -p_j (log p_j + H).
// Gaussian with d = (a - mean) / deviation: dlog p/dmean = d / deviation, dlog p/dlog deviation = d^2 - 1, dH = 1.
template <class R>
void ActionDistribution<R>::backward(std::span<const R> outputs, std::span<const R> log_deviation,
                                     std::span<const R> action, const Likelihood& weights, std::span<R> output_gradient,
                                     std::span<R> deviation_gradient) const {
  if (is_discrete()) {
    const Categories<R> of(outputs);
    const auto chosen = static_cast<size_t>(action[0]);
    for (size_t j = 0; j < outputs.size(); ++j) {
      const R log_p = outputs[j] - of.log_sum, p = std::exp(log_p);
      const R of_choice = (j == chosen ? R(1) : R(0)) - p;
      output_gradient[j] = weights.log_prob * of_choice - weights.entropy * p * (log_p + of.entropy);
    }
    return;
  }
  for (size_t i = 0; i < action.size(); ++i) {
    const R precision = std::exp(-log_deviation[i]);
    const R distance = (action[i] - outputs[i]) * precision;
    output_gradient[i] = weights.log_prob * distance * precision;
    deviation_gradient[i] += weights.log_prob * (distance * distance - 1) + weights.entropy;
  }
}

template class ActionDistribution<float>;
template class ActionDistribution<double>;

}  // namespace lockstep::agents
