// Tube-MPPI: plans for a nominal system that no disturbance has touched; feedback holds the real one near it.
// Williams, Goldfain, Drews, Saigol, Rehg, Theodorou, "Robust sampling based model predictive control with sparse
// objective information", RSS 2018: MPPI from the nominal and from the real state, a tracking controller
// between them, and a nominal state that is set to the real one where that is no worse.
#pragma once

#include "planners/mppi.h"
#include "planners/planner.h"
#include "planners/tracking_gains.h"

#include <vector>

namespace lockstep::planners::tube_mppi {

struct Config {
  mppi::Config sampling = {};   // of both plans: a tube takes twice MPPI's roll-outs once it has been disturbed
  double tracking_weight = 10;  // on the square of every state's deviation; controls cost that of their share of half
                                // the range
  double takeover_ratio = 1;    // the real state becomes the nominal one where a plan from it costs at most this times
                                // the nominal plan; 0: never

  void describe(Fields& fields);
  void check() const;  // throws Error
};

class TubeMppi final : public Planner {
 public:
  explicit TubeMppi(const Config& config);

  [[nodiscard]] std::string_view name() const override { return "tube-mppi"; }
  void reset(const Problem& problem, std::uint64_t seed) override;
  // `controls` is to be the last plan, shifted by the steps that have passed, as receding-horizon loops give it: how
  // far tells where the nominal system is by now. Other controls are a new warm start, with the nominal system at x0.
  PlanStats plan(std::span<const double> x0, View<double, 2> controls) override;
  [[nodiscard]] View<const double, 2> predicted() const override { return view(states_.data(), horizon_ + 1, nx_); }
  // About predicted(): what holds the real system to the nominal one.
  [[nodiscard]] View<const double, 3> gains() const override { return tracking_.gains(); }
  // The nominal system's plan: states [N + 1][nx], the first of now.
  [[nodiscard]] View<const double, 2> nominal() const {
    return view<const double>(nominal_states_.data(), horizon_ + 1, nx_);
  }
  [[nodiscard]] std::vector<std::byte> save() const override;
  void load(std::span<const std::byte> bytes) override;

 private:
  [[nodiscard]] int steps_since(View<const double, 2> controls) const;
  void move_nominal(std::span<const double> x0, View<const double, 2> controls);
  PlanStats plan_from(std::span<const double> x0);
  void take_over(const PlanStats& real, PlanStats& stats);
  bool hold_to_nominal(std::span<const double> x0, PlanStats& stats);
  bool follow_nominal(std::span<const double> x0, PlanStats& stats);

  Config config_;
  mppi::Mppi sampler_;
  Problem problem_;
  std::vector<double> u_min_, u_max_;
  int nx_ = 0, nu_ = 0, horizon_ = 0;
  bool has_plan_ = false;

  TrackingGains tracking_;
  Rollouts following_;                                     // of one row
  std::vector<double> nominal_x_;                          // [nx] of now
  std::vector<double> nominal_controls_, nominal_states_;  // [N][nu], [N + 1][nx]
  std::vector<double> real_controls_, real_states_;        // the same, planned from the real state
  std::vector<double> returned_, states_;                  // [N][nu], [N + 1][nx] of the plan returned
};

}  // namespace lockstep::planners::tube_mppi
