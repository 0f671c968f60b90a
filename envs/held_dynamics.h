// Dynamics of a state whose last numbers stay as they are through an episode, such as targets.
#pragma once

#include "engine/dynamics.h"

#include <memory>
#include <string>
#include <vector>

namespace lockstep::envs {

// x = [state of `moving`, held]: what is held is the same in the next state and acts on nothing.
class HeldDynamics final : public Dynamics {
 public:
  HeldDynamics(std::unique_ptr<Dynamics> moving, int held) : moving_(std::move(moving)), held_(held) {}

  [[nodiscard]] int state_size() const override { return moving_->state_size() + held_; }
  [[nodiscard]] int control_size() const override { return moving_->control_size(); }
  [[nodiscard]] double timestep() const override { return moving_->timestep(); }
  [[nodiscard]] std::string name() const override { return moving_->name(); }

  void step(View<const double, 2> x, View<const double, 2> u, View<double, 2> next) override;
  void jacobian(View<const double, 2> x, View<const double, 2> u, View<double, 3> A, View<double, 3> B) override;
  [[nodiscard]] std::unique_ptr<Dynamics> clone() const override {
    return std::make_unique<HeldDynamics>(moving_->clone(), held_);
  }

 private:
  // The moving part of the rows of x, into moved_.
  View<const double, 2> moving_rows(View<const double, 2> x);

  std::unique_ptr<Dynamics> moving_;
  int held_;
  std::vector<double> moved_, next_, A_, B_;  // [rows][moving], twice; [rows][moving][moving], [rows][moving][nu]
};

}  // namespace lockstep::envs
