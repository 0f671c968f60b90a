// Dynamics of a control that is held for several steps of other dynamics.
#pragma once

#include "engine/dynamics.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace lockstep::envs {

// `times` steps of `one` under the same control, as one step.
class RepeatedDynamics final : public Dynamics {
 public:
  RepeatedDynamics(std::unique_ptr<Dynamics> one, int times) : one_(std::move(one)), times_(times) {}

  [[nodiscard]] int state_size() const override { return one_->state_size(); }
  [[nodiscard]] int control_size() const override { return one_->control_size(); }
  [[nodiscard]] double timestep() const override { return one_->timestep() * times_; }
  [[nodiscard]] std::string name() const override { return one_->name(); }

  void step(View<const double, 2> x, View<const double, 2> u, View<double, 2> next) override;
  void jacobian(View<const double, 2> x, View<const double, 2> u, View<double, 3> A, View<double, 3> B) override;
  [[nodiscard]] std::unique_ptr<Dynamics> clone() const override {
    return std::make_unique<RepeatedDynamics>(one_->clone(), times_);
  }

 private:
  std::unique_ptr<Dynamics> one_;
  int times_;
  std::vector<double> state_, next_;     // [rows][nx]
  std::vector<double> A_, B_, product_;  // of one step [rows][nx][nx], [rows][nx][nu]; of one row
};

}  // namespace lockstep::envs
