// Receding-horizon control: plan, apply the first control, shift the plan, plan again.
#pragma once

#include "planners/plan_timing.h"
#include "planners/planner.h"

#include <memory>
#include <span>
#include <vector>

namespace lockstep::planners {

class ScaledTerminal;

struct RecedingHorizonConfig {
  int horizon = 125;     // control steps planned ahead, >= 1
  int replan_steps = 1;  // control steps between two plans; between them the plan's own controls (with feedback) act
  bool feedback = true;  // between plans, add K (x - predicted x) where the planner has gains
  double terminal_scale = 1;  // factor on the cost's terminal part, >= 0

  void describe(Fields& fields);
  void check() const;  // throws Error
};

// Steers one world by planning through `dynamics` under `cost`. Does not own either; they outlive it.
// Deterministic given the planner's iteration budget: act() depends on (seed, states seen since reset) alone.
class RecedingHorizon {
 public:
  // u_min, u_max [nu]: bounds of the controls.
  RecedingHorizon(std::unique_ptr<Planner> planner, Dynamics& dynamics, const Cost& cost, std::span<const double> u_min,
                  std::span<const double> u_max, const RecedingHorizonConfig& config);
  RecedingHorizon(RecedingHorizon&&) noexcept;
  ~RecedingHorizon();

  // Starts an episode: no plan, no warm start, timing cleared.
  void reset(std::uint64_t seed);
  // The control [nu] for state x [nx] at the next control step; within bounds, never NaN. Valid until the next call.
  std::span<const double> act(std::span<const double> x);

  [[nodiscard]] const Planner& planner() const { return *planner_; }
  [[nodiscard]] const PlanStats& last() const { return last_; }
  [[nodiscard]] PlanTiming timing() const;

 private:
  void follow(std::span<const double> x, int step);

  std::unique_ptr<Planner> planner_;
  std::unique_ptr<ScaledTerminal> scaled_;  // the cost that the planner sees
  RecedingHorizonConfig config_;
  int nx_, nu_;
  std::vector<double> u_min_, u_max_;
  Problem problem_;
  std::vector<double> plan_;     // [horizon][nu]
  std::vector<double> control_;  // [nu]
  int since_plan_ = 0;           // control steps taken from the present plan
  bool has_plan_ = false;
  PlanStats last_;
  std::vector<double> milliseconds_;  // of each plan since reset
};

}  // namespace lockstep::planners
