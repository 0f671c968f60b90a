// The true simulator as Dynamics: a Batch in double whose worlds are the rows that a planner asks about.
#pragma once

#include "engine/batch.h"
#include "engine/dynamics.h"
#include "engine/thread_pool.h"

#include <memory>
#include <string>

namespace lockstep {

struct SimulatorDynamicsConfig {
  int physics_steps = 1;         // physics steps in one control step, >= 1
  std::string backend = "auto";  // as in BatchConfig; host backends only
  int threads = 1;               // >= 1; results do not depend on it
};

// x = [qpos, qvel, act] (nx = nq + nv + na), u = ctrl; one step of Dynamics is `physics_steps` physics steps under u.
// Every step starts with a warm start of zero at time zero, so that it is a function of (x, u) alone. Where joints have
// quaternions, x holds them as they are (4 numbers each), and derivatives are taken in those coordinates.
// The batch grows to the largest number of rows seen; nothing is allocated while that number does not grow.
class SimulatorDynamics final : public Dynamics {
 public:
  // Throws Error for bad settings.
  SimulatorDynamics(std::shared_ptr<const Model> model, SimulatorDynamicsConfig config);

  [[nodiscard]] int state_size() const override { return nq_ + nv_ + na_; }
  [[nodiscard]] int control_size() const override { return nu_; }
  [[nodiscard]] double timestep() const override { return timestep_; }
  [[nodiscard]] std::string name() const override { return name_; }

  void step(View<const double, 2> x, View<const double, 2> u, View<double, 2> next) override;
  void rollout(View<const double, 2> x0, View<const double, 3> controls, View<double, 3> states) override;
  // Centred differences with steps of cbrt(epsilon) max(1, |value|); one-sided where a control would leave its range,
  // as mjd_transitionFD does, because the range clamps it.
  void jacobian(View<const double, 2> x, View<const double, 2> u, View<double, 3> A, View<double, 3> B) override;

  [[nodiscard]] std::unique_ptr<Dynamics> clone() const override;

 private:
  void reserve(int rows);  // makes room for so many rows
  void load(int row, const double* x, const double* u);
  [[nodiscard]] double element(int row, int index) const;  // of the state after a step; NaN where the world failed
  void store(int row, double* next) const;
  // f(first row, last row + 1, thread, block) for the blocks that `rows` worlds occupy, split over the threads.
  template <class Function>
  void for_each_block_of(int rows, Function&& f);

  std::shared_ptr<const Model> model_;
  SimulatorDynamicsConfig config_;
  int nq_, nv_, na_, nu_;
  double timestep_;
  std::string name_;
  ThreadPool pool_;
  std::unique_ptr<Batch> batch_;
  Batch::Fields<double> fields_;
};

}  // namespace lockstep
