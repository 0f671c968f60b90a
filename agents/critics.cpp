// Values, regression and slow copies of an ensemble of critics.
#include "agents/critics.h"
#include "engine/error.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace lockstep::agents {

using models::networks::Activation;
using models::networks::GradientUse;
using models::networks::LayerSpec;

void OffPolicyNetworkConfig::describe(Fields& fields) {
  fields.add("layers", layers, "hidden layers of every network", {1, 16});
  fields.add("width", width, "units of a hidden layer", {1, 16384});
  fields.add_choice("activation", activation, "of hidden units", models::networks::activation_names());
  fields.add("normalise_critics", normalise_critics, "layer norms in the critics' hidden layers");
  fields.add("spectral_limit", spectral_limit, "largest spectral norm of the critics' kernels; 0: none", {0, 1e6});
}

std::vector<LayerSpec> OffPolicyNetworkConfig::layers_to(int outputs, double head_gain, bool is_normalised) const {
  const std::vector<int> hidden(static_cast<size_t>(layers), width);
  std::vector<LayerSpec> specs =
      models::networks::perceptron(hidden, outputs, models::networks::activation_named(activation), head_gain);
  for (size_t k = 0; k + 1 < specs.size(); ++k) specs[k].is_normalised = is_normalised;
  return specs;
}

template <class R>
Critics<R>::Critics(const PolicySizes& sizes, int count, const OffPolicyNetworkConfig& config, std::uint64_t seed,
                    std::uint32_t stream, ThreadPool& pool)
    : count_(count),
      network_(sizes.observation + sizes.action, config.layers_to(1, 1.0, config.normalise_critics)),
      pool_(pool),
      parameters_(static_cast<size_t>(network_.num_parameters() * count)),
      scratch_(static_cast<size_t>(count)),
      spectral_limit_(static_cast<R>(config.spectral_limit)) {
  if (config.spectral_limit > 0 && config.normalise_critics) {
    throw Error("layer norms undo a limit on spectral norms", "network.spectral_limit",
                "set network.normalise_critics to false, or network.spectral_limit to 0");
  }
  for (int k = 0; k < count; ++k)
    network_.initialise(seed, stream + static_cast<std::uint32_t>(k), part(std::span(parameters_), k));
  targets_ = parameters_;
  if (config.spectral_limit == 0) return;
  for (int k = 0; k < count; ++k) norms_.emplace_back(network_, seed, stream + static_cast<std::uint32_t>(count + k));
}

template <class R>
template <class Number>
std::span<Number> Critics<R>::part(std::span<Number> vector, int critic) const {
  const auto size = static_cast<size_t>(network_.num_parameters());
  return vector.subspan(static_cast<size_t>(critic) * size, size);
}

template <class R>
void Critics<R>::reserve(int rows) {
  const auto count = static_cast<size_t>(rows);
  for (Scratch& scratch : scratch_) {
    scratch.output_gradient.resize(count);
    scratch.input_gradient.resize(count * static_cast<size_t>(inputs()));
    scratch.rows.reserve(count);
  }
}

template <class R>
void Critics<R>::least_target_values(View<const R, 2> inputs, std::span<R> values) {
  pool_.for_each(count_, [&](int k, int) {
    Scratch& scratch = scratch_[static_cast<size_t>(k)];
    scratch.values = network_.forward(part(std::span<const R>(targets_), k), inputs, scratch.target_tape);
  });
  for (size_t row = 0; row < values.size(); ++row) {
    R least = scratch_[0].values(static_cast<int>(row), 0);
    for (const Scratch& scratch : scratch_) least = std::min(least, scratch.values(static_cast<int>(row), 0));
    values[row] = least;
  }
}

template <class R>
R Critics<R>::regression_gradient(View<const R, 2> inputs, std::span<const R> targets, std::span<R> gradient,
                                  std::span<const R> weights) {
  const int rows = inputs.extent(0);
  reserve(rows);
  pool_.for_each(count_, [&](int k, int) {
    Scratch& scratch = scratch_[static_cast<size_t>(k)];
    const std::span<const R> parameters = part(std::span<const R>(parameters_), k);
    scratch.values = network_.forward(parameters, inputs, scratch.tape);
    scratch.loss = 0;
    for (size_t row = 0; row < targets.size(); ++row) {
      const R error = scratch.values(static_cast<int>(row), 0) - targets[row];
      const R weighted = weights.empty() ? error : weights[row] * error;
      scratch.loss += weighted * error / 2;
      scratch.output_gradient[row] = weighted / static_cast<R>(rows);
    }
    network_.backward(parameters, view(std::as_const(scratch.output_gradient).data(), rows, 1), scratch.tape,
                      part(gradient, k), {}, GradientUse::kReplace);
  });
  R loss = 0;
  for (const Scratch& scratch : scratch_) loss += scratch.loss / static_cast<R>(rows);
  return loss;
}

template <class R>
void Critics<R>::mean_errors(std::span<const R> targets, std::span<float> errors) const {
  for (size_t row = 0; row < targets.size(); ++row) {
    R sum = 0;
    for (const Scratch& scratch : scratch_) sum += std::abs(scratch.values(static_cast<int>(row), 0) - targets[row]);
    errors[row] = static_cast<float>(sum / static_cast<R>(count_));
  }
}

template <class R>
R Critics<R>::least_value_gradient(View<const R, 2> inputs, int used, View<R, 2> input_gradient) {
  const int rows = inputs.extent(0);
  reserve(rows);
  pool_.for_each(used, [&](int k, int) {
    Scratch& scratch = scratch_[static_cast<size_t>(k)];
    scratch.values = network_.forward(part(std::span<const R>(parameters_), k), inputs, scratch.tape);
  });
  for (Scratch& scratch : scratch_) scratch.rows.clear();
  R loss = 0;
  for (int row = 0; row < rows; ++row) {
    size_t least = 0;
    for (size_t k = 1; k < static_cast<size_t>(used); ++k)
      least = scratch_[k].values(row, 0) < scratch_[least].values(row, 0) ? k : least;
    loss -= scratch_[least].values(row, 0) / static_cast<R>(rows);
    scratch_[least].rows.push_back(row);
  }
  // Every row goes back through the critic that it was judged by, and through no other.
  pool_.for_each(used, [&](int k, int) {
    Scratch& scratch = scratch_[static_cast<size_t>(k)];
    const int count = static_cast<int>(scratch.rows.size()), width = this->inputs();
    if (count == 0) return;
    network_.keep_rows(scratch.rows, scratch.tape);
    std::ranges::fill(scratch.output_gradient, R(-1) / static_cast<R>(rows));
    network_.backward(part(std::span<const R>(parameters_), k),
                      view(std::as_const(scratch.output_gradient).data(), count, 1), scratch.tape, {},
                      view(scratch.input_gradient.data(), count, width));
    const R* from = scratch.input_gradient.data();
    for (const int row : scratch.rows) {
      std::copy_n(from, width, &input_gradient(row, 0));
      from += width;
    }
  });
  return loss;
}

template <class R>
void Critics<R>::step(models::networks::Adam<R>& adam, std::span<const R> gradient, double rate, R share) {
  if (norms_.empty()) {
    adam.step(gradient, rate, parameters_,
              share > 0 ? models::networks::Follower<R>{targets_, share} : models::networks::Follower<R>{});
    return;
  }
  adam.step(gradient, rate, parameters_);
  for (int k = 0; k < count_; ++k)
    norms_[static_cast<size_t>(k)].limit(spectral_limit_, part(std::span(parameters_), k));
  for (size_t i = 0; i < targets_.size(); ++i) targets_[i] += share * (parameters_[i] - targets_[i]);
}

template <class R>
void Critics<R>::save_norms(ByteWriter& out) const {
  for (const auto& norms : norms_) norms.save(out);
}

template <class R>
void Critics<R>::load_norms(ByteReader& in) {
  for (auto& norms : norms_) norms.load(in);
}

template <class R>
void Critics<R>::append(models::networks::TensorFile& file) const {
  for (int k = 0; k < count_; ++k) {
    append_parameters(network_, part(std::span<const R>(parameters_), k), fmt::format("critics.{}.", k), file);
    append_parameters(network_, part(std::span<const R>(targets_), k), fmt::format("target_critics.{}.", k), file);
  }
}

template <class R>
void Critics<R>::take(const models::networks::TensorFile& file, const std::string& where) {
  for (int k = 0; k < count_; ++k) {
    take_parameters(network_, file, fmt::format("critics.{}.", k), where, part(std::span(parameters_), k));
    take_parameters(network_, file, fmt::format("target_critics.{}.", k), where, part(std::span(targets_), k));
  }
}

template class Critics<float>;
template class Critics<double>;

}  // namespace lockstep::agents
