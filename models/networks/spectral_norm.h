// Spectral norms of a network's dense layers, and weights kept below one.
//
// sigma(W), the largest singular value of a kernel W [inputs][outputs], by the power iteration
//   v <- W u / |W u|,  sigma = |W' v|,  u <- W' v / sigma
// with vectors that go on from one call to the next, so that one iteration per update is enough while weights move
// slowly (T. Miyato, T. Kataoka, M. Koyama, Y. Yoshida, "Spectral normalization for generative adversarial networks",
// ICLR 2018, algorithm 1). With kernels of norm at most c and activations of slope at most 1, a network of L layers has
// a Lipschitz constant of at most c^L (R. Zheng, X. Wang, H. Xu, F. Huang, "Is model ensemble necessary?", ICLR 2023).
#pragma once

#include "engine/byte_stream.h"
#include "models/networks/network.h"

#include <cstdint>
#include <span>
#include <vector>

namespace lockstep::models::networks {

template <class R>
class SpectralNorms {
 public:
  // Vectors begin as normal numbers of length 1, functions of (seed, stream) alone.
  SpectralNorms(const Network<R>& network, std::uint64_t seed, std::uint32_t stream);

  // One iteration on a layer's kernel in parameters [num_parameters] of the network. Returns its estimate of sigma,
  // which never exceeds the true one but for rounding; 0, and vectors as they were, for a kernel of zeros.
  R iterate(std::span<const R> parameters, size_t layer);

  // One iteration on every layer; kernels of a larger norm than `largest` > 0 are scaled down to it. Biases stay. For
  // networks without layer norms, which undo it.
  void limit(R largest, std::span<R> parameters);

  // Vectors of a layer after the last iteration, of length 1: [inputs] and [outputs].
  [[nodiscard]] std::span<const R> left(size_t layer) const { return layers_[layer].left; }
  [[nodiscard]] std::span<const R> right(size_t layer) const { return layers_[layer].right; }

  void save(ByteWriter& out) const;
  void load(ByteReader& in);  // Error where other sizes were saved

 private:
  struct Layer {
    long kernel = 0;             // where it begins in the parameters
    std::vector<R> left, right;  // v [inputs], u [outputs]
  };

  std::vector<Layer> layers_;
  std::vector<R> product_;  // W u or W' v
  std::vector<R> scratch_;
  const kernels::NetworkKernels<R>* kernels_;
};

extern template class SpectralNorms<float>;
extern template class SpectralNorms<double>;

}  // namespace lockstep::models::networks
