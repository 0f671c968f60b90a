// A cost whose terminal part is multiplied by a factor, as receding-horizon control wants of a task's own cost.
#pragma once

#include "engine/cost.h"

namespace lockstep::planners {

// The cost given, with its terminal part times `scale`. Does not own the cost.
class ScaledTerminal final : public Cost {
 public:
  ScaledTerminal(const Cost& cost, double scale) : cost_(cost), scale_(scale) {}
  [[nodiscard]] int state_size() const override { return cost_.state_size(); }
  [[nodiscard]] int control_size() const override { return cost_.control_size(); }
  void stage(View<const double, 2> x, View<const double, 2> u, View<double, 1> values) const override {
    cost_.stage(x, u, values);
  }
  void terminal(View<const double, 2> x, View<double, 1> values) const override {
    cost_.terminal(x, values);
    for (int row = 0; row < values.extent(0); ++row) values(row) *= scale_;
  }
  void expand_stage(View<const double, 2> x, View<const double, 2> u, const Expansion& out) const override {
    cost_.expand_stage(x, u, out);
  }
  void expand_terminal(View<const double, 2> x, View<double, 2> gradient, View<double, 3> hessian) const override {
    cost_.expand_terminal(x, gradient, hessian);
    for (int row = 0; row < x.extent(0); ++row)
      for (int i = 0; i < x.extent(1); ++i) {
        gradient(row, i) *= scale_;
        for (int j = 0; j < x.extent(1); ++j) hessian(row, i, j) *= scale_;
      }
  }

 private:
  const Cost& cost_;
  double scale_;
};

}  // namespace lockstep::planners
