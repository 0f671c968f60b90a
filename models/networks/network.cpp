// Forward and reverse passes of networks, layer by layer.
#include "models/networks/network.h"
#include "engine/error.h"
#include "models/networks/chosen_kernels.h"
#include "models/networks/initialisers.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace lockstep::models::networks {
namespace {

struct NamedActivation {
  std::string_view name;
  Activation activation;
};
constexpr NamedActivation kActivations[] = {
    {"tanh", Activation::kTanh}, {"relu", Activation::kRelu}, {"elu", Activation::kElu}, {"silu", Activation::kSilu}};

template <class R>
void grow(HostBuffer<R>& buffer, long size) {
  buffer = HostBuffer<R>(static_cast<size_t>(size));
}

// Whether a layer's activation is applied by its product, which then leaves the output alone.
bool is_fused(const LayerSpec& layer) { return !layer.is_normalised && kernels::has_slope_of_value(layer.activation); }

// Rows of `linear` [batch][width] standardised, then scaled and shifted.
template <class R>
struct LayerNorm {
  int batch, width;
  const R *scale, *shift;
  R* inverse_deviation;  // [batch]
  R* standardised;       // [batch][width]

  void forward(const R* linear, R* out) const {
    for (int row = 0; row < batch; ++row) {
      const long first = static_cast<long>(row) * width;
      const R* const z = linear + first;
      R mean = 0, variance = 0;
      for (int i = 0; i < width; ++i) mean += z[i];
      mean /= static_cast<R>(width);
      for (int i = 0; i < width; ++i) variance += (z[i] - mean) * (z[i] - mean);
      inverse_deviation[row] = 1 / std::sqrt(variance / static_cast<R>(width) + static_cast<R>(kNormFloor));
      for (int i = 0; i < width; ++i) {
        standardised[first + i] = (z[i] - mean) * inverse_deviation[row];
        out[first + i] = scale[i] * standardised[first + i] + shift[i];
      }
    }
  }

  // gradient [batch][width], with respect to the output: adds to those of scale and shift.
  void add_gradients(const R* gradient, R* scale_gradient, R* shift_gradient) const {
    for (int row = 0; row < batch; ++row) {
      const long first = static_cast<long>(row) * width;
      for (int i = 0; i < width; ++i) {
        scale_gradient[i] += gradient[first + i] * standardised[first + i];
        shift_gradient[i] += gradient[first + i];
      }
    }
  }

  // gradient [batch][width]: with respect to the output; afterwards with respect to `linear`. With h = standardised and
  // g = scale * gradient:  (g - mean(g) - h mean(g h)) / deviation.
  void backward(R* gradient) const {
    for (int row = 0; row < batch; ++row) {
      const long first = static_cast<long>(row) * width;
      R* const g = gradient + first;
      const R* const h = standardised + first;
      R mean = 0, mean_product = 0;
      for (int i = 0; i < width; ++i) {
        g[i] *= scale[i];
        mean += g[i];
        mean_product += g[i] * h[i];
      }
      mean /= static_cast<R>(width);
      mean_product /= static_cast<R>(width);
      for (int i = 0; i < width; ++i) g[i] = (g[i] - mean - h[i] * mean_product) * inverse_deviation[row];
    }
  }
};

// Of a layer at `place` in the parameters, with the layer's memory of a tape.
template <class R, class Place, class Memory>
LayerNorm<R> norm_of(int batch, int width, const R* parameters, const Place& place, Memory& memory) {
  return {batch,
          width,
          parameters + place.scale,
          parameters + place.shift,
          memory.inverse_deviation.data(),
          memory.standardised.data()};
}

}  // namespace

std::vector<std::string> activation_names() {
  std::vector<std::string> names;
  for (const NamedActivation& entry : kActivations) names.emplace_back(entry.name);
  return names;
}

Activation activation_named(std::string_view name) {
  for (const NamedActivation& entry : kActivations) {
    if (entry.name == name) return entry.activation;
  }
  throw Error(fmt::format("unknown activation '{}'", name), "network",
              fmt::format("choose one of {}", fmt::join(activation_names(), ", ")));
}

long ParameterBlock::size() const {
  long size = 1;
  for (const int extent : shape) size *= extent;
  return size;
}

template <class R>
Network<R>::Network(int inputs, std::vector<LayerSpec> layers)
    : inputs_(inputs), layers_(std::move(layers)), widest_(inputs), kernels_(&chosen_kernels<R>()) {
  if (inputs < 1 || layers_.empty()) {
    throw Error(fmt::format("a network of {} inputs and {} layers", inputs, layers_.size()), "network",
                "give it at least one input and one layer");
  }
  for (const LayerSpec& layer : layers_) {
    if (layer.outputs < 1)
      throw Error(fmt::format("a layer of width {}", layer.outputs), "network", "make every layer at least 1 wide");
    add_layer(inputs, layer);
    inputs = layer.outputs;
    widest_ = std::max(widest_, inputs);
  }
}

template <class R>
void Network<R>::add_layer(int inputs, const LayerSpec& layer) {
  const size_t index = places_.size();
  const auto add = [&](const char* name, const std::vector<int>& shape) {
    blocks_.push_back({fmt::format("layers.{}.{}", index, name), shape, num_parameters_});
    num_parameters_ += blocks_.back().size();
    return blocks_.back().offset;
  };
  Place place{.inputs = inputs};
  place.kernel = add("kernel", {inputs, layer.outputs});
  place.bias = add("bias", {layer.outputs});
  if (layer.is_normalised) {
    place.scale = add("scale", {layer.outputs});
    place.shift = add("shift", {layer.outputs});
  }
  places_.push_back(place);
}

template <class R>
void Network<R>::initialise(std::uint64_t seed, std::uint32_t stream, std::span<R> parameters) const {
  assert(static_cast<long>(parameters.size()) == num_parameters_);
  std::ranges::fill(parameters, R(0));
  for (size_t k = 0; k < layers_.size(); ++k) {
    const LayerSpec& layer = layers_[k];
    const Place& place = places_[k];
    const View<R, 2> kernel = view(parameters.data() + place.kernel, place.inputs, layer.outputs);
    const WeightDraw draw{{seed, stream}, static_cast<std::uint32_t>(k), layer.gain};
    initialise_weights(layer.initialiser, draw, kernel);
    if (layer.is_normalised) std::fill_n(parameters.data() + place.scale, layer.outputs, R(1));
  }
}

template <class R>
void Network<R>::reserve(Tape<R>& tape, int batch) const {
  if (batch <= tape.capacity_ && tape.network_ == this) return;
  tape.layers_.resize(layers_.size());
  for (size_t k = 0; k < layers_.size(); ++k) {
    auto& layer = tape.layers_[k];
    const long size = static_cast<long>(batch) * layers_[k].outputs;
    grow(layer.linear, size);
    grow(layer.output, size);
    grow(layer.gradient, size);
    if (!layers_[k].is_normalised) continue;
    grow(layer.standardised, size);
    grow(layer.preactivation, size);
    grow(layer.inverse_deviation, batch);
  }
  grow(tape.scratch_, kernels::product_scratch<R>(widest_, std::max(batch, widest_)));
  tape.network_ = this;
  tape.capacity_ = batch;
}

template <class R>
void Network<R>::multiply(kernels::MatrixProduct<R> product, Tape<R>& tape) const {
  product.panel = tape.scratch_.data();
  kernels_->multiply(product);
}

template <class R>
void Network<R>::forward_layer(size_t k, std::span<const R> parameters, View<const R, 2> inputs, Tape<R>& tape) const {
  const LayerSpec& layer = layers_[k];
  const Place& place = places_[k];
  auto& memory = tape.layers_[k];
  const int batch = inputs.extent(0), width = layer.outputs;
  multiply({.m = batch,
            .n = width,
            .k = place.inputs,
            .a = {inputs.data_handle(), place.inputs, 1},
            .b = {parameters.data() + place.kernel, width, 1},
            .start = parameters.data() + place.bias,
            .c = is_fused(layer) ? memory.output.data() : memory.linear.data(),
            .c_stride = width,
            .activation = is_fused(layer) ? layer.activation : Activation::kIdentity},
           tape);
  if (is_fused(layer)) return;
  const R* preactivation = memory.linear.data();
  if (layer.is_normalised) {
    const LayerNorm<R> norm = norm_of<R>(batch, width, parameters.data(), place, memory);
    norm.forward(memory.linear.data(), memory.preactivation.data());
    preactivation = memory.preactivation.data();
  }
  kernels_->activate(layer.activation, static_cast<long>(batch) * width, preactivation, memory.output.data());
}

template <class R>
View<const R, 2> Network<R>::forward(std::span<const R> parameters, View<const R, 2> inputs, Tape<R>& tape) const {
  assert(static_cast<long>(parameters.size()) == num_parameters_ && inputs.extent(1) == inputs_);
  const int batch = inputs.extent(0);
  reserve(tape, batch);
  tape.inputs_ = inputs;
  tape.batch_ = batch;
  View<const R, 2> x = inputs;
  for (size_t k = 0; k < layers_.size(); ++k) {
    forward_layer(k, parameters, x, tape);
    x = view(static_cast<const R*>(tape.layers_[k].output.data()), batch, layers_[k].outputs);
  }
  tape.outputs_ = x;
  return x;
}

template <class R>
void Network<R>::keep_rows(std::span<const int> rows, Tape<R>& tape) const {
  const auto keep = [&](HostBuffer<R>& numbers, int width) {
    R* target = numbers.data();
    for (const int row : rows) {
      const R* const source = numbers.data() + static_cast<long>(row) * width;
      if (source != target) std::copy_n(source, width, target);
      target += width;
    }
  };
  for (size_t k = 0; k < layers_.size(); ++k) {
    auto& memory = tape.layers_[k];
    const int width = layers_[k].outputs;
    keep(memory.output, width);
    if (!is_fused(layers_[k])) keep(layers_[k].is_normalised ? memory.preactivation : memory.linear, width);
    if (!layers_[k].is_normalised) continue;
    keep(memory.standardised, width);
    keep(memory.inverse_deviation, 1);
  }
  tape.batch_ = static_cast<int>(rows.size());
  tape.inputs_ = {};
  tape.outputs_ = view(static_cast<const R*>(tape.layers_.back().output.data()), tape.batch_, outputs());
}

// From the gradient with respect to the layer's output (where the layer is fused: to its z), which is in its memory, to
// that of its parameters and its z.
template <class R>
void Network<R>::backward_layer(size_t k, std::span<const R> parameters, Tape<R>& tape, std::span<R> gradient,
                                GradientUse use) const {
  const int batch = tape.batch_;
  const LayerSpec& layer = layers_[k];
  const Place& place = places_[k];
  auto& memory = tape.layers_[k];
  const int width = layer.outputs;
  R* const g = memory.gradient.data();
  if (!is_fused(layer)) {
    const R* const preactivation = layer.is_normalised ? memory.preactivation.data() : memory.linear.data();
    kernels_->activate_backward(layer.activation, static_cast<long>(batch) * width, preactivation, memory.output.data(),
                                g);
  }
  if (!gradient.empty() && use == GradientUse::kReplace)  // bias, scale and shift lie behind each other
    std::fill_n(gradient.data() + place.bias, (layer.is_normalised ? 3 : 1) * width, R(0));
  if (layer.is_normalised) {
    const LayerNorm<R> norm = norm_of<R>(batch, width, parameters.data(), place, memory);
    if (!gradient.empty()) norm.add_gradients(g, gradient.data() + place.scale, gradient.data() + place.shift);
    norm.backward(g);
  }
  if (gradient.empty()) return;
  const R* const x = k == 0 ? tape.inputs_.data_handle() : tape.layers_[k - 1].output.data();
  R* const kernel = gradient.data() + place.kernel;
  multiply({.m = place.inputs,
            .n = width,
            .k = batch,
            .a = {x, 1, place.inputs},
            .b = {g, width, 1},
            .start = use == GradientUse::kAdd ? kernel : nullptr,
            .start_stride = width,
            .c = kernel,
            .c_stride = width,
            .row_sums = gradient.data() + place.bias},
           tape);
}

template <class R>
void Network<R>::backward(std::span<const R> parameters, View<const R, 2> output_gradient, Tape<R>& tape,
                          std::span<R> gradient, View<R, 2> input_gradient, GradientUse use) const {
  const int batch = tape.batch_;
  assert(output_gradient.extent(0) == batch && output_gradient.extent(1) == outputs());
  assert(gradient.empty() ||
         (static_cast<long>(gradient.size()) == num_parameters_ && tape.inputs_.data_handle() != nullptr));
  auto& last = tape.layers_.back();
  const long size = static_cast<long>(batch) * outputs();
  std::copy_n(output_gradient.data_handle(), size, last.gradient.data());
  if (is_fused(layers_.back())) {
    kernels_->activate_backward(layers_.back().activation, size, last.output.data(), last.output.data(),
                                last.gradient.data());
  }
  for (size_t k = layers_.size(); k-- > 0;) {
    backward_layer(k, parameters, tape, gradient, use);
    R* const target = k > 0 ? tape.layers_[k - 1].gradient.data() : input_gradient.data_handle();
    if (target == nullptr) continue;
    const Place& place = places_[k];
    const int width = layers_[k].outputs;
    const bool is_before_fused = k > 0 && is_fused(layers_[k - 1]);
    multiply({.m = batch,
              .n = place.inputs,
              .k = width,
              .a = {tape.layers_[k].gradient.data(), width, 1},
              .b = {parameters.data() + place.kernel, 1, width},
              .c = target,
              .c_stride = place.inputs,
              .activation = is_before_fused ? layers_[k - 1].activation : Activation::kIdentity,
              .slope_of = is_before_fused ? tape.layers_[k - 1].output.data() : nullptr},
             tape);
  }
}

std::vector<LayerSpec> perceptron(std::span<const int> hidden, int outputs, Activation activation, double head_gain) {
  std::vector<LayerSpec> layers;
  for (const int width : hidden)
    layers.push_back({.outputs = width, .activation = activation, .gain = std::numbers::sqrt2});
  layers.push_back({.outputs = outputs, .gain = head_gain});
  return layers;
}

template class Network<float>;
template class Network<double>;

}  // namespace lockstep::models::networks
