// Dynamics that can be abandoned from another thread, so that a plan nobody wants any more ends soon.
#pragma once

#include "engine/dynamics.h"
#include "engine/second_order.h"

#include <atomic>
#include <memory>
#include <string>

namespace lockstep::planners {

// The dynamics given until `abandoned` is true, from then on NaN at no cost: every planner has an answer to roll-outs
// that diverge and gives up at once. A call that has begun is finished.
class AbandonableDynamics final : public Dynamics, public SecondOrder {
 public:
  // abandoned: not owned, outlives this and its clones.
  AbandonableDynamics(std::unique_ptr<Dynamics> dynamics, const std::atomic<bool>& abandoned)
      : dynamics_(std::move(dynamics)), abandoned_(abandoned) {}

  [[nodiscard]] int state_size() const override { return dynamics_->state_size(); }
  [[nodiscard]] int control_size() const override { return dynamics_->control_size(); }
  [[nodiscard]] double timestep() const override { return dynamics_->timestep(); }
  [[nodiscard]] std::string name() const override { return dynamics_->name(); }
  [[nodiscard]] std::unique_ptr<Dynamics> clone() const override {
    return std::make_unique<AbandonableDynamics>(dynamics_->clone(), abandoned_);
  }

  void step(View<const double, 2> x, View<const double, 2> u, View<double, 2> next) override;
  void jacobian(View<const double, 2> x, View<const double, 2> u, View<double, 3> A, View<double, 3> B) override;
  void rollout(View<const double, 2> x0, View<const double, 3> controls, View<double, 3> states) override;
  // The dynamics' own where they have them, else by differences of their Jacobians.
  void second(View<const double, 2> x, View<const double, 2> u, View<double, 4> F) override;

 private:
  [[nodiscard]] bool is_abandoned() const { return abandoned_.load(std::memory_order_relaxed); }

  std::unique_ptr<Dynamics> dynamics_;
  const std::atomic<bool>& abandoned_;
};

}  // namespace lockstep::planners
