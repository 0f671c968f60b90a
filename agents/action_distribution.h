// What a stochastic policy draws actions from: a categorical distribution, or independent Gaussians.
#pragma once

#include "agents/episodes.h"
#include "engine/environment.h"
#include "engine/view.h"
#include "kernels/philox.h"

#include <cstdint>
#include <span>
#include <vector>

namespace lockstep::agents {

// Row of a matrix whose columns lie side by side.
template <class R>
[[nodiscard]] std::span<const R> row_of(View<const R, 2> matrix, int row) {
  return {&matrix(row, 0), static_cast<size_t>(matrix.extent(1))};
}

// Discrete tasks: the policy's outputs are logits [discrete_actions] and an action is [1], its index.
// Continuous ones: outputs are means [action_size], and the logarithms of the deviations [action_size] are parameters
// that no observation changes. Gaussian actions are in units of half the task's range about its middle (of 1 about 0
// where it is unbounded); they are cut to the range when executed, while likelihoods are those of what was drawn.
template <class R>
class ActionDistribution {
 public:
  explicit ActionDistribution(const TaskSpec& task);

  [[nodiscard]] bool is_discrete() const { return categories_ > 0; }
  [[nodiscard]] int outputs() const { return is_discrete() ? categories_ : width_; }  // of the policy network
  [[nodiscard]] int width() const { return width_; }                                  // numbers of an action
  [[nodiscard]] int deviations() const { return is_discrete() ? 0 : width_; }         // numbers of log_deviation

  // A draw for one world at one step: a function of the arguments alone.
  struct Draw {
    kernels::RandomStream stream;
    std::uint32_t world = 0, step = 0;
  };
  void sample(std::span<const R> outputs, std::span<const R> log_deviation, const Draw& draw,
              std::span<R> action) const;
  // The most likely action.
  void mode(std::span<const R> outputs, std::span<R> action) const;
  // What the environment is given, in the task's units.
  void execute(std::span<const R> action, std::span<float> executed) const;

  struct Likelihood {
    R log_prob = 0, entropy = 0;  // nats
  };
  [[nodiscard]] Likelihood likelihood(std::span<const R> outputs, std::span<const R> log_deviation,
                                      std::span<const R> action) const;
  // Derivatives of log_prob_weight * log_prob + entropy_weight * entropy: overwrites output_gradient [outputs], adds to
  // deviation_gradient [deviations].
  void backward(std::span<const R> outputs, std::span<const R> log_deviation, std::span<const R> action,
                const Likelihood& weights, std::span<R> output_gradient, std::span<R> deviation_gradient) const;

 private:
  int categories_, width_;
  ActionRange range_;
};

extern template class ActionDistribution<float>;
extern template class ActionDistribution<double>;

}  // namespace lockstep::agents
