// Stepwise backward elimination on normal equations: drops, one by one, the term that is missed least.
#pragma once

#include "models/stlsq.h"

namespace lockstep::models {

// Thresholding judges a term by its size, and so keeps both of two terms that cancel each other. Elimination judges it
// by what the fit loses without it when the others are refitted, which holds up on short, noisy and little excited data
// (Efroymson 1960; for SINDy: Boninsegna, Nueske, Clementi 2018, J. Chem. Phys. 148, 241723).
//   loss of term j: sqrt(increase of the residual sum of squares), share of the target's rms
// A term goes while its loss is below `threshold`, or below `significance` standard errors of its coefficient.
struct StepwiseConfig {
  double threshold = 1e-4;  // >= 0
  double significance = 4;  // >= 0
  double alpha = 1e-10;     // ridge on columns of unit length while terms are chosen, > 0; the last solve has none
  int refinements = 2;      // of the last solve, >= 0
};

// Arguments as for stlsq; `iterations` counts the terms dropped.
[[nodiscard]] StlsqResult stepwise(const NormalEquations& sums, const StepwiseConfig& config,
                                   const Eigen::Array<bool, Eigen::Dynamic, Eigen::Dynamic>& allowed = {},
                                   const ResidualPass& residual_pass = {});

}  // namespace lockstep::models
