// The reverse sweep through states, controls and adjoints.
#include "planners/adjoint_gradient.h"

#include <cmath>

namespace lockstep::planners {

AdjointGradient::AdjointGradient(const Problem& problem)
    : cost_(problem.cost),
      model_(problem.horizon, problem.dynamics->state_size(), problem.dynamics->control_size()),
      adjoint_(static_cast<size_t>(model_.nx)),
      before_(static_cast<size_t>(model_.nx)) {}

bool AdjointGradient::evaluate(Dynamics& dynamics, const double* states, const double* controls, double* slopes) {
  const int N = model_.horizon, nx = model_.nx, nu = model_.nu;
  const auto x = view(states, N, nx), u = view(controls, N, nu);
  dynamics.jacobian(x, u, model_.A(), model_.B());
  cost_->expand_stage(x, u, model_.stage());
  cost_->expand_terminal(view(states + static_cast<size_t>(N) * nx, 1, nx), view(model_.terminal_x.data(), 1, nx),
                         view(model_.terminal_xx.data(), 1, nx, nx));
  const auto A = model_.A(), B = model_.B();
  adjoint_ = model_.terminal_x;
  bool is_finite = true;
  for (int k = N - 1; k >= 0; --k) {
    double* slope = slopes + static_cast<size_t>(k) * nu;
    for (int j = 0; j < nu; ++j) slope[j] = model_.l_u[static_cast<size_t>(k * nu + j)];
    for (int j = 0; j < nx; ++j) before_[j] = model_.l_x[static_cast<size_t>(k * nx + j)];
    for (int i = 0; i < nx; ++i) {
      for (int j = 0; j < nu; ++j) slope[j] += B(k, i, j) * adjoint_[i];
      for (int j = 0; j < nx; ++j) before_[j] += A(k, i, j) * adjoint_[i];
    }
    for (int j = 0; j < nu; ++j) is_finite = is_finite && std::isfinite(slope[j]);
    std::swap(adjoint_, before_);
  }
  return is_finite;
}

}  // namespace lockstep::planners
