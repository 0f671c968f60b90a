// Augmented Lagrangian of a trajectory's constraints: the terms, their derivatives, and the multipliers' updates.
// Nocedal, Wright, "Numerical optimization" (2nd ed. 2006), sec. 17.3-17.4; inequalities in the form of eq. 17.55-17.57
// with the sign of c <= 0, for each c with multiplier m and penalty r:
//   equality m c + r/2 c^2,   inequality (max(0, m + r c)^2 - m^2) / (2 r)
#pragma once

#include "planners/backward_pass.h"
#include "planners/constraints.h"

#include <span>
#include <vector>

namespace lockstep::planners {

// Of one problem with N steps; one without constraints adds nothing. Allocates in its constructor only.
class AugmentedLagrangian {
 public:
  AugmentedLagrangian() = default;
  // constraints may be nullptr, is not owned. rows: most rows of add_values, N * group.
  AugmentedLagrangian(const Constraints* constraints, int horizon, int rows);

  [[nodiscard]] bool is_empty() const { return constraints_ == nullptr; }
  // Forgets the multipliers and begins with this penalty, > 0.
  void reset(double penalty);
  [[nodiscard]] double penalty() const { return penalty_; }

  // Adds the terms to costs of `group` trajectories side by side: x [N * group][nx], u [N * group][nu], row k * group +
  // g is step k of trajectory g; stage [N * group]; end [group][nx], terminal [group].
  void add_values(View<const double, 2> x, View<const double, 2> u, View<double, 1> stage, View<const double, 2> end,
                  View<double, 1> terminal);
  // Adds the terms' gradients and Gauss-Newton Hessians along a trajectory x [N][nx], u [N][nu], end [1][nx].
  void add_expansion(View<const double, 2> x, View<const double, 2> u, View<const double, 2> end, LocalModel& model);
  // Largest |c| of an equality, or c of an inequality above 0, of a trajectory.
  double violation(View<const double, 2> x, View<const double, 2> u, View<const double, 2> end);
  // m <- m + r c (inequalities: at least 0) for the trajectory that violation() saw last.
  void update_multipliers();
  // The penalty becomes `penalty`, the multipliers stay.
  void raise_penalty(double penalty) { penalty_ = penalty; }

 private:
  struct Term {
    double value, slope, curvature;  // of the term, by c
  };
  [[nodiscard]] Term term(double c, double multiplier, bool equality) const;

  const Constraints* constraints_ = nullptr;
  int horizon_ = 0;
  int stage_count_ = 0, stage_equalities_ = 0, terminal_count_ = 0, terminal_equalities_ = 0;
  double penalty_ = 1;
  std::vector<double> stage_multipliers_, terminal_multipliers_;  // [N][stage_count], [terminal_count]
  std::vector<double> stage_c_, terminal_c_;                      // [rows][stage_count], [rows][terminal_count]
  std::vector<double> c_x_, c_u_, end_x_;  // [N][stage_count][nx], [N][stage_count][nu], [terminal_count][nx]
};

}  // namespace lockstep::planners
