// Sparse functions y = Theta(x, u) c fitted as ensembles: SINDy-RL's reward models, and policies distilled from any
// other. N. Zolman, C. Lagemann, U. Fasel, J. N. Kutz, S. L. Brunton 2024, "SINDy-RL".
#pragma once

#include "engine/byte_stream.h"
#include "engine/settings.h"
#include "engine/transitions.h"
#include "engine/view.h"
#include "models/bootstrap.h"
#include "models/feature_library.h"

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <Eigen/Core>

namespace lockstep::models {

// Immutable. Outputs are clipped to [low, high].
class SparseMap {
 public:
  // coefficients [features][outputs]
  SparseMap(FeatureLibrary library, Eigen::MatrixXd coefficients, double low, double high);

  [[nodiscard]] const FeatureLibrary& library() const { return library_; }
  [[nodiscard]] const Eigen::MatrixXd& coefficients() const { return coefficients_; }
  [[nodiscard]] int outputs() const { return static_cast<int>(coefficients_.cols()); }
  [[nodiscard]] double low() const { return low_; }
  [[nodiscard]] double high() const { return high_; }
  [[nodiscard]] int terms() const { return static_cast<int>((coefficients_.array() != 0).count()); }
  // x [rows][nx], u [rows][nu] -> y [rows][outputs]
  void evaluate(View<const double, 2> x, View<const double, 2> u, View<double, 2> y) const;
  // Per output a list of [coefficient, feature], features with the inputs' names or x0, u0 ...
  [[nodiscard]] std::vector<std::vector<std::pair<double, std::string>>> equation_terms(
      const InputNames& names = {}) const;
  // What each output is before it is clipped, as text.
  [[nodiscard]] std::vector<std::string> formulas(const InputNames& names = {}, int significant_digits = 4) const;

  void save(ByteWriter& out) const;
  static SparseMap load(ByteReader& in);

 private:
  FeatureLibrary library_;
  Eigen::MatrixXd coefficients_;
  double low_, high_;
};

struct SparseMapConfig {
  StlsqConfig regression{.threshold = 5e-2, .alpha = 1e-5};
  BootstrapConfig bootstrap{.members = 20, .resample = "rows", .drop_features = 1};
  std::string combine = "median";  // median | mean: of the members' coefficients, term by term

  void describe(Fields& fields);
  void check() const;  // throws Error
};

struct SparseMapFit {
  SparseMap map;              // the members combined
  Bootstrap ensemble;         // coefficients of all members, spread, inclusion
  std::vector<double> rmse;   // [outputs] of the combined map on the rows it was fitted to
  std::vector<double> score;  // [outputs] R^2; 1 - rmse^2 where the output does not vary
  double seconds = 0;
};

// Errors as for bootstrap_stlsq; y [rows][outputs].
[[nodiscard]] SparseMapFit fit_map(const FeatureLibrary& library, View<const double, 2> x, View<const double, 2> u,
                                   View<const double, 2> y, const SparseMapConfig& config = {});

// The reward as a function of state and control. Features that name no control make it one of the state alone.
[[nodiscard]] SparseMapFit fit_reward(const TransitionData& data, const FeatureLibrary& library,
                                      const SparseMapConfig& config = {});

// Mean actions of a policy: x [rows][nx] -> u [rows][nu], not clipped.
using PolicyMean = std::function<void(View<const double, 2> x, View<double, 2> u)>;

struct DistillConfig {
  SparseMapConfig fit{};  // threshold and alpha are not used
  std::vector<double> thresholds{1e-3, 3e-3, 1e-2, 3e-2, 1e-1};
  std::vector<double> alphas{1e-5, 1e-3, 1e-1};
  int copies = 2;           // of the states, with noise, that are labelled beside them, >= 0
  double noise = 0.1;       // standard deviation, in units of the states
  double label_limit = 5;   // labels are clipped to +-; > 0
  double action_limit = 1;  // the policy's actions are clipped to +-; > 0
  double slack = 0.01;      // share of the least error that a sparser policy may exceed it by, >= 0
  std::uint64_t seed = 0;   // of the noise

  void check() const;  // throws Error
};

struct Distilled {
  SparseMapFit fit;
  double threshold = 0, alpha = 0;  // that the policy was chosen with
  double error = 0;                 // rms difference of clipped actions on the states without noise
};

// A sparse policy that does as `policy` does: labels it on `states` [rows][nx] and on noisy copies of them, fits
// ensembles over the grid of thresholds and ridges, and takes the one whose clipped actions differ least on the states
// themselves; the sparsest of those within `slack` of it. `library` has no controls.
[[nodiscard]] Distilled distill_policy(const PolicyMean& policy, int num_actions, View<const double, 2> states,
                                       const FeatureLibrary& library, const DistillConfig& config = {});

}  // namespace lockstep::models
