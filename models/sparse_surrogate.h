// A sparse model of a whole task as an agent observes it: dynamics, reward and the region it may be trusted in, as
// ensembles of equations. N. Zolman, C. Lagemann, U. Fasel, J. N. Kutz, S. L. Brunton, "SINDy-RL: Interpretable and
// efficient model-based reinforcement learning", 2024.
//
//   o' = o + dt Theta(o, u) Xi          the observation one control step later
//   r  = Theta_r(o', u) xi              or of o, whichever tells more of the rewards; or an expression that is known
//
// Pairs of observations that are a sine and a cosine (their squares sum to 1 in all data) are put back on the circle
// after every step. Observations whose rate of change is observed too follow it without an equation of their own.
//
// An observation with the name of a state is fitted inside that state's smooth box alone (TaskSpec: joint ranges,
// rails). Its faces are inelastic stops: the model is not asked what they do, for a stop pushes a joint as its actuator
// does. Where a step would pass a face, the action is replaced by the one that ends the step on it.
#pragma once

#include "engine/byte_stream.h"
#include "engine/dynamics.h"
#include "engine/environment.h"
#include "engine/settings.h"
#include "engine/transitions.h"
#include "models/bootstrap.h"
#include "models/sindy.h"
#include "models/sparse_map.h"
#include "models/stlsq.h"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lockstep::models {

struct SurrogateConfig {
  // Of observations and actions, as text (models/library_text.h). Names are the task's, other characters than letters
  // and digits replaced by _ ("cos(theta)" is cos_theta).
  std::string library = "affine(polynomial(3, states))";
  StlsqConfig regression{.threshold = 1e-3, .threshold_on = "contribution", .alpha = 1e-8};
  BootstrapConfig bootstrap{.members = 20, .resample = "rows", .drop_features = 1};
  std::string combine = "sample";  // sample: members side by side | median | mean of their coefficients
  std::string reward = {};         // an expression of the observation after the step and of the actions; empty: fitted
  std::string reward_library = "polynomial(2)";
  StlsqConfig reward_regression{.threshold = 1e-3, .threshold_on = "contribution", .alpha = 1e-8};
  double margin = 0.5;      // the model is trusted so far beyond the data, in ranges of each observation, >= 0
  int trial_steps = 25;     // members are tried on motions of that length, >= 1
  double trial_limit = 10;  // members whose error in it is that much larger than the median member's are left out, >= 1

  void describe(Fields& fields);
  void check() const;  // throws Error
};

// Dynamics over observations, with pairs on their circles and stops at the faces of the field's box, where both the
// observation and its rate are observed. One object serves one thread.
class SurrogateDynamics final : public Dynamics {
 public:
  using Circles = std::vector<std::pair<int, int>>;
  // The field must be affine in the controls where it has stops.
  SurrogateDynamics(Sindy field, Circles circles);

  [[nodiscard]] int state_size() const override { return field_.state_size(); }
  [[nodiscard]] int control_size() const override { return field_.control_size(); }
  [[nodiscard]] double timestep() const override { return field_.timestep(); }
  [[nodiscard]] std::string name() const override { return "surrogate " + field_.name(); }
  void step(View<const double, 2> x, View<const double, 2> u, View<double, 2> next) override;
  [[nodiscard]] std::unique_ptr<Dynamics> clone() const override { return std::make_unique<SurrogateDynamics>(*this); }

  [[nodiscard]] const Sindy& field() const { return field_; }

 private:
  // An observation between two faces, and the one that is its rate of change.
  struct Stop {
    int position, velocity;
    double low, high;
  };
  void hold(const Stop& stop, std::span<const double> x, std::span<const double> u, std::span<double> next);

  Sindy field_;
  Circles circles_;
  std::vector<Stop> stops_;
  std::vector<double> pushed_, reached_;  // [nu], [nx] scratch of hold()
};

class SparseSurrogate {
 public:
  // Error for a library, an expression or a number that does not fit, and for a task with discrete actions.
  SparseSurrogate(const TaskSpec& task, const SurrogateConfig& config);

  // Rows are observations [rows][observation_size] and actions. Deterministic: a function of data and settings. Error
  // as for fit_map, and where no member survives its trial.
  void fit(const TransitionData& data);
  [[nodiscard]] bool is_fitted() const { return reward_.has_value(); }

  // All below: of the last fit. One dynamics, or as many as members with combine = sample.
  [[nodiscard]] const std::vector<SurrogateDynamics>& dynamics() const { return dynamics_; }
  [[nodiscard]] const SparseMap& reward() const { return *reward_; }
  [[nodiscard]] bool rewards_state_before() const { return rewards_before_; }
  [[nodiscard]] std::span<const double> low() const { return low_; }    // [observation_size] of the trusted region
  [[nodiscard]] std::span<const double> high() const { return high_; }  // [observation_size]
  [[nodiscard]] double least_reward() const { return reward_->low(); }  // in the data; predictions are cut to its range
  [[nodiscard]] int rows() const { return rows_; }                      // fitted to
  [[nodiscard]] int members() const { return members_; }                // that survived their trial
  [[nodiscard]] double reward_score() const { return reward_score_; }   // R^2 on the data
  [[nodiscard]] int terms() const;                                      // of dynamics and reward, mean over members

  // "x' = ..." for every observation, of several members the median term by term, and "reward = ...".
  [[nodiscard]] std::vector<std::string> equations() const;
  // Names of observations and actions as expressions and libraries know them.
  [[nodiscard]] const InputNames& names() const { return names_; }

  void save(ByteWriter& out) const;
  void load(ByteReader& in);

 private:
  void fit_dynamics(const TransitionData& data);
  void fit_rewards(const TransitionData& data);
  void find_region(const TransitionData& data);
  void find_circles(const TransitionData& data);
  [[nodiscard]] SurrogateDynamics make_dynamics(const Eigen::MatrixXd& coefficients) const;
  [[nodiscard]] std::vector<int> members_to_trust(const Bootstrap& ensemble, const TransitionData& data) const;

  SurrogateConfig config_;
  SindySystem system_;
  InputNames names_;
  FeatureLibrary library_, reward_library_;
  SurrogateDynamics::Circles circles_;
  std::vector<SurrogateDynamics> dynamics_;
  std::optional<SparseMap> reward_;
  bool rewards_before_ = false;
  double reward_score_ = 0;
  int rows_ = 0, members_ = 0;
  std::vector<double> low_, high_;
};

}  // namespace lockstep::models
