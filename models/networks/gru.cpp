// Passes of gated recurrent units through time.
#include "models/networks/gru.h"
#include "engine/error.h"
#include "models/networks/chosen_kernels.h"
#include "models/networks/initialisers.h"

#include <algorithm>
#include <cassert>

#include <fmt/format.h>

namespace lockstep::models::networks {
namespace {

enum Block { kInputKernel, kInputBias, kStateKernel, kStateBias };
constexpr int kGates = 3;

// Weights of one gate into its columns of kernel [rows][kGates * hidden].
template <class R>
void draw_gate(Initialiser initialiser, const WeightDraw& draw, int gate, View<R, 2> kernel) {
  const int rows = kernel.extent(0), hidden = kernel.extent(1) / kGates;
  std::vector<R> weights(static_cast<size_t>(rows) * static_cast<size_t>(hidden));
  const View<R, 2> drawn = view(weights.data(), rows, hidden);
  initialise_weights(initialiser, draw, drawn);
  for (int i = 0; i < rows; ++i) {
    for (int j = 0; j < hidden; ++j) kernel(i, gate * hidden + j) = drawn(i, j);
  }
}

}  // namespace

template <class R>
Gru<R>::Gru(int inputs, int hidden) : inputs_(inputs), hidden_(hidden), kernels_(&chosen_kernels<R>()) {
  if (inputs < 1 || hidden < 1) {
    throw Error(fmt::format("a recurrent unit of {} inputs and {} hidden numbers", inputs, hidden), "network",
                "give it at least one of each");
  }
  const auto add = [&](const char* name, const std::vector<int>& shape) {
    blocks_.push_back({name, shape, num_parameters_});
    num_parameters_ += blocks_.back().size();
  };
  add("input.kernel", {inputs, kGates * hidden});
  add("input.bias", {kGates * hidden});
  add("state.kernel", {hidden, kGates * hidden});
  add("state.bias", {kGates * hidden});
}

template <class R>
void Gru<R>::initialise(std::uint64_t seed, std::uint32_t stream, std::span<R> parameters) const {
  assert(static_cast<long>(parameters.size()) == num_parameters_);
  std::ranges::fill(parameters, R(0));
  const auto kernel = [&](Block block, int rows) {
    return view(parameters.data() + blocks_[block].offset, rows, kGates * hidden_);
  };
  for (int gate = 0; gate < kGates; ++gate) {
    const auto layer = static_cast<std::uint32_t>(gate);
    draw_gate(Initialiser::kGlorot, {{seed, stream}, layer}, gate, kernel(kInputKernel, inputs_));
    draw_gate(Initialiser::kOrthogonal, {{seed, stream}, kGates + layer}, gate, kernel(kStateKernel, hidden_));
  }
}

template <class R>
void Gru<R>::reserve(GruTape<R>& tape, int steps, int batch) const {
  const long rows = static_cast<long>(steps) * batch;
  if (tape.unit_ == this && rows <= tape.rows_) return;
  const auto grow = [&](HostBuffer<R>& buffer, int width) {
    buffer = HostBuffer<R>(static_cast<size_t>(rows) * static_cast<size_t>(width));
  };
  for (HostBuffer<R>* gates :
       {&tape.from_input_, &tape.from_state_, &tape.gates_, &tape.input_gradient_, &tape.from_state_gradient_})
    grow(*gates, kGates * hidden_);
  for (HostBuffer<R>* states : {&tape.before_, &tape.after_, &tape.carried_}) grow(*states, hidden_);
  const int widest = std::max(inputs_, kGates * hidden_);
  tape.scratch_ = HostBuffer<R>(
      static_cast<size_t>(kernels::product_scratch<R>(widest, static_cast<int>(std::max<long>(rows, widest)))));
  tape.unit_ = this;
  tape.rows_ = rows;
}

template <class R>
void Gru<R>::multiply(kernels::MatrixProduct<R> product, GruTape<R>& tape) const {
  product.panel = tape.scratch_.data();
  kernels_->multiply(product);
}

template <class R>
kernels::GruStep<R> Gru<R>::step_of(int step, GruTape<R>& tape) const {
  const int batch = tape.sequences_.inputs.extent(1);
  const long states = static_cast<long>(step) * batch * hidden_, gates = kGates * states;
  return {.batch = batch,
          .width = hidden_,
          .from_input = tape.from_input_.data() + gates,
          .from_state = tape.from_state_.data() + gates,
          .state = tape.before_.data() + states,
          .gates = tape.gates_.data() + gates,
          .next_state = tape.after_.data() + states};
}

// States before a step: those after the one before it, or 0 where an episode begins.
template <class R>
void Gru<R>::enter_step(int step, GruTape<R>& tape) const {
  const Sequences<R>& s = tape.sequences_;
  const int batch = s.inputs.extent(1);
  const long size = static_cast<long>(batch) * hidden_;
  R* const before = tape.before_.data() + step * size;
  const R* const last = step > 0 ? tape.after_.data() + (step - 1) * size : s.initial.data_handle();
  if (last == nullptr) {
    std::fill_n(before, size, R(0));
  } else {
    std::copy_n(last, size, before);
  }
  if (s.starts.data_handle() == nullptr) return;
  for (int row = 0; row < batch; ++row) {
    if (s.starts(step, row) != 0) std::fill_n(before + static_cast<long>(row) * hidden_, hidden_, R(0));
  }
}

template <class R>
View<const R, 3> Gru<R>::forward(std::span<const R> parameters, const Sequences<R>& sequences, GruTape<R>& tape) const {
  const int steps = sequences.inputs.extent(0), batch = sequences.inputs.extent(1), wide = kGates * hidden_;
  assert(static_cast<long>(parameters.size()) == num_parameters_ && sequences.inputs.extent(2) == inputs_);
  reserve(tape, steps, batch);
  tape.sequences_ = sequences;
  multiply({.m = steps * batch,
            .n = wide,
            .k = inputs_,
            .a = {sequences.inputs.data_handle(), inputs_, 1},
            .b = {parameters.data() + blocks_[kInputKernel].offset, wide, 1},
            .start = parameters.data() + blocks_[kInputBias].offset,
            .c = tape.from_input_.data(),
            .c_stride = wide},
           tape);
  for (int step = 0; step < steps; ++step) {
    enter_step(step, tape);
    const kernels::GruStep<R> now = step_of(step, tape);
    multiply({.m = batch,
              .n = wide,
              .k = hidden_,
              .a = {now.state, hidden_, 1},
              .b = {parameters.data() + blocks_[kStateKernel].offset, wide, 1},
              .start = parameters.data() + blocks_[kStateBias].offset,
              .c = tape.from_state_.data() + static_cast<long>(step) * batch * wide,
              .c_stride = wide},
             tape);
    kernels_->step_gru(now);
  }
  tape.outputs_ = view(static_cast<const R*>(tape.after_.data()), steps, batch, hidden_);
  return tape.outputs_;
}

// From the derivative by the states after a step, of later steps alone in carried_, to that by the states before it.
template <class R>
void Gru<R>::step_back(int step, std::span<const R> parameters, View<const R, 3> output_gradient,
                       GruTape<R>& tape) const {
  const Sequences<R>& s = tape.sequences_;
  const int batch = s.inputs.extent(1), wide = kGates * hidden_;
  const long size = static_cast<long>(batch) * hidden_, gates = kGates * size * step;
  R* const carried = tape.carried_.data();
  const R* const own = output_gradient.data_handle() + step * size;
  for (long i = 0; i < size; ++i) carried[i] += own[i];
  kernels_->step_gru_backward({.step = step_of(step, tape),
                               .next_gradient = carried,
                               .input_gradient = tape.input_gradient_.data() + gates,
                               .from_state_gradient = tape.from_state_gradient_.data() + gates,
                               .state_gradient = carried});
  multiply({.m = batch,
            .n = hidden_,
            .k = wide,
            .a = {tape.from_state_gradient_.data() + gates, wide, 1},
            .b = {parameters.data() + blocks_[kStateKernel].offset, 1, wide},
            .start = carried,
            .start_stride = hidden_,
            .c = carried,
            .c_stride = hidden_},
           tape);
  if (s.starts.data_handle() == nullptr) return;
  for (int row = 0; row < batch; ++row) {
    if (s.starts(step, row) != 0) std::fill_n(carried + static_cast<long>(row) * hidden_, hidden_, R(0));
  }
}

template <class R>
void Gru<R>::backward(std::span<const R> parameters, View<const R, 3> output_gradient, GruTape<R>& tape,
                      std::span<R> gradient, SequenceGradients<R> into) const {
  const Sequences<R>& s = tape.sequences_;
  const int steps = s.inputs.extent(0), batch = s.inputs.extent(1), rows = steps * batch, wide = kGates * hidden_;
  assert(output_gradient.extent(0) == steps && output_gradient.extent(1) == batch);
  assert(gradient.empty() || static_cast<long>(gradient.size()) == num_parameters_);
  const long size = static_cast<long>(batch) * hidden_;
  std::fill_n(tape.carried_.data(), size, R(0));
  for (int step = steps; step-- > 0;) step_back(step, parameters, output_gradient, tape);
  if (into.initial.data_handle() != nullptr) std::copy_n(tape.carried_.data(), size, into.initial.data_handle());
  if (into.inputs.data_handle() != nullptr) {
    multiply({.m = rows,
              .n = inputs_,
              .k = wide,
              .a = {tape.input_gradient_.data(), wide, 1},
              .b = {parameters.data() + blocks_[kInputKernel].offset, 1, wide},
              .c = into.inputs.data_handle(),
              .c_stride = inputs_},
             tape);
  }
  if (gradient.empty()) return;
  // Over all steps at once: sums over steps and sequences are one product.
  const auto add = [&](Block kernel, const R* x, int width, const R* slopes) {
    R* const target = gradient.data() + blocks_[kernel].offset;
    multiply({.m = width,
              .n = wide,
              .k = rows,
              .a = {x, 1, width},
              .b = {slopes, wide, 1},
              .start = target,
              .start_stride = wide,
              .c = target,
              .c_stride = wide,
              .row_sums = gradient.data() + blocks_[kernel + 1].offset},
             tape);
  };
  add(kInputKernel, s.inputs.data_handle(), inputs_, tape.input_gradient_.data());
  add(kStateKernel, tape.before_.data(), hidden_, tape.from_state_gradient_.data());
}

template class Gru<float>;
template class Gru<double>;

}  // namespace lockstep::models::networks
