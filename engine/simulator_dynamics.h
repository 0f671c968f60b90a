// The true simulator as Dynamics: a Batch in double whose worlds are the rows that a planner asks about.
#pragma once

#include "engine/batch.h"
#include "engine/dynamics.h"
#include "engine/thread_pool.h"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace lockstep {

struct SimulatorDynamicsConfig {
  int physics_steps = 1;           // physics steps in one control step, >= 1
  std::string backend = "auto";    // as in BatchConfig; host backends only
  int threads = 1;                 // >= 1; results do not depend on it
  std::string specialise = "off";  // as in BatchConfig
  // Of rollout() alone; step() and jacobian() compute in double.
  Precision rollout_precision = Precision::kDouble;
  // In rollout(), the constraint solver of a step begins where the last one ended: fewer iterations with contacts, and
  // results that depend on the steps before within the solver's tolerance.
  bool warm_rollouts = false;
  // Jacobians from differences to one side: half the steps, an error of 1e-8 instead of 1e-10 (as mjd_transitionFD's).
  bool one_sided = false;
  bool mocap_in_state = false;  // x ends with the poses of mocap bodies, which stay: [nmocap][3] m, [nmocap][4]
};

// x = [qpos, qvel, act] (nx = nq + nv + na; see mocap_in_state), u = ctrl; one step of Dynamics is `physics_steps`
// physics steps under u. Every step starts with a warm start of zero at time zero, so that it is a function of (x, u)
// alone (but see the config). Where joints have quaternions, x holds them as they are (4 numbers each), and derivatives
// are taken in those coordinates. The batch grows to the largest number of rows seen; nothing is allocated while that
// number does not grow.
class SimulatorDynamics final : public Dynamics {
 public:
  // Throws Error for bad settings.
  SimulatorDynamics(std::shared_ptr<const Model> model, SimulatorDynamicsConfig config);

  [[nodiscard]] int state_size() const override { return nq_ + nv_ + na_ + 7 * nmocap_; }
  [[nodiscard]] int control_size() const override { return nu_; }
  [[nodiscard]] double timestep() const override { return timestep_; }
  [[nodiscard]] std::string name() const override { return name_; }

  void step(View<const double, 2> x, View<const double, 2> u, View<double, 2> next) override;
  void rollout(View<const double, 2> x0, View<const double, 3> controls, View<double, 3> states) override;
  // Centred differences with steps of cbrt(epsilon) max(1, |value|); one-sided where a control would leave its range,
  // as mjd_transitionFD does, because the range clamps it. Where one_sided, steps of 1e-6 max(1, |value|).
  void jacobian(View<const double, 2> x, View<const double, 2> u, View<double, 3> A, View<double, 3> B) override;

  [[nodiscard]] std::unique_ptr<Dynamics> clone() const override;

 private:
  // A batch and its arrays, one row of a question a world; grows to the largest number of rows seen.
  template <class R>
  struct Worlds {
    std::unique_ptr<Batch> batch;
    Batch::Fields<R> fields;
  };
  // Where one input is moved up and down.
  struct Perturbation {
    double up, down;
  };

  template <class R>
  void reserve(Worlds<R>& worlds, int rows);
  // States x [count][stride] and controls u [count][stride] of the rows that begin at row `first` of a block.
  template <class R>
  void load_state(Worlds<R>& worlds, int first, int count, const double* x, std::ptrdiff_t stride) const;
  template <class R>
  void load_control(Worlds<R>& worlds, int first, int count, const double* u, std::ptrdiff_t stride) const;
  template <class R>
  void read_state(const Worlds<R>& worlds, int first, int count, double* x, std::ptrdiff_t stride) const;
  template <class R>
  void forget(Worlds<R>& worlds, int first) const;  // warm start and time become 0
  template <class R>
  void roll_out(Worlds<R>& worlds, View<const double, 2> x0, View<const double, 3> controls, View<double, 3> states);
  // f(first row, number of rows, block, thread) for the blocks that `rows` worlds occupy, split over the threads.
  template <class R, class Function>
  void for_each_block_of(const Worlds<R>& worlds, int rows, Function&& f);
  [[nodiscard]] Perturbation perturbation(int input, double value) const;

  std::shared_ptr<const Model> model_;
  SimulatorDynamicsConfig config_;
  int nq_, nv_, na_, nu_;
  int nmocap_;  // in the state
  double timestep_;
  std::string name_;
  ThreadPool pool_;
  Worlds<double> exact_;
  Worlds<float> fast_;
  std::vector<double> moved_x_, moved_u_, moved_next_;  // of jacobian(): [rows][nx], [rows][nu], [rows][nx]
};

}  // namespace lockstep
