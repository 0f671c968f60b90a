// Gradient planning: several candidate plans descend the gradient of the cost through the model, by Adam.
// Jyothir, Jalagam, LeCun, Sobal, "Gradient-based planning with world models", 2023 (arXiv 2312.17227), with candidates
// from a policy as their hybrid has them.
#pragma once

#include "planners/candidate_descent.h"
#include "planners/control_parameters.h"
#include "planners/planner.h"

#include <functional>
#include <string>
#include <vector>

namespace lockstep::planners::gradient {

struct Config {
  int candidates = 8;                   // plans that descend side by side; the first begins as the warm start
  int iterations = 10;                  // steps of Adam of one plan
  int cold_iterations = 40;             // of the first plan after reset
  double time_budget_ms = 0;            // no new step after this wall time; 0: none (deterministic)
  double noise_std = 0.3;               // of the other candidates about the warm start, share of half the control range
  int knots = 0;                        // of the spline that is descended over; 0: one at every step
  std::string interpolation = "cubic";  // between knots: "hold", "linear", "cubic" (Catmull-Rom)
  int proposed = 4;                     // candidates that begin as the policy's plan, where there is a policy
  DescentConfig descent = {};
  RolloutConfig rollouts = {};  // results do not depend on it

  void describe(Fields& fields);
  void check() const;  // throws Error
};

// u [rows][nu] at states x [rows][nx]: a policy.
using Policy = std::function<void(View<const double, 2> x, View<double, 2> u)>;

class Gradient final : public Planner {
 public:
  explicit Gradient(const Config& config);

  [[nodiscard]] std::string_view name() const override { return "gradient"; }
  void reset(const Problem& problem, std::uint64_t seed) override;
  // From the next plan on, `proposed` candidates begin as what the policy does in the model: the first of them exactly,
  // the others with noise. Kept until another is given; an empty one ends it.
  void follow_policy(Policy policy) { policy_ = std::move(policy); }
  PlanStats plan(std::span<const double> x0, View<double, 2> controls) override;
  [[nodiscard]] View<const double, 2> predicted() const override { return view(states_.data(), horizon_ + 1, nx_); }
  [[nodiscard]] View<const double, 3> gains() const override { return {}; }
  [[nodiscard]] std::vector<std::byte> save() const override;  // all but the policy
  void load(std::span<const std::byte> bytes) override;

 private:
  void begin_candidates(std::span<const double> x0);
  void add_noise(int candidate, std::span<double> parameters) const;
  bool roll_out_policy(std::span<const double> x0);

  Config config_;
  Policy policy_;
  Problem problem_;
  std::vector<double> u_min_, u_max_;
  std::uint64_t seed_ = 0;
  std::uint32_t plans_ = 0;  // since reset: the noise's stream
  int nx_ = 0, nu_ = 0, horizon_ = 0;

  ControlParameters space_;
  CandidateDescent descent_;
  std::vector<double> states_;                        // [N + 1][nx]
  std::vector<double> policy_controls_;               // [N][nu]
  std::vector<double> policy_parameters_, x_, next_;  // [P], [nx], [nx]
};

}  // namespace lockstep::planners::gradient
