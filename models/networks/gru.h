// Gated recurrent units over sequences, forward and through time, with states that begin anew where episodes do.
//
// A batch of sequences is [steps][batch][numbers], so that a step is one matrix. With a = x W + c [3 hidden] of the
// input and b = h U + d [3 hidden] of the state, in the order reset | update | candidate (kernels/gru.h has the
// equations),
//   r = logistic(a_r + b_r),  z = logistic(a_z + b_z),  n = tanh(a_n + r b_n),  h' = (1 - z) n + z h
// which is PyTorch's GRU. Parameters are one flat vector that the caller owns, as a Network's are. Nothing is allocated
// once the tape has seen the largest batch of sequences; results do not depend on how many of them run side by side.
#pragma once

#include "models/networks/network.h"

#include <cstdint>
#include <span>
#include <vector>

namespace lockstep::models::networks {

// What a unit reads.
template <class R>
struct Sequences {
  View<const R, 3> inputs = {};   // [steps][batch][inputs]
  View<const R, 2> initial = {};  // states before the first step [batch][hidden]; empty: zeros
  View<const std::uint8_t, 2> starts =
      {};  // [steps][batch], 1 where an episode begins: its state is 0; empty: none begins
};

// What a backward pass makes beside the parameters' gradient; both overwritten, an empty view skips it.
template <class R>
struct SequenceGradients {
  View<R, 3> inputs = {};   // [steps][batch][inputs]
  View<R, 2> initial = {};  // [batch][hidden]
};

// What a backward pass needs of the forward pass before it; also the scratch of both.
template <class R>
class GruTape {
 public:
  // States after every step of the last forward pass, [steps][batch][hidden].
  [[nodiscard]] View<const R, 3> outputs() const { return outputs_; }

 private:
  template <class>
  friend class Gru;
  HostBuffer<R> from_input_, from_state_, gates_;       // [steps][batch][3 hidden]
  HostBuffer<R> before_, after_;                        // states around every step, [steps][batch][hidden]
  HostBuffer<R> input_gradient_, from_state_gradient_;  // [steps][batch][3 hidden]
  HostBuffer<R> carried_;                               // gradient of a state, [batch][hidden]
  HostBuffer<R> scratch_;
  const void* unit_ = nullptr;  // whose sizes these are
  long rows_ = 0;               // steps * batch that there is room for
  Sequences<R> sequences_;
  View<const R, 3> outputs_;
};

template <class R>
class Gru {
 public:
  // Both >= 1, else Error.
  Gru(int inputs, int hidden);

  [[nodiscard]] int inputs() const { return inputs_; }
  [[nodiscard]] int hidden() const { return hidden_; }
  [[nodiscard]] long num_parameters() const { return num_parameters_; }
  // "input.kernel" [inputs][3 hidden], "input.bias" [3 hidden], "state.kernel" [hidden][3 hidden], "state.bias".
  [[nodiscard]] const std::vector<ParameterBlock>& parameter_blocks() const { return blocks_; }

  // Weights of inputs uniform (Glorot), those of states orthogonal, each gate's by themselves; biases 0. Functions of
  // (seed, stream) alone. parameters [num_parameters].
  void initialise(std::uint64_t seed, std::uint32_t stream, std::span<R> parameters) const;

  // Returns the states after every step [steps][batch][hidden], valid until the tape is used again. What the sequences
  // view must stay as it is until backward() is done.
  View<const R, 3> forward(std::span<const R> parameters, const Sequences<R>& sequences, GruTape<R>& tape) const;

  // Reverse mode through all steps: adds to gradient [num_parameters] what output_gradient [steps][batch][hidden], the
  // derivative of a loss with respect to forward()'s states, makes of it; an empty one skips that.
  void backward(std::span<const R> parameters, View<const R, 3> output_gradient, GruTape<R>& tape,
                std::span<R> gradient, SequenceGradients<R> into = {}) const;

 private:
  void reserve(GruTape<R>& tape, int steps, int batch) const;
  void enter_step(int step, GruTape<R>& tape) const;
  void step_back(int step, std::span<const R> parameters, View<const R, 3> output_gradient, GruTape<R>& tape) const;
  void multiply(kernels::MatrixProduct<R> product, GruTape<R>& tape) const;
  [[nodiscard]] kernels::GruStep<R> step_of(int step, GruTape<R>& tape) const;

  int inputs_, hidden_;
  std::vector<ParameterBlock> blocks_;
  long num_parameters_ = 0;
  const kernels::NetworkKernels<R>* kernels_;
};

extern template class Gru<float>;
extern template class Gru<double>;

}  // namespace lockstep::models::networks
