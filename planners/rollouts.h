// Roll-outs of many control sequences from one state, with their costs: what every sampling planner does most.
#pragma once

#include "engine/thread_pool.h"
#include "planners/followed_plan.h"
#include "planners/planner.h"

#include <memory>
#include <span>
#include <vector>

namespace lockstep::planners {

// How roll-outs are grouped; results do not depend on it.
struct RolloutConfig {
  int batch = 64;   // sequences of one call of the dynamics
  int threads = 1;  // >= 1

  void describe(Fields& fields);
};

// Holds the arrays of up to `rows` roll-outs. Nothing is allocated after the constructor.
class Rollouts {
 public:
  Rollouts() = default;
  // problem: its dynamics and cost outlive this.
  Rollouts(const Problem& problem, int rows, const RolloutConfig& config);

  // Controls of one row [N][nu], to be written before evaluate().
  [[nodiscard]] double* controls(int row) { return &controls_[static_cast<size_t>(row) * horizon_ * nu_]; }
  // States of one row [N + 1][nx], of the last evaluate().
  [[nodiscard]] const double* states(int row) const {
    return &states_[static_cast<size_t>(row) * (horizon_ + 1) * nx_];
  }
  // Costs of all rows; infinite where a state or a cost is not finite.
  [[nodiscard]] std::span<const double> costs() const { return costs_; }

  // Rolls out rows first ... first + count - 1 from x0 [nx].
  void evaluate(std::span<const double> x0, int first, int count);
  // The same with feedback: at step k a row's control is its own + K_k (x - x_k), in the problem's bounds, with x_k and
  // K_k of `about` (whose controls are not used). The rows' controls become those that acted.
  void evaluate(std::span<const double> x0, int first, int count, const FollowedPlan& about);
  // f(index, dynamics, thread) for every index in [0, n), by the same threads, each with dynamics of its own.
  template <class Function>
  void for_each(int n, Function&& f) {
    const auto run = [&](int index, int thread) { f(index, dynamics_of(thread), thread); };
    if (pool_ != nullptr) {
      pool_->for_each(n, run);
    } else {
      for (int index = 0; index < n; ++index) run(index, 0);
    }
  }

 private:
  [[nodiscard]] Dynamics& dynamics_of(int thread) const {
    return thread == 0 ? *problem_.dynamics : *clones_[static_cast<size_t>(thread) - 1];
  }
  // Of one call of the dynamics, by one thread.
  void roll_out(Dynamics& dynamics, int first, int count);
  void roll_out(Dynamics& dynamics, int first, int count, const FollowedPlan& about, double* scratch);
  void add_costs(int first, int count);
  template <class RollOut>
  void evaluate_rows(std::span<const double> x0, int first, int count, RollOut&& roll_out_batch);

  Problem problem_;
  RolloutConfig config_;
  int nx_ = 0, nu_ = 0, horizon_ = 0;
  std::unique_ptr<ThreadPool> pool_;
  std::vector<std::unique_ptr<Dynamics>> clones_;  // of threads 1 ...
  std::vector<double> start_;                      // [rows][nx]
  std::vector<double> controls_, states_;          // [rows][N][nu], [rows][N + 1][nx]
  std::vector<double> stage_, costs_;              // [rows][N], [rows]
  std::vector<double> scratch_;                    // [threads][batch][2 nx + nu], there after the first feedback
};

}  // namespace lockstep::planners
