// Second derivatives of dynamics: what DDP wants beyond Dynamics, exact where a model has them.
#pragma once

#include "engine/dynamics.h"

namespace lockstep {

// Implemented beside Dynamics by models with exact second derivatives.
class SecondOrder {
 public:
  virtual ~SecondOrder() = default;
  // F [rows][nx][n][n], n = nx + nu: F(row, i) is the Hessian of the next state's number i by (x, u).
  virtual void second(View<const double, 2> x, View<const double, 2> u, View<double, 4> F) = 0;
};

// The same by centred differences of `jacobian`, made symmetric.
void difference_jacobians(Dynamics& dynamics, View<const double, 2> x, View<const double, 2> u, View<double, 4> F);

// The same for any dynamics: its own where it is SecondOrder, else by differences.
void second_derivatives(Dynamics& dynamics, View<const double, 2> x, View<const double, 2> u, View<double, 4> F);

}  // namespace lockstep
