// Least squares under linear constraints on the coefficients of all targets together.
#pragma once

#include "models/optimisers/optimiser.h"

#include <optional>
#include <vector>

namespace lockstep::models::optimisers {

// A penalty 1/2 weight |rows c - value|^2 beside least squares of targets of length 1; c as in LinearConstraints.
struct QuadraticPenalty {
  Eigen::MatrixXd rows;
  Eigen::VectorXd value;
  double weight = 0;
};

// The coefficients [features][targets] on `mask` that least squares of all targets (each scaled to length 1), a ridge
// and a penalty choose under the problem's constraints. `pull` (may be null) is what the ridge draws them to,
// [features][targets]. Nothing where the constraints cannot hold on those terms.
[[nodiscard]] std::optional<Eigen::MatrixXd> constrained_fit(const Problem& problem, const TermMask& mask, double ridge,
                                                             const Eigen::MatrixXd* pull = nullptr,
                                                             const QuadraticPenalty& penalty = {});

// Energy is kept by the quadratic terms of x' = f(x): the sum of x_i f_i has no cubic monomial. One equality for each
// cubic monomial of the states (Schlegel, Noack 2015, J. Fluid Mech. 765, 325). Error where a quadratic term lacks in
// the library that its constraint needs.
[[nodiscard]] LinearConstraints energy_constraints(const FeatureLibrary& library);

// Index of the feature x_i (j < 0) or x_i x_j of the states in the library, or -1.
[[nodiscard]] int monomial_index(const FeatureLibrary& library, int i, int j = -1);

}  // namespace lockstep::models::optimisers
