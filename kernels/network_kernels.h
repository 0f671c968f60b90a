// What networks spend their time on, as a table of functions that is compiled once per instruction set.
#pragma once

#include "kernels/activations.h"
#include "kernels/attention.h"
#include "kernels/gru.h"
#include "kernels/matrix_product.h"

namespace lockstep::kernels {

// One step of Adam with decoupled weight decay over n numbers (models/networks/adam.h).
template <class R>
struct AdamStep {
  long n = 0;
  const R* gradient = nullptr;
  R *mean = nullptr, *square = nullptr, *parameters = nullptr;
  R beta1 = 0, beta2 = 0, rest1 = 0, rest2 = 0;  // decays and what is left of 1
  R rate = 0, root_correction = 0, epsilon = 0, kept = 0;
  R* follower = nullptr;  // [n], or nullptr: moves `share` of the way to the new parameters
  R share = 0;
};

template <class R>
struct NetworkKernels {
  void (*multiply)(const MatrixProduct<R>& product);
  // y [n] = activation of x [n]; y may be x.
  void (*activate)(Activation activation, long n, const R* x, R* y);
  // gradient [n] (with respect to y) is multiplied by the activation's slope at x [n], where y [n] is its value.
  void (*activate_backward)(Activation activation, long n, const R* x, const R* y, R* gradient);
  void (*step_adam)(const AdamStep<R>& step);
  void (*step_gru)(const GruStep<R>& step);
  void (*step_gru_backward)(const GruSlopes<R>& slopes);
  // Scores become weights; the gradient of weights that of scores.
  void (*attend)(const AttentionScores<R>& scores);
  void (*attend_backward)(const AttentionScores<R>& scores);
  int lanes;
};

// R is float or double, Isa a tag of kernels/lanes.h.
template <class R, class Isa>
[[nodiscard]] const NetworkKernels<R>& network_kernels();

}  // namespace lockstep::kernels
