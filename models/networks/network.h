// Feed-forward networks over batches: dense layers, layer norms, activations, and their exact gradients.
//
// A batch is a row-major matrix [batch][width], one sample a row. A Network is the architecture alone; its parameters
// are one flat vector that the caller owns, so that one optimiser steps any number of networks side by side. Per layer,
// x [batch][inputs] becomes
//   z = x W + b                             W [inputs][outputs], b [outputs]
//   z = scale (z - mean) / deviation + shift   where normalised: over each row, scale and shift [outputs]
//   y = activation(z)
// Nothing is allocated by a forward or backward pass once the Tape has seen the largest batch. Passes run on the
// caller's thread; a result depends on the instruction set (engine/isa.h), and on nothing else.
#pragma once

#include "engine/buffer.h"
#include "engine/view.h"
#include "kernels/network_kernels.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::models::networks {

using kernels::Activation;

// "tanh", "relu", "elu", "silu": what settings call the activations of hidden layers.
[[nodiscard]] std::vector<std::string> activation_names();
// Throws Error for any other name.
[[nodiscard]] Activation activation_named(std::string_view name);

// Added to a row's variance by a layer norm.
inline constexpr double kNormFloor = 1e-5;

// How the weights of a layer begin; biases begin at 0, a layer norm's scale at 1.
enum class Initialiser {
  kOrthogonal,  // A. Saxe, J. McClelland, S. Ganguli, ICLR 2014
  kGlorot,      // uniform, variance 2 / (inputs + outputs): X. Glorot, Y. Bengio, AISTATS 2010
  kHe           // normal, variance 2 / inputs: K. He, X. Zhang, S. Ren, J. Sun, ICCV 2015
};

struct LayerSpec {
  int outputs = 1;  // >= 1
  Activation activation = Activation::kIdentity;
  bool is_normalised = false;  // a layer norm before the activation: J. Ba, J. Kiros, G. Hinton (2016)
  Initialiser initialiser = Initialiser::kOrthogonal;
  double gain = 1;  // the initial weights are multiplied by it
};

// A named part of the flat parameter vector: "layers.0.kernel" [inputs][outputs], "layers.0.bias" [outputs],
// "layers.0.scale", "layers.0.shift".
struct ParameterBlock {
  std::string name;
  std::vector<int> shape;
  long offset = 0;  // of its first number

  [[nodiscard]] long size() const;
};

// What a backward pass needs of the forward pass before it; also the scratch of both.
template <class R>
class Tape {
 public:
  // Outputs of the last forward pass, [batch][outputs].
  [[nodiscard]] View<const R, 2> outputs() const { return outputs_; }

 private:
  template <class>
  friend class Network;
  struct Layer {
    HostBuffer<R> linear, standardised, preactivation, output;  // [batch][outputs]; the middle two where normalised
    HostBuffer<R> inverse_deviation;                            // [batch]
    HostBuffer<R> gradient;                                     // [batch][outputs], of the backward pass
  };

  std::vector<Layer> layers_;
  HostBuffer<R> scratch_;
  const void* network_ = nullptr;  // whose shape the layers have
  int capacity_ = 0;               // rows there is room for
  int batch_ = 0;                  // rows of the last forward pass, or those that were kept of it
  View<const R, 2> inputs_, outputs_;
};

// What a backward pass does with the gradient that it is given: the same bits as adding to zeros, without reading them.
enum class GradientUse { kAdd, kReplace };

template <class R>
class Network {
 public:
  // inputs >= 1; at least one layer. Throws Error for widths below 1.
  Network(int inputs, std::vector<LayerSpec> layers);

  [[nodiscard]] int inputs() const { return inputs_; }
  [[nodiscard]] int outputs() const { return layers_.back().outputs; }
  [[nodiscard]] const std::vector<LayerSpec>& layers() const { return layers_; }
  [[nodiscard]] long num_parameters() const { return num_parameters_; }
  [[nodiscard]] const std::vector<ParameterBlock>& parameter_blocks() const { return blocks_; }

  // Writes initial values: functions of (seed, stream) alone. parameters [num_parameters].
  void initialise(std::uint64_t seed, std::uint32_t stream, std::span<R> parameters) const;

  // parameters [num_parameters], inputs [batch][inputs], which must stay as they are until backward() is done.
  // Returns outputs [batch][outputs], valid until the tape is used again.
  View<const R, 2> forward(std::span<const R> parameters, View<const R, 2> inputs, Tape<R>& tape) const;

  // Reverse mode: adds to gradient [num_parameters] (or, by `use`, writes there) what output_gradient
  // [batch][outputs], the derivative of a loss with respect to the outputs of the tape's forward pass, makes of the
  // loss's derivative with respect to the parameters; an empty one skips that. input_gradient [batch][inputs] is
  // overwritten; an empty view skips it.
  void backward(std::span<const R> parameters, View<const R, 2> output_gradient, Tape<R>& tape, std::span<R> gradient,
                View<R, 2> input_gradient = {}, GradientUse use = GradientUse::kAdd) const;

  // The tape goes on as if its forward pass had been of these rows alone, in rising order, but a backward pass then
  // makes the gradient with respect to the inputs only: where a loss looks at few rows, the others cost nothing.
  void keep_rows(std::span<const int> rows, Tape<R>& tape) const;

 private:
  // Where a layer's numbers begin in the parameter vector.
  struct Place {
    int inputs = 0;
    long kernel = 0, bias = 0, scale = 0, shift = 0;
  };

  void add_layer(int inputs, const LayerSpec& layer);
  void reserve(Tape<R>& tape, int batch) const;
  void forward_layer(size_t layer, std::span<const R> parameters, View<const R, 2> inputs, Tape<R>& tape) const;
  void backward_layer(size_t layer, std::span<const R> parameters, Tape<R>& tape, std::span<R> gradient,
                      GradientUse use) const;
  void multiply(kernels::MatrixProduct<R> product, Tape<R>& tape) const;

  int inputs_;
  std::vector<LayerSpec> layers_;
  std::vector<Place> places_;
  std::vector<ParameterBlock> blocks_;
  long num_parameters_ = 0;
  int widest_ = 0;
  const kernels::NetworkKernels<R>* kernels_;
};

// Hidden layers of one width and activation, then a linear layer whose initial weights are multiplied by `head_gain`.
// Hidden weights are orthogonal with gain sqrt(2) as M. Andrychowicz et al. (ICLR 2021) recommend for control.
[[nodiscard]] std::vector<LayerSpec> perceptron(std::span<const int> hidden, int outputs, Activation activation,
                                                double head_gain);

extern template class Network<float>;
extern template class Network<double>;

}  // namespace lockstep::models::networks
