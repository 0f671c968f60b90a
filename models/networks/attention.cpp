// Passes of multi-head self-attention.
#include "models/networks/attention.h"
#include "engine/error.h"
#include "models/networks/chosen_kernels.h"
#include "models/networks/initialisers.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include <fmt/format.h>

namespace lockstep::models::networks {
namespace {

enum Block { kProjectionKernel, kProjectionBias, kOutputKernel, kOutputBias };
constexpr int kParts = 3;  // queries, keys, values

}  // namespace

template <class R>
Attention<R>::Attention(const AttentionSpec& spec) : spec_(spec), kernels_(&chosen_kernels<R>()) {
  if (spec.width < 1 || spec.heads < 1 || spec.width % spec.heads != 0) {
    throw Error(fmt::format("attention of width {} in {} heads", spec.width, spec.heads), "network",
                "make the width a positive multiple of the number of heads");
  }
  const auto add = [&](const char* name, const std::vector<int>& shape) {
    blocks_.push_back({name, shape, num_parameters_});
    num_parameters_ += blocks_.back().size();
  };
  add("projection.kernel", {spec.width, kParts * spec.width});
  add("projection.bias", {kParts * spec.width});
  add("output.kernel", {spec.width, spec.width});
  add("output.bias", {spec.width});
}

template <class R>
void Attention<R>::initialise(std::uint64_t seed, std::uint32_t stream, std::span<R> parameters) const {
  assert(static_cast<long>(parameters.size()) == num_parameters_);
  std::ranges::fill(parameters, R(0));
  const int width = spec_.width;
  std::vector<R> weights(static_cast<size_t>(width) * static_cast<size_t>(width));
  for (int part = 0; part <= kParts; ++part) {
    const View<R, 2> drawn = view(weights.data(), width, width);
    initialise_weights(Initialiser::kGlorot, {{seed, stream}, static_cast<std::uint32_t>(part)}, drawn);
    const ParameterBlock& block = blocks_[part < kParts ? kProjectionKernel : kOutputKernel];
    const View<R, 2> kernel = view(parameters.data() + block.offset, width, block.shape[1]);
    for (int i = 0; i < width; ++i) {
      for (int j = 0; j < width; ++j) kernel(i, part < kParts ? part * width + j : j) = drawn(i, j);
    }
  }
}

template <class R>
void Attention<R>::reserve(AttentionTape<R>& tape, int batch, int steps) const {
  if (tape.layer_ == this && batch <= tape.batch_ && steps <= tape.steps_) return;
  tape.batch_ = tape.layer_ == this ? std::max(batch, tape.batch_) : batch;
  tape.steps_ = tape.layer_ == this ? std::max(steps, tape.steps_) : steps;
  tape.layer_ = this;
  const auto rows = static_cast<size_t>(tape.batch_) * static_cast<size_t>(tape.steps_);
  const auto width = static_cast<size_t>(spec_.width), keys = static_cast<size_t>(tape.steps_);
  tape.projected_ = HostBuffer<R>(kParts * rows * width);
  tape.projected_gradient_ = HostBuffer<R>(kParts * rows * width);
  tape.weights_ = HostBuffer<R>(rows * static_cast<size_t>(spec_.heads) * keys);
  tape.weight_gradient_ = HostBuffer<R>(keys * keys);
  for (HostBuffer<R>* buffer : {&tape.mixed_, &tape.mixed_gradient_, &tape.output_})
    *buffer = HostBuffer<R>(rows * width);
  const int widest = std::max(kParts * spec_.width, tape.steps_);
  tape.scratch_ =
      HostBuffer<R>(static_cast<size_t>(kernels::product_scratch<R>(widest, std::max(static_cast<int>(rows), widest))));
}

template <class R>
void Attention<R>::multiply(kernels::MatrixProduct<R> product, AttentionTape<R>& tape) const {
  product.panel = tape.scratch_.data();
  kernels_->multiply(product);
}

template <class R>
void Attention<R>::project(int block, std::span<const R> parameters, const R* x, R* c, AttentionTape<R>& tape) const {
  const int width = blocks_[static_cast<size_t>(block)].shape[1];
  multiply({.m = tape.given_.inputs.extent(0) * tape.given_.inputs.extent(1),
            .n = width,
            .k = spec_.width,
            .a = {x, spec_.width, 1},
            .b = {parameters.data() + blocks_[static_cast<size_t>(block)].offset, width, 1},
            .start = parameters.data() + blocks_[static_cast<size_t>(block) + 1].offset,
            .c = c,
            .c_stride = width},
           tape);
}

template <class R>
void Attention<R>::project_backward(int block, const R* x, const R* slopes, std::span<R> gradient,
                                    AttentionTape<R>& tape) const {
  const int width = blocks_[static_cast<size_t>(block)].shape[1];
  R* const target = gradient.data() + blocks_[static_cast<size_t>(block)].offset;
  multiply({.m = spec_.width,
            .n = width,
            .k = tape.given_.inputs.extent(0) * tape.given_.inputs.extent(1),
            .a = {x, 1, spec_.width},
            .b = {slopes, width, 1},
            .start = target,
            .start_stride = width,
            .c = target,
            .c_stride = width,
            .row_sums = gradient.data() + blocks_[static_cast<size_t>(block) + 1].offset},
           tape);
}

template <class R>
typename Attention<R>::Head Attention<R>::head_of(int sequence, int head, AttentionTape<R>& tape) const {
  const AttentionInputs<R>& given = tape.given_;
  const int steps = given.inputs.extent(1), share = spec_.width / spec_.heads;
  const long row = static_cast<long>(sequence) * steps;
  return {.projected = row * kParts * spec_.width + head * share,
          .mixed = row * spec_.width + head * share,
          .weights = tape.weights_.data() + (static_cast<long>(sequence) * spec_.heads + head) * steps * steps,
          .present = given.present.data_handle() == nullptr ? nullptr : &given.present(sequence, 0)};
}

// Weights of one head, and the values that they mix.
template <class R>
void Attention<R>::mix(const Head& head, AttentionTape<R>& tape) const {
  const int steps = tape.given_.inputs.extent(1), share = spec_.width / spec_.heads, stride = kParts * spec_.width;
  const R* const queries = tape.projected_.data() + head.projected;
  const R* const keys = queries + spec_.width;
  multiply({.m = steps,
            .n = steps,
            .k = share,
            .a = {keys, stride, 1},
            .b = {queries, 1, stride},
            .c = head.weights,
            .c_stride = steps},
           tape);
  kernels_->attend({.keys = steps,
                    .queries = steps,
                    .scale = static_cast<R>(1 / std::sqrt(static_cast<double>(share))),
                    .is_causal = spec_.is_causal,
                    .present = head.present,
                    .weights = head.weights});
  multiply({.m = steps,
            .n = share,
            .k = steps,
            .a = {head.weights, 1, steps},
            .b = {keys + spec_.width, stride, 1},
            .c = tape.mixed_.data() + head.mixed,
            .c_stride = spec_.width},
           tape);
}

template <class R>
View<const R, 3> Attention<R>::forward(std::span<const R> parameters, const AttentionInputs<R>& given,
                                       AttentionTape<R>& tape) const {
  const int batch = given.inputs.extent(0), steps = given.inputs.extent(1);
  assert(static_cast<long>(parameters.size()) == num_parameters_ && given.inputs.extent(2) == spec_.width);
  reserve(tape, batch, steps);
  tape.given_ = given;
  project(kProjectionKernel, parameters, given.inputs.data_handle(), tape.projected_.data(), tape);
  for (int sequence = 0; sequence < batch; ++sequence) {
    for (int head = 0; head < spec_.heads; ++head) mix(head_of(sequence, head, tape), tape);
  }
  project(kOutputKernel, parameters, tape.mixed_.data(), tape.output_.data(), tape);
  tape.outputs_ = view(static_cast<const R*>(tape.output_.data()), batch, steps, spec_.width);
  tape.seen_ = view(static_cast<const R*>(tape.weights_.data()), batch, spec_.heads, steps, steps);
  return tape.outputs_;
}

// With o = w v per query: derivatives by values are w' do, by weights do v', and the scores' go to queries and keys.
template <class R>
void Attention<R>::mix_backward(const Head& head, AttentionTape<R>& tape) const {
  const int steps = tape.given_.inputs.extent(1), share = spec_.width / spec_.heads, stride = kParts * spec_.width;
  const R* const queries = tape.projected_.data() + head.projected;
  const R *const keys = queries + spec_.width, *const values = keys + spec_.width;
  R* const of_queries = tape.projected_gradient_.data() + head.projected;
  const R* const slopes = tape.mixed_gradient_.data() + head.mixed;
  R* const of_weights = tape.weight_gradient_.data();
  const auto product = [&](kernels::StridedMatrix<R> a, kernels::StridedMatrix<R> b, R* c) {
    multiply({.m = steps, .n = share, .k = steps, .a = a, .b = b, .c = c, .c_stride = stride}, tape);
  };
  multiply({.m = steps,
            .n = steps,
            .k = share,
            .a = {values, stride, 1},
            .b = {slopes, 1, spec_.width},
            .c = of_weights,
            .c_stride = steps},
           tape);
  kernels_->attend_backward({.keys = steps,
                             .queries = steps,
                             .scale = static_cast<R>(1 / std::sqrt(static_cast<double>(share))),
                             .weights = head.weights,
                             .gradient = of_weights});
  product({of_weights, 1, steps}, {keys, stride, 1}, of_queries);
  product({of_weights, steps, 1}, {queries, stride, 1}, of_queries + spec_.width);
  product({head.weights, steps, 1}, {slopes, spec_.width, 1}, of_queries + 2 * spec_.width);
}

template <class R>
void Attention<R>::backward(std::span<const R> parameters, View<const R, 3> output_gradient, AttentionTape<R>& tape,
                            std::span<R> gradient, View<R, 3> input_gradient) const {
  const AttentionInputs<R>& given = tape.given_;
  const int batch = given.inputs.extent(0), rows = batch * given.inputs.extent(1);
  assert(output_gradient.extent(0) == batch && output_gradient.extent(2) == spec_.width);
  assert(gradient.empty() || static_cast<long>(gradient.size()) == num_parameters_);
  // c [rows][width] = slopes [rows][k] times the transpose of a block's kernel.
  const auto pull = [&](Block block, const R* slopes, R* c) {
    const int k = blocks_[block].shape[1];
    multiply({.m = rows,
              .n = spec_.width,
              .k = k,
              .a = {slopes, k, 1},
              .b = {parameters.data() + blocks_[block].offset, 1, k},
              .c = c,
              .c_stride = spec_.width},
             tape);
  };
  pull(kOutputKernel, output_gradient.data_handle(), tape.mixed_gradient_.data());
  for (int sequence = 0; sequence < batch; ++sequence) {
    for (int head = 0; head < spec_.heads; ++head) mix_backward(head_of(sequence, head, tape), tape);
  }
  if (input_gradient.data_handle() != nullptr)
    pull(kProjectionKernel, tape.projected_gradient_.data(), input_gradient.data_handle());
  if (gradient.empty()) return;
  project_backward(kOutputKernel, tape.mixed_.data(), output_gradient.data_handle(), gradient, tape);
  project_backward(kProjectionKernel, given.inputs.data_handle(), tape.projected_gradient_.data(), gradient, tape);
}

template class Attention<float>;
template class Attention<double>;

}  // namespace lockstep::models::networks
