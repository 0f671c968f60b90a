// Fitting SINDy models to transitions: library, targets, regression, and what the fit is worth on held-out motion.
#pragma once

#include "engine/settings.h"
#include "engine/transitions.h"
#include "models/optimisers/optimiser.h"
#include "models/sindy.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <Eigen/Core>

namespace lockstep::models {

struct SindyConfig {
  std::string library = "mechanical";  // mechanical | polynomial | a library written as text (library_text.h)
  int degree = 2;                      // mechanical: of velocities; polynomial: of states and controls together; >= 0
  int harmonics = 6;                   // mechanical: highest total harmonic of the angles, >= 0
  bool constant = true;
  bool cross_terms = true;             // products of different states
  std::string integrator = "auto";     // auto | map | euler | semi_implicit | rk4; auto: least held-out error of the
                                       // last three
  bool known_kinematics = true;        // fit no equation for a position whose velocity is a state
  std::string optimiser = "stepwise";  // who chooses the terms: `lockstep list optimisers`
  Settings with = {};                  // the optimiser's own settings; stepwise takes significance and regression's
                       // threshold, alpha and refinements, stlsq all of regression, where not given here
  double significance = 4;  // stepwise: standard errors that a coefficient must be away from 0, >= 0
  StlsqConfig regression{.threshold = 1e-4, .threshold_on = "contribution", .alpha = 1e-10};
  double held_out = 0.2;     // share of the rows that errors are measured on, (0, 1)
  int horizon_steps = 100;   // length of the multi-step error, >= 1
  bool refit_on_all = true;  // the model returned is fitted to the held-out rows too (the report's is not)

  void describe(Fields& fields);
  void check() const;  // throws Error
};

// What a fit is worth. Scales: one-step errors are in units of the states; relative ones are divided by the rms of the
// state's one-step change; multi-step ones by the state's standard deviation (an angle's: by pi).
struct FitReport {
  int rows = 0;           // fitted
  int rows_held_out = 0;  // that the errors below were measured on
  int rows_outside = 0;   // left out because a state was outside the system's box
  int features = 0;
  int terms = 0;
  std::string integrator;
  std::vector<double> train_rmse, held_out_rmse;  // [nx] one step
  std::vector<double> held_out_relative;          // [nx] one step
  std::vector<double> multi_step_error;           // [horizon] h + 1 steps ahead, rms over windows and states;
                                                  // shorter where no motion was that long
  double train_score = 0, held_out_score = 0;     // R^2 of the one-step change, mean over states that change
  double condition = 0;                           // worst of the targets, see StlsqResult
  bool converged = true;
  double seconds = 0;
  Eigen::MatrixXd deviation;       // [features][nx] standard deviations of the coefficients where they are known, or
                                   // empty
  Eigen::MatrixXd inclusion;       // [features][nx] of an ensemble: share of the members with the term, else empty
  std::vector<std::string> notes;  // what a user should know: dependent columns, fallbacks, what was chosen
};

struct SindyFit {
  Sindy model;
  FitReport report;
};

// The library that `config` asks for.
//   mechanical  {1, positions, velocities to `degree`, controls} x harmonics of the angles. It holds the equations of
//               motion of open chains: accelerations are affine in controls and quadratic in velocities.
//   polynomial  monomials of states and controls to `degree`
[[nodiscard]] FeatureLibrary make_library(const SindySystem& system, const SindyConfig& config);

// For each state the one that is its derivative in the data, or -1 (relative residual of 2 % and more).
[[nodiscard]] std::vector<int> find_velocities(const TransitionData& data, double timestep);

// Error for empty data, sizes that differ from the system's, a number that is not finite (naming row and state), fewer
// rows than features without ridge, and a box that leaves no rows.
[[nodiscard]] SindyFit fit_sindy(const TransitionData& data, SindySystem system, const SindyConfig& config = {});

// What multi-step errors are measured in: each state's standard deviation in the data, pi for an angle, 1 for a state
// that does not move. [nx]
[[nodiscard]] std::vector<double> state_scale(const TransitionData& data, const SindySystem& system);

// 1 for the rows whose x and next lie inside the system's box, not on its faces: a saturated state is no smooth one.
[[nodiscard]] std::vector<std::uint8_t> is_inside(const TransitionData& data, const SindySystem& system);

// These rows; Error where there are none.
[[nodiscard]] TransitionData rows_inside(const TransitionData& data, const SindySystem& system);

// The optimiser that `config` names, with its settings. Error for an unknown name or setting.
[[nodiscard]] std::unique_ptr<optimisers::Optimiser> make_optimiser(const SindyConfig& config);

// The settings of a SindyConfig; with.* are those of its optimiser.
[[nodiscard]] SindyConfig configured_sindy(const Settings& settings);

// Coefficients of the targets [features][targets] as those of the states [features][nx]; empty stays empty.
[[nodiscard]] Eigen::MatrixXd of_states(const Eigen::MatrixXd& of_targets, const std::vector<int>& targets, int nx);

// Errors of any dynamics 1 .. horizon steps ahead on the motions in `data`, in units of `scale` [nx]: rms over windows
// (every horizon / 4 steps) and states. A window that diverges makes its errors infinite. The curve ends where no
// motion is long enough; empty for no data.
[[nodiscard]] std::vector<double> multi_step_error(Dynamics& dynamics, const TransitionData& data, int horizon,
                                                   const std::vector<double>& scale);

}  // namespace lockstep::models
