// Multi-head self-attention over sequences, forward and in reverse, whole or causal, with masks of absent steps.
//
// A batch of sequences is [batch][steps][width]. With q, k, v the parts of x W + b [3 width], each of `heads` parts,
//   y = concat over heads of softmax(q k' / root(width / heads)) v,  out = y W_o + b_o     [batch][steps][width]
// (A. Vaswani et al., "Attention is all you need", NeurIPS 2017). Parameters are one flat vector that the caller owns,
// as a Network's are. Nothing is allocated once the tape has seen the largest batch; a sequence's results do not depend
// on the others.
#pragma once

#include "models/networks/network.h"

#include <cstdint>
#include <span>
#include <vector>

namespace lockstep::models::networks {

struct AttentionSpec {
  int width = 1;           // of a step, >= 1; a multiple of heads
  int heads = 1;           // >= 1
  bool is_causal = false;  // a step sees those before it and itself alone
};

// What attention reads.
template <class R>
struct AttentionInputs {
  View<const R, 3> inputs = {};              // [batch][steps][width]
  View<const std::uint8_t, 2> present = {};  // [batch][steps], 0 where no step may look; empty: all are there
};

// What a backward pass needs of the forward pass before it; also the scratch of both.
template <class R>
class AttentionTape {
 public:
  // Of the last forward pass: [batch][steps][width].
  [[nodiscard]] View<const R, 3> outputs() const { return outputs_; }
  // Its weights [batch][heads][keys][queries]; those of a query sum to 1, or are all 0 where it sees no key.
  [[nodiscard]] View<const R, 4> weights() const { return seen_; }

 private:
  template <class>
  friend class Attention;
  HostBuffer<R> projected_, projected_gradient_;  // [batch][steps][3 width]: queries, keys, values
  HostBuffer<R> weights_;                         // [batch][heads][keys][queries]
  HostBuffer<R> weight_gradient_;                 // [keys][queries], of one head
  HostBuffer<R> mixed_, mixed_gradient_;          // [batch][steps][width], before the last product
  HostBuffer<R> output_;                          // [batch][steps][width]
  HostBuffer<R> scratch_;
  const void* layer_ = nullptr;  // whose sizes these are
  int batch_ = 0, steps_ = 0;    // that there is room for
  AttentionInputs<R> given_;
  View<const R, 3> outputs_;
  View<const R, 4> seen_;
};

template <class R>
class Attention {
 public:
  // Throws Error for a width that is no positive multiple of heads.
  explicit Attention(const AttentionSpec& spec);

  [[nodiscard]] const AttentionSpec& spec() const { return spec_; }
  [[nodiscard]] long num_parameters() const { return num_parameters_; }
  // "projection.kernel" [width][3 width] (queries, keys, values), "projection.bias" [3 width], "output.kernel" [width]
  // [width], "output.bias" [width].
  [[nodiscard]] const std::vector<ParameterBlock>& parameter_blocks() const { return blocks_; }

  // Weights uniform (Glorot), those of queries, keys, values and outputs by themselves; biases 0. Functions of (seed,
  // stream) alone. parameters [num_parameters].
  void initialise(std::uint64_t seed, std::uint32_t stream, std::span<R> parameters) const;

  // Returns outputs [batch][steps][width], valid until the tape is used again. What is given must stay as it is until
  // backward() is done.
  View<const R, 3> forward(std::span<const R> parameters, const AttentionInputs<R>& given,
                           AttentionTape<R>& tape) const;

  // Reverse mode: adds to gradient [num_parameters] what output_gradient [batch][steps][width] makes of it; an empty
  // one skips that. input_gradient [batch][steps][width] is overwritten; an empty view skips it.
  void backward(std::span<const R> parameters, View<const R, 3> output_gradient, AttentionTape<R>& tape,
                std::span<R> gradient, View<R, 3> input_gradient = {}) const;

 private:
  // One head of one sequence, in the tape's memory; rows of queries, keys and values lie 3 width apart.
  struct Head {
    long projected, mixed;  // where its first query stands, and its first mixed value
    R* weights;
    const std::uint8_t* present;
  };
  [[nodiscard]] Head head_of(int sequence, int head, AttentionTape<R>& tape) const;
  void reserve(AttentionTape<R>& tape, int batch, int steps) const;
  void mix(const Head& head, AttentionTape<R>& tape) const;
  void mix_backward(const Head& head, AttentionTape<R>& tape) const;
  // c [rows][outputs] = x [rows][inputs] times the kernel of a block, plus the bias behind it.
  void project(int block, std::span<const R> parameters, const R* x, R* c, AttentionTape<R>& tape) const;
  void project_backward(int block, const R* x, const R* slopes, std::span<R> gradient, AttentionTape<R>& tape) const;
  void multiply(kernels::MatrixProduct<R> product, AttentionTape<R>& tape) const;

  AttentionSpec spec_;
  std::vector<ParameterBlock> blocks_;
  long num_parameters_ = 0;
  const kernels::NetworkKernels<R>* kernels_;
};

extern template class Attention<float>;
extern template class Attention<double>;

}  // namespace lockstep::models::networks
