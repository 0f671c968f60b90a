// Action values of several networks of one shape, each with a slow copy that targets are taken from.
#pragma once

#include "agents/replay.h"
#include "engine/settings.h"
#include "engine/thread_pool.h"
#include "models/networks/adam.h"
#include "models/networks/network.h"
#include "models/networks/safetensors.h"
#include "models/networks/spectral_norm.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <vector>

namespace lockstep::agents {

// What a policy sees and does.
struct PolicySizes {
  int observation = 0, action = 0;  // numbers of an observation; of an action
};

// Networks of agents that learn from replay: actor and critics alike.
struct OffPolicyNetworkConfig {
  int layers = 2;                   // hidden layers, >= 1
  int width = 256;                  // units of a hidden layer, >= 1
  std::string activation = "relu";  // of hidden units: tanh | relu | elu | silu
  bool normalise_critics = false;   // layer norms in the critics' hidden layers
  double spectral_limit = 0;        // largest spectral norm of the critics' kernels; 0: none

  void describe(Fields& fields);
  // Hidden layers, then a linear one.
  [[nodiscard]] std::vector<models::networks::LayerSpec> layers_to(int outputs, double head_gain,
                                                                   bool is_normalised) const;
};

// `numbers` as a matrix [rows][width].
template <class R>
[[nodiscard]] View<const R, 2> rows_of(const std::vector<R>& numbers, int rows, int width) {
  return view(numbers.data(), rows, width);
}
template <class R>
[[nodiscard]] R mean_of(std::span<const R> numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), R(0)) / static_cast<R>(numbers.size());
}
// What critics see: joint [rows][observation_size + action_size] = observations | actions.
template <class R>
void join_rows(View<const R, 2> observations, View<const R, 2> actions, std::span<R> joint) {
  R* out = joint.data();
  for (int row = 0; row < observations.extent(0); ++row) {
    out = std::copy_n(&observations(row, 0), observations.extent(1), out);
    out = std::copy_n(&actions(row, 0), actions.extent(1), out);
  }
}

// Q_k(s, a), k < count: networks over rows [observation | action]. Their parameters lie in one vector, one critic after
// the other. Passes of different critics may run on threads of `pool`; results do not depend on how many it has.
template <class R>
class Critics {
 public:
  // Initial values are functions of (seed, stream, number of the critic). Throws Error for a spectral limit beside
  // layer norms, which undo it.
  Critics(const PolicySizes& sizes, int count, const OffPolicyNetworkConfig& config, std::uint64_t seed,
          std::uint32_t stream, ThreadPool& pool);

  [[nodiscard]] int count() const { return count_; }
  [[nodiscard]] int inputs() const { return network_.inputs(); }
  [[nodiscard]] std::span<R> parameters() { return parameters_; }
  [[nodiscard]] std::span<const R> parameters() const { return parameters_; }
  [[nodiscard]] std::span<const R> target_parameters() const { return targets_; }

  // values [rows]: the least of all critics' slow copies at inputs [rows][observation_size + action_size].
  void least_target_values(View<const R, 2> inputs, std::span<R> values);

  // gradient [parameters] is overwritten with that of L = mean over rows and sum over critics of
  // weight (Q_k - target)^2 / 2; returns L. weights [rows]; empty: all 1.
  R regression_gradient(View<const R, 2> inputs, std::span<const R> targets, std::span<R> gradient,
                        std::span<const R> weights = {});
  // errors [rows] of the last regression: the mean over critics of |Q_k - target|.
  void mean_errors(std::span<const R> targets, std::span<float> errors) const;

  // L = -mean over rows of the least of the first `used` critics; input_gradient [rows][inputs] is overwritten with its
  // derivative with respect to the inputs. Returns L.
  R least_value_gradient(View<const R, 2> inputs, int used, View<R, 2> input_gradient);

  // A step of the optimiser on all critics along gradient [parameters]; norms above the limit are then scaled down to
  // it, and the slow copies move a share of the way to what came out (0: they stay).
  void step(models::networks::Adam<R>& adam, std::span<const R> gradient, double rate, R share);

  // "critics.0.layers.0.kernel" ..., "target_critics.0. ...".
  void append(models::networks::TensorFile& file) const;
  // Throws Error, naming `where`, for a missing tensor or another shape.
  void take(const models::networks::TensorFile& file, const std::string& where);
  // What a resumed run needs beside them; nothing where no norm is limited.
  void save_norms(ByteWriter& out) const;
  void load_norms(ByteReader& in);

 private:
  template <class Number>
  [[nodiscard]] std::span<Number> part(std::span<Number> vector, int critic) const;
  void reserve(int rows);

  int count_;
  models::networks::Network<R> network_;
  ThreadPool& pool_;
  std::vector<R> parameters_, targets_;
  struct Scratch {
    models::networks::Tape<R> tape, target_tape;
    View<const R, 2> values;
    std::vector<R> output_gradient;  // [rows]
    std::vector<R> input_gradient;   // [rows][inputs]
    std::vector<int> rows;           // where its value is the least
    R loss = 0;
  };
  std::vector<Scratch> scratch_;                           // [count]
  std::vector<models::networks::SpectralNorms<R>> norms_;  // [count], or none
  R spectral_limit_;
};

extern template class Critics<float>;
extern template class Critics<double>;

}  // namespace lockstep::agents
