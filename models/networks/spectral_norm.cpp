// Power iterations on the kernels of a network.
#include "models/networks/spectral_norm.h"
#include "kernels/philox.h"
#include "models/networks/chosen_kernels.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace lockstep::models::networks {
namespace {

// unit = x / |x|; returns |x|. Zeros leave unit as it is.
template <class R>
R normalise(std::span<const R> x, std::span<R> unit) {
  double square = 0;
  for (const R number : x) square += static_cast<double>(number) * static_cast<double>(number);
  const double length = std::sqrt(square);
  if (length == 0) return 0;
  std::ranges::transform(x, unit.begin(),
                         [&](R number) { return static_cast<R>(static_cast<double>(number) / length); });
  return static_cast<R>(length);
}

}  // namespace

template <class R>
SpectralNorms<R>::SpectralNorms(const Network<R>& network, std::uint64_t seed, std::uint32_t stream)
    : kernels_(&chosen_kernels<R>()) {
  int widest = network.inputs();
  for (const ParameterBlock& block : network.parameter_blocks()) {
    if (!block.name.ends_with(".kernel")) continue;
    Layer layer{.kernel = block.offset,
                .left = std::vector<R>(static_cast<size_t>(block.shape[0])),
                .right = std::vector<R>(static_cast<size_t>(block.shape[1]))};
    for (size_t i = 0; i < layer.right.size(); ++i) {
      layer.right[i] = static_cast<R>(kernels::normal<double>({seed, stream}, static_cast<std::uint32_t>(i),
                                                              static_cast<std::uint32_t>(layers_.size())));
    }
    normalise(std::span<const R>(layer.right), std::span(layer.right));
    widest = std::max(widest, block.shape[1]);
    layers_.push_back(std::move(layer));
  }
  product_.resize(static_cast<size_t>(widest));
  scratch_.resize(static_cast<size_t>(kernels::product_scratch<R>(widest, widest)));
}

template <class R>
R SpectralNorms<R>::iterate(std::span<const R> parameters, size_t index) {
  Layer& layer = layers_[index];
  const int outputs = static_cast<int>(layer.right.size());
  const R* const kernel = parameters.data() + layer.kernel;
  // to = a from, normalised
  const auto apply = [&](kernels::StridedMatrix<R> a, const std::vector<R>& from, std::vector<R>& to) {
    kernels_->multiply({.m = static_cast<int>(to.size()),
                        .n = 1,
                        .k = static_cast<int>(from.size()),
                        .a = a,
                        .b = {from.data(), 1, 1},
                        .c = product_.data(),
                        .c_stride = 1,
                        .panel = scratch_.data()});
    return normalise(std::span<const R>(product_).first(to.size()), std::span(to));
  };
  if (apply({kernel, outputs, 1}, layer.right, layer.left) == 0) return 0;
  return apply({kernel, 1, outputs}, layer.left, layer.right);
}

template <class R>
void SpectralNorms<R>::limit(R largest, std::span<R> parameters) {
  assert(largest > 0);
  for (size_t index = 0; index < layers_.size(); ++index) {
    const R sigma = iterate(parameters, index);
    if (sigma <= largest) continue;
    const Layer& layer = layers_[index];
    for (R& weight : parameters.subspan(static_cast<size_t>(layer.kernel), layer.left.size() * layer.right.size()))
      weight *= largest / sigma;
  }
}

template <class R>
void SpectralNorms<R>::save(ByteWriter& out) const {
  for (const Layer& layer : layers_) {
    out.write_array(std::span<const R>(layer.left));
    out.write_array(std::span<const R>(layer.right));
  }
}

template <class R>
void SpectralNorms<R>::load(ByteReader& in) {
  for (Layer& layer : layers_) {
    in.read_array(std::span(layer.left));
    in.read_array(std::span(layer.right));
  }
}

template class SpectralNorms<float>;
template class SpectralNorms<double>;

}  // namespace lockstep::models::networks
