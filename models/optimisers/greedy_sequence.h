// Nested sequences of supports: terms dropped one by one from all, or added one by one to none.
#pragma once

#include "models/optimisers/optimiser.h"

#include <string>
#include <vector>

namespace lockstep::models::optimisers {

struct Step {
  std::vector<int> terms;  // in rising order
  double residual = 1;     // share of the target's sum of squares that least squares on them leaves
};

struct BackwardRule {
  bool by_loss = true;   // drop the term whose loss raises the residual least; else the smallest |value|
  bool in_units = true;  // |value| of columns of unit length; else of coefficients as they are (by_loss false only)
  double alpha = 1e-12;  // ridge on columns of unit length, > 0
};
// From all candidates of the target to none.
[[nodiscard]] std::vector<Step> backward_sequence(const Problem& problem, int target, const BackwardRule& rule);

// From none upwards: the term that lowers the residual most, orthogonalised against those before (Chen, Billings, Luo
// 1989, Int. J. Control 50, 1873). Ends at max_terms, or where what is left of every column or of the target is
// rounding.
[[nodiscard]] std::vector<Step> forward_sequence(const Problem& problem, int target, int max_terms);

// Terms of the step with the least `information`.
[[nodiscard]] std::vector<int> chosen_terms(const std::vector<Step>& sequence, const std::string& criterion,
                                            double rows);

}  // namespace lockstep::models::optimisers
