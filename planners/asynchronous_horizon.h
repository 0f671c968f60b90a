// Receding-horizon control with a planner thread beside the simulation's: the simulation never waits for a plan.
//
// A plan starts at the state that the model predicts for the step at which it will be ready (Findeisen, Allgower,
// "Computational delay in nonlinear model predictive control", IFAC Proceedings 37 (2004)). A plan that comes later
// than that is acted on from the row that belongs to the present step; one that comes earlier waits for its step.
// Results depend on the machine's speed: receding_horizon.h has the deterministic loop.
#pragma once

#include "planners/plan_timing.h"
#include "planners/planner.h"
#include "planners/receding_horizon.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

namespace lockstep::planners {

struct AsynchronousConfig {
  RecedingHorizonConfig loop;  // replan_steps: least control steps between the states that two plans were made of
  int delay_steps = 0;         // control steps from a state to the step at which its plan acts; 0: as measured
  bool plan_first = true;      // reset() waits for a first plan, as a robot is let go once there is one

  void describe(Fields& fields);
  void check() const;  // throws Error
};

// What happened since the last reset; wall-clock times, not reproducible.
struct AsynchronousTiming {
  PlanTiming latency;           // from handing over a state to the plan made of it being ready; not that of plan_first
  double plans_per_second = 0;  // of wall time since the first act()
  double age_p50_ms = 0, age_p99_ms = 0, age_max_ms = 0;  // simulated time since the state was seen that the plan acted
                                                          // on was made of
  int missed_deadlines = 0;    // plans that were ready later than the step they were made for
  int steps_without_plan = 0;  // control steps before the first plan, or past the end of the newest
};

// Steers one world. reset, act, last and timing are called by one thread, the simulation's. An exception of the planner
// thread (of the planner, dynamics or cost) is thrown by the next act(), or by the reset() that waits for the first
// plan; the loop is usable again after a reset.
class AsynchronousHorizon {
 public:
  // dynamics is cloned; cost is not owned, outlives this, and is read by the planner thread. u_min, u_max [nu].
  AsynchronousHorizon(std::unique_ptr<Planner> planner, const Dynamics& dynamics, const Cost& cost,
                      std::span<const double> u_min, std::span<const double> u_max, const AsynchronousConfig& config);
  // Abandons a plan in the making: it ends at its next call of the dynamics.
  ~AsynchronousHorizon();
  AsynchronousHorizon(const AsynchronousHorizon&) = delete;
  AsynchronousHorizon& operator=(const AsynchronousHorizon&) = delete;

  // Starts an episode at x0 [nx] (its first act() is at step 0); abandons plans of the one before, which never act in
  // this one. Waits for the first plan if plan_first, else for nothing.
  void reset(std::uint64_t seed, std::span<const double> x0);
  // The control [nu] for state x [nx] at the next control step: of the newest plan that is ready and begins no later;
  // the one nearest to 0 where there is none. Within bounds, never NaN. Valid until the next call.
  std::span<const double> act(std::span<const double> x);

  // Of the newest finished plan.
  [[nodiscard]] PlanStats last() const;
  [[nodiscard]] AsynchronousTiming timing() const;
  // Control steps ahead that the next plan is made for.
  [[nodiscard]] int delay_steps() const;
  [[nodiscard]] const Planner& planner() const { return *planner_; }

 private:
  using Clock = std::chrono::steady_clock;
  // A finished plan; its arrays are written by the planner thread while it owns the slot, then only read.
  struct Slot {
    std::vector<double> controls, predicted, gains;  // [N][nu], [N + 1][nx], [N][nu][nx] or empty
    std::int64_t start = 0;                          // control step of row 0
    std::int64_t observed = 0;                       // control step of the state it was made of
  };
  // What a plan is made of.
  struct Job {
    std::uint64_t episode = 0, seed = 0;
    std::int64_t step = 0;     // of the state
    bool is_first = false;     // no control has acted yet: the plan starts at the state itself
    int delay = 0;             // from the state to the plan's start
    std::vector<double> x, u;  // [nx] state, [nu] control acting on it
    std::vector<int> known;    // slots that will act until then, oldest first
    Clock::time_point since;   // when the state was handed over
  };

  void run();
  [[nodiscard]] bool has_work() const;
  void take_job();
  void make_plan();
  void predict(std::span<double> x);
  void publish(const PlanStats& stats);
  void choose_plan();
  void free_all();
  void follow_slot(const Slot& slot, std::int64_t step, std::span<const double> x, std::span<double> control) const;
  [[nodiscard]] const Slot* slot_at(std::span<const int> slots, std::int64_t step) const;
  [[nodiscard]] int expected_delay() const;

  std::unique_ptr<Planner> planner_;
  AsynchronousConfig config_;
  std::unique_ptr<ScaledTerminal> cost_;  // that the planner sees
  std::atomic<bool> abandoned_{false};
  std::unique_ptr<Dynamics> dynamics_;
  int nx_, nu_;
  std::vector<double> u_min_, u_max_;
  Problem problem_;

  // The simulation thread's.
  std::vector<double> control_;  // [nu]
  std::vector<double> ages_;     // [steps with a plan] control steps
  int steps_without_plan_ = 0;
  Clock::time_point began_;

  // The planner thread's.
  Job job_;
  std::uint64_t planned_episode_ = 0;        // that the planner was last reset for
  std::vector<double> plan_, state_, next_;  // [N][nu], [nx], [nx]
  std::int64_t plan_start_ = 0;              // of plan_
  int spare_ = 0;                            // the slot it may write to

  // Both threads', under mutex_.
  mutable std::mutex mutex_;
  std::condition_variable wake_, finished_;
  std::vector<Slot> slots_;
  std::vector<int> known_, free_;  // slots that act or will act, oldest first; unused ones
  std::vector<double> x_, u_;      // newest state, and the control acting on it
  Clock::time_point observed_at_;
  std::uint64_t episode_ = 0, seed_ = 0;
  std::int64_t step_ = 0;     // of the next act()
  std::int64_t newest_ = -1;  // step of x_, -1: none
  std::int64_t last_planned_ = -1;
  bool is_first_ = false;  // x_ is an episode's start that no control has acted on yet
  bool stopping_ = false;
  std::exception_ptr failure_;
  std::vector<double> latencies_ms_;
  std::vector<int> delays_;  // measured, control steps, newest last
  int missed_deadlines_ = 0;
  PlanStats last_;

  std::jthread thread_;  // last: it ends before what it uses
};

}  // namespace lockstep::planners
