// The planning cost of a controlled system: weighted squares of what its state and actions are away from the target.
#pragma once

#include "engine/cost.h"
#include "envs/system_facts.h"

namespace lockstep::envs {

// stage = sum over states of weight (x - target)^2, for an angle weight * 2 (1 - cos(x - target)), + action_weight
// |u|^2: minus the reward of the state. terminal = 5 stage(x, 0). Both are 0 everywhere for a system without controls.
class TrackingCost final : public Cost {
 public:
  explicit TrackingCost(const SystemRow& system) : system_(system) {}

  [[nodiscard]] int state_size() const override { return system_.num_states; }
  [[nodiscard]] int control_size() const override { return system_.num_controls; }
  void stage(View<const double, 2> x, View<const double, 2> u, View<double, 1> values) const override;
  void terminal(View<const double, 2> x, View<double, 1> values) const override;
  void expand_stage(View<const double, 2> x, View<const double, 2> u, const Expansion& out) const override;
  void expand_terminal(View<const double, 2> x, View<double, 2> gradient, View<double, 3> hessian) const override;

 private:
  [[nodiscard]] double weight(int state) const { return system_.num_controls > 0 ? system_.states[state].weight : 0; }
  // Cost, slope and curvature of one number of the state.
  struct Term {
    double value, slope, curvature;
  };
  [[nodiscard]] Term term(int state, double x) const;
  [[nodiscard]] double of_state(View<const double, 2> x, int row) const;

  const SystemRow& system_;
};

}  // namespace lockstep::envs
