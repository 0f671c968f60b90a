// The equations of a task with dynamics of its own, as Dynamics: exact Jacobians by dual numbers.
#pragma once

#include "engine/dynamics.h"
#include "envs/task_kernels.h"

#include <memory>
#include <string>

namespace lockstep::envs {

class OwnDynamics final : public Dynamics {
 public:
  struct Shape {
    std::string name;
    int states = 0, controls = 0;
    double timestep = 0;  // s
  };
  // kernels.advance and kernels.jacobian must be there.
  OwnDynamics(const PlanningKernels& kernels, Shape shape);

  [[nodiscard]] int state_size() const override { return shape_.states; }
  [[nodiscard]] int control_size() const override { return shape_.controls; }
  [[nodiscard]] double timestep() const override { return shape_.timestep; }
  [[nodiscard]] std::string name() const override { return shape_.name; }

  void step(View<const double, 2> x, View<const double, 2> u, View<double, 2> next) override;
  void jacobian(View<const double, 2> x, View<const double, 2> u, View<double, 3> A, View<double, 3> B) override;
  [[nodiscard]] std::unique_ptr<Dynamics> clone() const override { return std::make_unique<OwnDynamics>(*this); }

 private:
  PlanningKernels kernels_;
  Shape shape_;
};

}  // namespace lockstep::envs
