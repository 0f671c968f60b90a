// Fitting SINDy models to recorded series: by transitions, by smoothed derivatives, or in weak form, as the noise asks.
#pragma once

#include "models/differentiation.h"
#include "models/series.h"
#include "models/shooting.h"
#include "models/sindy_fit.h"
#include "models/weak_form.h"

#include <string>
#include <vector>

namespace lockstep::models {

struct SeriesFitConfig {
  SindyConfig sindy{.library = "polynomial"};  // its keys stand at the top
  // collocation  transitions of evenly sampled motion (sindy_fit.h): exact for clean data
  // derivative   smoothed states and their derivatives
  // weak         integrals against test functions: best under noise
  // auto         collocation where time is even and the noise below a thousandth of each state's deviation, else weak,
  //              else (trajectories of a few rows) derivative
  std::string formulation = "auto";
  DifferentiationConfig differentiation = {};  // how noise is told from motion, and of `derivative`
  WeakFormConfig weak_form = {};
  bool refine = true;  // derivative and weak: coefficients by maximum likelihood, where time is even and the noise
                       // above a thousandth of a state's deviation
  ShootingConfig shooting = {};

  void describe(Fields& fields);
  void check() const;  // throws Error
};

// The config of settings; with.* are those of the optimiser.
[[nodiscard]] SeriesFitConfig configured_series_fit(const Settings& settings);

struct SeriesFit {
  SindyFit fit;  // derivative, weak: errors and scores of the report are those of the derivatives, multi-step errors
                 // begin from smoothed states
  std::string formulation;
  std::vector<double> noise;      // [nx] estimated standard deviation of the measurement noise
  int rows_left_out = 0;          // in trajectories that are too short
  NormalEquations sums = {};      // of the final model's regression, for paths and scores
  std::vector<int> targets = {};  // states that have an equation, in the order of the sums' targets
};

// timestep: s of the model's steps (and of the data's, where it is even). Error as for fit_sindy, and where
// `collocation` meets uneven time.
[[nodiscard]] SeriesFit fit_series(std::span<const Series> series, SindySystem system,
                                   const SeriesFitConfig& config = {});

// The normal equations behind a model that was fitted to these transitions, and the states that have an equation.
[[nodiscard]] NormalEquations collocation_sums(const TransitionData& data, const Sindy& model,
                                               std::vector<int>& targets);

// The coefficients [features][nx] that each threshold leaves (config.regression.threshold) of stlsq, or of stepwise
// elimination where another optimiser was chosen, from the sums alone.
[[nodiscard]] std::vector<Eigen::MatrixXd> threshold_path(const SeriesFit& fit, const SindyConfig& config,
                                                          const std::vector<double>& thresholds);

}  // namespace lockstep::models
