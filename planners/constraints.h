// Constraints of a planning problem beside its control bounds: equalities c = 0 and inequalities c <= 0, along the way
// and at the end.
#pragma once

#include "engine/view.h"

namespace lockstep::planners {

// Shapes as in Cost: x [rows][nx], u [rows][nu], row-major.
class Constraints {
 public:
  virtual ~Constraints() = default;
  [[nodiscard]] virtual int state_size() const = 0;
  [[nodiscard]] virtual int control_size() const = 0;

  // Numbers of every step and of the end, may be 0; of each, the first are equalities.
  [[nodiscard]] virtual int stage_count() const = 0;
  [[nodiscard]] virtual int stage_equalities() const = 0;
  [[nodiscard]] virtual int terminal_count() const = 0;
  [[nodiscard]] virtual int terminal_equalities() const = 0;

  // values [rows][count]
  virtual void stage(View<const double, 2> x, View<const double, 2> u, View<double, 2> values) const = 0;
  virtual void terminal(View<const double, 2> x, View<double, 2> values) const = 0;
  // c_x [rows][count][nx], c_u [rows][count][nu]; the defaults take centred differences.
  virtual void stage_jacobian(View<const double, 2> x, View<const double, 2> u, View<double, 3> c_x,
                              View<double, 3> c_u) const;
  virtual void terminal_jacobian(View<const double, 2> x, View<double, 3> c_x) const;
};

}  // namespace lockstep::planners
