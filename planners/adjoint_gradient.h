// Gradients of a roll-out's cost by its controls: one reverse sweep through the Jacobians of the dynamics.
// Bryson, Ho, "Applied optimal control" (1975), sec. 2.2, with J = sum_k l(x_k, u_k) + l_f(x_N):
//   lambda_N = l_f,x    dJ/du_k = l_u + f_u' lambda_(k+1)    lambda_k = l_x + f_x' lambda_(k+1)
#pragma once

#include "planners/backward_pass.h"
#include "planners/planner.h"

#include <vector>

namespace lockstep::planners {

// Holds the scratch of one thread. Nothing is allocated after the constructor.
class AdjointGradient {
 public:
  AdjointGradient() = default;
  // Of the problem, its cost and its sizes are used; the cost outlives this.
  explicit AdjointGradient(const Problem& problem);

  // slopes [N][nu] = dJ/du at a roll-out: states [N + 1][nx] of the dynamics under controls [N][nu]. Returns false
  // where a number is not finite; slopes are then without meaning.
  bool evaluate(Dynamics& dynamics, const double* states, const double* controls, double* slopes);

 private:
  const Cost* cost_ = nullptr;
  LocalModel model_;
  std::vector<double> adjoint_, before_;  // [nx]
};

}  // namespace lockstep::planners
