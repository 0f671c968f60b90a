// MPPI: path-integral control by sampled rollouts, for any dynamics and cost, smooth or not.
// Williams, Wagener, Goldfain, Drews, Rehg, Boots, Theodorou, "Information theoretic MPC for model-based reinforcement
// learning", ICRA 2017, algorithms 1 and 2.
#pragma once

#include "planners/control_spline.h"
#include "planners/planner.h"
#include "planners/rollouts.h"

#include <chrono>
#include <string>
#include <vector>

namespace lockstep::planners::mppi {

// For dm_control's cart-pole swing-up (horizon 125): samples = 128, knots = 12, noise_std = 0.5, temperature = 0.05
// reach a return of 875 of 1000.
struct Config {
  int samples = 256;                        // rollouts of one iteration; the first is the undisturbed plan
  int iterations = 1;                       // updates of one plan
  double time_budget_ms = 0;                // no new iteration after this wall time; 0: none (deterministic)
  double temperature = 0.1;                 // lambda
  std::string temperature_unit = "spread";  // of lambda: "spread" (the costs' standard deviation) or "cost"
  double noise_std = 0.3;                   // share of half the control range (of 1 where unbounded)
  double noise_decay = 1;                   // factor on noise_std from one iteration of a plan to the next
  double correlation = 0;                   // of a control's noise with that one step earlier, at every step alike
  int knots = 0;                            // noise is drawn at so many instants and interpolated; 0: at every step
  std::string interpolation = "cubic";      // between knots: "hold", "linear", "cubic" (Catmull-Rom)
  double control_weight = 0;                // gamma / lambda of the term gamma u' Sigma^-1 noise; needs knots = 0
  double adaptation = 0;                    // share of each update by which the noise's deviation, of every control at
                          // every instant, follows that of the weighted samples; needs control_weight 0
  int smoothing = 0;            // steps to either side of a quadratic fitted to the mean's every step; 0: none
  bool keep_best = true;        // the best sample replaces the weighted mean where it is cheaper
  RolloutConfig rollouts = {};  // results do not depend on it

  void describe(Fields& fields);
  void check() const;  // throws Error
};

class Mppi final : public Planner {
 public:
  explicit Mppi(const Config& config);

  [[nodiscard]] std::string_view name() const override { return "mppi"; }
  void reset(const Problem& problem, std::uint64_t seed) override;
  PlanStats plan(std::span<const double> x0, View<double, 2> controls) override;
  // The same with every roll-out, samples and means alike, under the feedback of `about` (gains [N][nu][nx] and
  // predicted states [N + 1][nx], alive during the call): of an unstable system, samples then stay near the plan. The
  // plan returned is the controls that acted. Without gains it is plan().
  PlanStats plan_about(std::span<const double> x0, View<double, 2> controls, const FollowedPlan& about);
  [[nodiscard]] View<const double, 2> predicted() const override;
  [[nodiscard]] View<const double, 3> gains() const override { return {}; }
  [[nodiscard]] std::vector<std::byte> save() const override;
  void load(std::span<const std::byte> bytes) override;

 private:
  void sample_controls(double std);
  void fill_noise(int sample, double std, double* noise) const;
  [[nodiscard]] double control_term(int sample, double std) const;
  bool weigh(double std);
  void adapt(double std);
  void smooth(double* controls);
  void evaluate(std::span<const double> x0, int first, int count);
  [[nodiscard]] bool has_feedback() const { return about_.gains.extent(0) > 0; }
  [[nodiscard]] const double* open_loop(int row);
  void move_mean(std::span<const double> x0);
  void keep_cheapest();

  Config config_;
  Problem problem_;
  std::vector<double> u_min_, u_max_;
  std::uint64_t seed_ = 0;
  std::int64_t plans_ = 0;   // since reset
  std::uint32_t round_ = 0;  // iterations since reset: the noise's stream
  int nx_ = 0, nu_ = 0, horizon_ = 0;

  FollowedPlan about_;             // of the present plan; without gains: no feedback
  std::vector<double> open_loop_;  // [S + 1][N][nu] controls before feedback; there after the first
  ControlSpline spline_;
  Rollouts rollouts_;                       // of S + 1 rows: the last is the mean's
  std::vector<double> noise_;               // [S][N][nu]
  std::vector<double> knots_;               // [S][knots][nu]
  std::vector<double> spread_;              // [knots or N][nu] factor on the noise's deviation
  std::vector<double> weights_;             // [S]
  std::vector<double> mean_, mean_before_;  // [N][nu], before feedback
  std::vector<double> acted_;               // [N][nu] controls of the plan's roll-out
  std::vector<double> predicted_;           // [N + 1][nx]
  double mean_cost_ = 0;
};

}  // namespace lockstep::planners::mppi
