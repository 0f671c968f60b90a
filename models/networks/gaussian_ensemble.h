// Probabilistic ensembles: networks that say how sure they are, and whose disagreement says where data was missing.
#pragma once

#include "engine/byte_stream.h"
#include "engine/settings.h"
#include "engine/thread_pool.h"
#include "kernels/philox.h"
#include "models/networks/adam.h"
#include "models/networks/gaussian_network.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace lockstep::models::networks {

// Defaults: M. Janner, J. Fu, M. Zhang, S. Levine, "When to trust your model: model-based policy optimization", NeurIPS
// 2019, and its code.
struct GaussianEnsembleConfig {
  int members = 7;                  // networks, each trained on a bootstrap of its own
  int elites = 5;                   // the best of them on held-out rows, which draws come from
  int layers = 4;                   // hidden layers
  int width = 200;                  // units of a hidden layer
  std::string activation = "silu";  // of hidden units: tanh | relu | elu | silu
  double learning_rate = 1e-3;
  double weight_decay = 5e-5;  // half of it times the square of the weights is added to the loss
  double bound_weight = 0.01;  // of the bounds' distance in the loss
  int batch = 256;             // rows of an update
  double holdout_share = 0.2;  // of the rows, at most `most_holdout`, that judge
  int most_holdout = 1000;
  double improvement = 0.01;  // share by which a member's error must fall to count
  int patience = 5;           // epochs without any member improving after which training ends
  int most_epochs = 200;

  void describe(Fields& fields);
};

// What a fit came to.
struct GaussianEnsembleFit {
  int epochs = 0;
  std::int64_t updates = 0;           // of every member
  std::vector<double> holdout_error;  // [members], mean square error in units of the targets' variance, of what is kept
};

// y ~ N(mean_k(x), deviation_k(x)^2) for each member k. Inputs and targets are standardised by the rows of the last
// fit. Members train on threads of the pool; results do not depend on how many it has.
class GaussianEnsemble {
 public:
  // Initial weights are functions of (seed, number of the member).
  GaussianEnsemble(int inputs, int outputs, const GaussianEnsembleConfig& config, std::uint64_t seed, ThreadPool& pool);

  [[nodiscard]] int inputs() const { return network_.network().inputs(); }
  [[nodiscard]] int outputs() const { return network_.outputs(); }
  [[nodiscard]] int members() const { return config_.members; }
  // The best members by held-out error, the best first.
  [[nodiscard]] std::span<const int> elites() const { return elites_; }

  // Goes on from the present weights until held-out errors no longer fall; each member keeps its best weights. Rows
  // held out, bootstraps and orders are functions of (stream, number of fits so far).
  //   inputs [rows][inputs], targets [rows][outputs]; Error for fewer than 4 rows or numbers that are not finite.
  // Throws Error, naming epoch and member, where a loss stops being finite.
  GaussianEnsembleFit fit(View<const float, 2> inputs, View<const float, 2> targets, kernels::RandomStream stream);

  // Means and deviations [rows][outputs] of one member at inputs [rows][inputs], in the targets' units.
  void predict(int member, View<const float, 2> inputs, View<float, 2> means, View<float, 2> deviations);

  // Draws outputs [rows][outputs]: row r from an elite and by noise that are functions of (stream, step, r).
  void sample(View<const float, 2> inputs, kernels::RandomStream stream, std::uint32_t step, View<float, 2> outputs);

  void save(ByteWriter& out) const;
  void load(ByteReader& in);  // Error where another architecture was saved

 private:
  // Mean and deviation of every column.
  struct Scale {
    std::vector<float> mean, deviation;
    void fit(View<const float, 2> rows);
    void standardise(View<const float, 2> rows, std::span<float> out) const;
  };
  struct Member {
    std::vector<float> parameters, best, gradient;
    double best_error = 0;
    bool has_improved = false;
    std::vector<std::uint32_t> bootstrap;
    std::vector<float> inputs, targets, means, deviations;  // of a minibatch, and predictions
    std::vector<std::uint32_t> drawn;                       // rows that a sample drew this member for
    GaussianNetwork<float>::Scratch scratch;
  };
  // Standardised rows of one fit; the last `holdout` of `order` judge.
  struct Rows {
    std::vector<float> inputs, targets;
    std::vector<std::uint32_t> order;
    size_t training = 0;
    kernels::RandomStream stream;
  };

  [[nodiscard]] Rows split(View<const float, 2> inputs, View<const float, 2> targets, kernels::RandomStream stream);
  void train_epoch(const Rows& rows, int member, int epoch);
  float update(const Rows& rows, Member& member, Adam<float>& adam, std::span<const std::uint32_t> chosen);
  [[nodiscard]] double holdout_error(const Rows& rows, Member& member);
  void gather(const Rows& rows, std::span<const std::uint32_t> chosen, Member& member) const;
  void choose_elites();

  GaussianEnsembleConfig config_;
  GaussianNetwork<float> network_;
  ThreadPool& pool_;
  std::vector<Member> members_;
  std::vector<Adam<float>> adams_;  // [members]
  std::vector<int> elites_;
  Scale input_scale_, target_scale_;
  std::vector<float> standardised_;
  std::uint32_t fits_ = 0;
};

}  // namespace lockstep::models::networks
