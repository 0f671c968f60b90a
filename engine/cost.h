// Cost: what a planner minimises, with derivatives, beside Dynamics and knowing nothing of it.
#pragma once

#include "engine/view.h"

#include <memory>
#include <string>

namespace lockstep {

// J = sum over k < N of stage(x_k, u_k) + terminal(x_N). Shapes as in Dynamics: x [rows][nx], u [rows][nu], row-major.
class Cost {
 public:
  // Second-order expansion of one row: l_x [nx], l_u [nu], l_xx [nx][nx], l_ux [nu][nx], l_uu [nu][nu].
  struct Expansion {
    View<double, 2> x;   // [rows][nx]
    View<double, 2> u;   // [rows][nu]
    View<double, 3> xx;  // [rows][nx][nx]
    View<double, 3> ux;  // [rows][nu][nx]
    View<double, 3> uu;  // [rows][nu][nu]
  };

  virtual ~Cost() = default;
  [[nodiscard]] virtual int state_size() const = 0;
  [[nodiscard]] virtual int control_size() const = 0;

  // values [rows]
  virtual void stage(View<const double, 2> x, View<const double, 2> u, View<double, 1> values) const = 0;
  virtual void terminal(View<const double, 2> x, View<double, 1> values) const = 0;

  // Derivatives of the stage cost; the default takes finite differences of `stage` (centred, second order).
  virtual void expand_stage(View<const double, 2> x, View<const double, 2> u, const Expansion& out) const;
  // gradient [rows][nx], hessian [rows][nx][nx] of the terminal cost; the default takes finite differences.
  virtual void expand_terminal(View<const double, 2> x, View<double, 2> gradient, View<double, 3> hessian) const;
};

}  // namespace lockstep
