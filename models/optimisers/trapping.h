// Trapping regions of quadratic models x' = c + Lx + q(x) whose quadratic terms keep energy (Schlegel, Noack 2015,
// J. Fluid Mech. 765, 325). About a centre m the energy |x - m|^2 / 2 changes by (x - m)' A (x - m) + (x - m)' f(m),
// with A = L + the Jacobian of q at m: where the symmetric part of A is negative definite, all motion ends in a ball.
#pragma once

#include "models/feature_library.h"

#include <Eigen/Core>

namespace lockstep::models {

struct TrappingRegion {
  Eigen::VectorXd centre;         // [nx] m
  double largest_eigenvalue = 0;  // of the symmetric part of A: the ball traps where it is below 0
  double radius = 0;              // |f(m)| / |largest eigenvalue|; infinite where that is not below 0
  double energy_error = 0;        // largest coefficient of a cubic monomial in the change of energy
};

// coefficients [features][nx]; terms beyond quadratic ones are an Error.
[[nodiscard]] TrappingRegion trapping_region(const FeatureLibrary& library, const Eigen::MatrixXd& coefficients,
                                             const Eigen::VectorXd& centre);
// The same about the centre with the least largest eigenvalue that descent from `start` finds.
[[nodiscard]] TrappingRegion find_trapping_region(const FeatureLibrary& library, const Eigen::MatrixXd& coefficients,
                                                  Eigen::VectorXd start);

// Symmetric part of A as a linear map of the coefficients: row i * nx + j times c [nx * features]. [nx * nx][nx *
// features]
[[nodiscard]] Eigen::MatrixXd symmetric_part_map(const FeatureLibrary& library, const Eigen::VectorXd& centre);

}  // namespace lockstep::models
