// A network whose outputs are independent Gaussians: means, and variances between bounds that are learned too.
#pragma once

#include "models/networks/network.h"

#include <cstdint>
#include <span>
#include <vector>

namespace lockstep::models::networks {

// Parameter vector: the network's | upper bounds of the logarithms of variances [outputs] | lower bounds [outputs].
// With z the network's second half of outputs and soft_plus(x) = log(1 + e^x), the logarithm of a variance is
//   l1 = upper - soft_plus(upper - z),  l = lower + soft_plus(l1 - lower)
// K. Chua, R. Calandra, R. McAllister, S. Levine, "Deep reinforcement learning in a handful of trials using
// probabilistic dynamics models", NeurIPS 2018, appendix A.1.
template <class R>
class GaussianNetwork {
 public:
  // `layers` end in one of 2 * outputs.
  GaussianNetwork(int inputs, std::vector<LayerSpec> layers);

  [[nodiscard]] const Network<R>& network() const { return network_; }
  [[nodiscard]] int outputs() const { return network_.outputs() / 2; }
  [[nodiscard]] long num_parameters() const { return network_.num_parameters() + 2L * outputs(); }
  // Weights are functions of (seed, stream); bounds begin at 0.5 and -10, as in the paper's code.
  void initialise(std::uint64_t seed, std::uint32_t stream, std::span<R> parameters) const;

  // The tape, and room for what the loss passes back; one per thread.
  struct Scratch {
    Tape<R> tape;
    std::vector<R> output_gradient;  // [rows][2 outputs]
  };

  // Mean over rows and outputs of (mean - target)^2 / variance + log variance (twice the negative log-likelihood but
  // for a constant), plus bound_weight * (sum of upper - sum of lower bounds). Adds its derivative to gradient
  // [parameters].
  R add_gradient(std::span<const R> parameters, View<const R, 2> inputs, View<const R, 2> targets, R bound_weight,
                 Scratch& scratch, std::span<R> gradient) const;

  // means, deviations [rows][outputs] at inputs [rows][inputs].
  void predict(std::span<const R> parameters, View<const R, 2> inputs, Scratch& scratch, View<R, 2> means,
               View<R, 2> deviations) const;

 private:
  Network<R> network_;
};

extern template class GaussianNetwork<float>;
extern template class GaussianNetwork<double>;

}  // namespace lockstep::models::networks
