// Dynamics and Cost from code on the lane type: values in lanes, first and second derivatives exact by dual numbers.
#pragma once

#include "engine/cost.h"
#include "engine/dynamics.h"
#include "engine/second_order.h"
#include "kernels/planning_rows.h"

#include <memory>
#include <string>

namespace lockstep::planners {

// Rows side by side in one group.
using PlanningLanes = kernels::Lanes<double, 4>;

// Model has kStates, kActions, kTimestep (s), kName, and advance(x, u), a static template on the number type that
// moves x [kStates] one control step on in place, u [kActions] held. Kernels: compiled for the instruction set of the
// including source.
template <class Model>
class LaneDynamics final : public Dynamics, public SecondOrder {
 public:
  [[nodiscard]] int state_size() const override { return Model::kStates; }
  [[nodiscard]] int control_size() const override { return Model::kActions; }
  [[nodiscard]] double timestep() const override { return Model::kTimestep; }
  [[nodiscard]] std::string name() const override { return Model::kName; }
  [[nodiscard]] std::unique_ptr<Dynamics> clone() const override { return std::make_unique<LaneDynamics>(*this); }

  void step(View<const double, 2> x, View<const double, 2> u, View<double, 2> next) override {
    Rows::advance(x.extent(0), x.data_handle(), u.data_handle(), next.data_handle());
  }
  void jacobian(View<const double, 2> x, View<const double, 2> u, View<double, 3> A, View<double, 3> B) override {
    Rows::jacobian(x.extent(0), x.data_handle(), u.data_handle(), A.data_handle(), B.data_handle());
  }
  void second(View<const double, 2> x, View<const double, 2> u, View<double, 4> F) override {
    Rows::second(x.extent(0), x.data_handle(), u.data_handle(), F.data_handle());
  }

 private:
  using Rows = kernels::PlanningRows<Model, PlanningLanes>;
};

// Model has kStates, kActions, and the static templates stage_cost(x, u) and terminal_cost(x).
template <class Model>
class LaneCost final : public Cost {
 public:
  [[nodiscard]] int state_size() const override { return Model::kStates; }
  [[nodiscard]] int control_size() const override { return Model::kActions; }
  void stage(View<const double, 2> x, View<const double, 2> u, View<double, 1> values) const override {
    Rows::stage(x.extent(0), x.data_handle(), u.data_handle(), values.data_handle());
  }
  void terminal(View<const double, 2> x, View<double, 1> values) const override {
    Rows::terminal(x.extent(0), x.data_handle(), values.data_handle());
  }
  void expand_stage(View<const double, 2> x, View<const double, 2> u, const Expansion& out) const override {
    struct {
      double *x, *u, *xx, *ux, *uu;
    } const arrays{out.x.data_handle(), out.u.data_handle(), out.xx.data_handle(), out.ux.data_handle(),
                   out.uu.data_handle()};
    Rows::expand_stage(x.extent(0), x.data_handle(), u.data_handle(), arrays);
  }
  void expand_terminal(View<const double, 2> x, View<double, 2> gradient, View<double, 3> hessian) const override {
    Rows::expand_terminal(x.extent(0), x.data_handle(), gradient.data_handle(), hessian.data_handle());
  }

 private:
  using Rows = kernels::PlanningRows<Model, PlanningLanes>;
};

}  // namespace lockstep::planners
