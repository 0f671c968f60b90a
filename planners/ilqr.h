// iLQR and its relatives: second-order trajectory optimisation for smooth dynamics and costs.
// Tassa, Erez, Todorov, IROS 2012 (regularisation, line search, second-order terms: DDP); Tassa, Mansard, Todorov, ICRA
// 2014 (box constraints); Mastalli et al., ICRA 2020 (gaps between states: FDDP, here with the merit function of
// Nocedal, Wright 2006, sec. 18.3); Nocedal, Wright 2006, sec. 17.4 (other constraints: augmented Lagrangian).
#pragma once

#include "planners/augmented_lagrangian.h"
#include "planners/backward_pass.h"
#include "planners/planner.h"

#include <chrono>

namespace lockstep::planners::ilqr {

// The defaults suit receding-horizon control of a swing-up with a model that is about right: on dm_control's cart-pole
// (0.01 s steps, cost 1 - reward, no terminal cost, horizon 125) they reach a return of 883 of 1000, with 75 steps 846
// to 880, with 100 steps 872; a model whose motor is 20 % too weak or too strong costs 2 (tests/planners/swingup_test).
struct Config {
  int iterations = 10;           // most iterations of one plan, over all guesses together on a warm plan
  double time_budget_ms = 0;     // no new iteration after this wall time; 0: none (deterministic)
  int starts = 4;                // guesses solved by the first plan after reset: the given controls and seeded waves
  int cold_iterations = 100;     // most iterations for each guess of the first plan after reset
  double start_amplitude = 0.5;  // of the seeded waves, share of half the control range (of 1 where unbounded)
  int step_sizes = 8;            // candidates of a line search, rolled out side by side
  double smallest_step = 1e-3;   // the last of them; the first is 1
  double accept_ratio = 1e-4;    // least actual / expected decrease of the cost
  double cost_tolerance = 1e-7;  // converged when an accepted step lowers the cost by less than this share of it
  double gradient_tolerance = 1e-5;   // converged when the mean of max |k| / (|u| + 1) is below
  double mu = 1e-6;                   // regularisation that a plan begins with
  double mu_min = 1e-6;               // below it, 0
  double mu_max = 1e10;               // give up above
  double mu_factor = 1.6;             // delta_0 of Tassa et al. 2012, sec. II-F
  std::string regularised = "state";  // what mu is added to: "state" (V_xx) or "control" (Q_uu)
  bool second_order = false;          // with second derivatives of the dynamics: DDP
  std::string shooting = "single";    // "multiple": states are guessed too, with gaps that the iterations close: FDDP
  // Of problems with constraints:
  double constraint_tolerance = 1e-6;  // most violation of a converged plan
  double penalty = 10;                 // that an episode begins with
  double penalty_factor = 10;          // where an update of the multipliers leaves more than a quarter of the violation
  double penalty_max = 1e8;            // at it, a violation that stays is given up

  void describe(Fields& fields);
  void check() const;  // throws Error
};

class Ilqr final : public Planner {
 public:
  // name: a literal, as the table of planners has it.
  explicit Ilqr(const Config& config, std::string_view name = "ilqr");

  [[nodiscard]] std::string_view name() const override { return name_; }
  void reset(const Problem& problem, std::uint64_t seed) override;
  // States [N + 1][nx] that the next plan begins with where shooting is "multiple" (its first becomes x0); else they
  // are those of a roll-out, and of an episode's first plan all x0.
  void guess_states(View<const double, 2> states);
  PlanStats plan(std::span<const double> x0, View<double, 2> controls) override;
  [[nodiscard]] View<const double, 2> predicted() const override;
  [[nodiscard]] View<const double, 3> gains() const override;
  [[nodiscard]] std::vector<std::byte> save() const override;
  void load(std::span<const std::byte> bytes) override;

 private:
  struct Trajectory {
    std::vector<double> states, controls, gains;  // [N + 1][nx], [N][nu], [N][nu][nx]
    double cost = 0;                              // the constraints' terms included
    double plain_cost = 0, violation = 0;
  };
  enum class Step : std::uint8_t { kAccepted, kRefused, kConverged, kStuck, kBadModel };
  using Clock = std::chrono::steady_clock;

  void seeded_guess(int start, View<const double, 2> given, std::vector<double>& controls) const;
  bool roll_out(std::span<const double> x0, Trajectory& trajectory);
  void guess_trajectory(std::span<const double> x0, bool cold);
  bool close_gaps(std::span<const double> x0);
  bool evaluate(Trajectory& trajectory);
  void keep_if_better(const std::string& status, PlanStats& stats);
  std::string solve(int iterations, PlanStats& stats);
  std::string improve(int last, PlanStats& stats);
  bool expand();
  void measure_gaps();
  double merit_slope();
  Step iterate(bool& expanded, PlanStats& stats);
  void accept(int chosen);
  int line_search();
  void roll_out_candidates();
  void evaluate_candidates();
  void raise_mu();
  void lower_mu();
  [[nodiscard]] double gap_norm() const;
  [[nodiscard]] bool out_of_time() const;

  Config config_;
  std::string_view name_;
  Problem problem_;
  std::vector<double> u_min_, u_max_;
  std::uint64_t seed_ = 0;
  std::int64_t plans_ = 0;           // since reset
  std::vector<double> state_guess_;  // [N + 1][nx], or empty
  int nx_ = 0, nu_ = 0, horizon_ = 0;

  Trajectory current_, best_, rolled_;
  LocalModel model_;
  Gains gains_;
  BackwardPass backward_;
  PsdProjection joint_{1}, terminal_{1};
  AugmentedLagrangian lagrangian_;
  double mu_ = 0, delta_ = 1;
  double merit_weight_ = 0;  // of the sum of |gaps| beside the cost
  Clock::time_point started_;

  std::vector<double> step_sizes_;                       // [S]
  std::vector<double> candidate_x_, candidate_u_;        // [N + 1][S][nx], [N][S][nu]
  std::vector<double> stage_costs_;                      // [N][S]
  std::vector<double> terminal_costs_, candidate_cost_;  // [S]
  std::vector<double> next_, move_x_, move_u_;           // [N][nx], [nx], [nu]
};

}  // namespace lockstep::planners::ilqr
