// Linear regression for the field of a sparse model from transitions, whatever the integrator.
#pragma once

#include "engine/transitions.h"
#include "models/feature_library.h"
#include "models/gram.h"
#include "models/optimisers/optimiser.h"
#include "models/sindy.h"

#include <vector>

#include <Eigen/Core>

namespace lockstep::models {

class FeatureBlock;

// Every integrator gives equations that are linear in the coefficients, one per row and fitted state:
//   map            x'           = Theta(x, u) c
//   euler          (x' - x) / h = Theta(x, u) c
//   semi_implicit  the same for velocities; positions with a known velocity need no fit
//   rk4            (x' - x) / h = 1/6 [Theta(x, u) + 4 Theta(m, u) + Theta(x', u)] c         (Hermite-Simpson)
// where m is the state in the middle of the step, m = (x + x')/2 + h/8 (f(x, u) - f(x', u)). It depends on f: it
// begins with f = 0 and is updated from the last fit, an iteration that contracts by h/8 times the field's slope.
// (Collocation: Hargraves, Paris 1987, J. Guidance 10, 338; its error is of fourth order in h.)
class SindyRegression {
 public:
  // All must outlive this object. `system.velocity_of` is filled in.
  SindyRegression(const TransitionData& data, const SindySystem& system, const FeatureLibrary& library,
                  kernels::SparseIntegrator integrator);

  [[nodiscard]] const std::vector<int>& targets() const { return targets_; }  // states that get an equation
  [[nodiscard]] bool depends_on_field() const { return integrator_ == kernels::SparseIntegrator::kRungeKutta4; }

  // weights [rows] or empty.
  [[nodiscard]] NormalEquations normal_equations(std::span<const double> weights = {}) const;
  // Of the rows first .. last - 1 alone.
  [[nodiscard]] NormalEquations normal_equations_of(int first, int last) const;
  // Folds: trajectories dealt in turn, or as many runs of rows of each where there are fewer; groups: rows at random.
  [[nodiscard]] optimisers::RowParts parts(const optimisers::PartsNeeded& needed) const;
  // Theta' W (Y - Theta c), c [features][targets].
  [[nodiscard]] Eigen::MatrixXd residual(const Eigen::MatrixXd& c, std::span<const double> weights = {}) const;
  // Moves the middle states to those of the field with coefficients c [features][targets].
  void update_middle(const Eigen::MatrixXd& c);

 private:
  template <class Visit>
  void each_block(int begin, int end, const Visit& visit) const;
  void set_inputs(FeatureBlock& block, View<const double, 2> states, int first, int count) const;
  void fill_columns(FeatureBlock& block, int first, int count) const;
  void fill_targets(FeatureBlock& block, int first, int count) const;

  const TransitionData& data_;
  const SindySystem& system_;
  const FeatureLibrary& library_;
  kernels::SparseIntegrator integrator_;
  std::vector<int> targets_;
  std::vector<double> middle_;  // [rows][nx]; rk4 only
};

}  // namespace lockstep::models
