// A task's planning cost as Cost: its kernel code in double, with exact derivatives by dual numbers where it is small.
#pragma once

#include "engine/cost.h"
#include "envs/task_kernels.h"

namespace lockstep::envs {

class TaskCost final : public Cost {
 public:
  TaskCost(const PlanningKernels& kernels, int states, int controls)
      : kernels_(kernels), states_(states), controls_(controls) {}

  [[nodiscard]] int state_size() const override { return states_; }
  [[nodiscard]] int control_size() const override { return controls_; }
  void stage(View<const double, 2> x, View<const double, 2> u, View<double, 1> values) const override {
    kernels_.stage(x.extent(0), x.data_handle(), u.data_handle(), values.data_handle());
  }
  void terminal(View<const double, 2> x, View<double, 1> values) const override {
    kernels_.terminal(x.extent(0), x.data_handle(), values.data_handle());
  }
  void expand_stage(View<const double, 2> x, View<const double, 2> u, const Expansion& out) const override {
    if (kernels_.expand_stage == nullptr) return Cost::expand_stage(x, u, out);
    kernels_.expand_stage(
        x.extent(0), x.data_handle(), u.data_handle(),
        {out.x.data_handle(), out.u.data_handle(), out.xx.data_handle(), out.ux.data_handle(), out.uu.data_handle()});
  }
  void expand_terminal(View<const double, 2> x, View<double, 2> gradient, View<double, 3> hessian) const override {
    if (kernels_.expand_terminal == nullptr) return Cost::expand_terminal(x, gradient, hessian);
    kernels_.expand_terminal(x.extent(0), x.data_handle(), gradient.data_handle(), hessian.data_handle());
  }

 private:
  PlanningKernels kernels_;
  int states_, controls_;
};

}  // namespace lockstep::envs
