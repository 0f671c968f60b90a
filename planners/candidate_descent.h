// Several control sequences side by side, each moved down the gradient of its own cost by Adam.
// Jyothir, Jalagam, LeCun, Sobal, "Gradient-based planning with world models", 2023 (arXiv 2312.17227); Adam: Kingma,
// Ba, ICLR 2015.
#pragma once

#include "engine/settings.h"
#include "models/networks/adam.h"
#include "planners/adjoint_gradient.h"
#include "planners/control_parameters.h"
#include "planners/planner.h"
#include "planners/rollouts.h"

#include <chrono>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace lockstep::planners {

struct DescentConfig {
  double learning_rate = 0.1;        // of the first step: how far a control moves, share of its range
  double last_rate = 0.1;            // of the last step, share of the first; half a cosine between them
  double gradient_clip = 10;         // most norm of a sequence's gradient, cost per half control range; 0: none
  double gradient_tolerance = 1e-6;  // a candidate whose every slope (cost per half range) is smaller is at rest
  models::networks::AdamConfig adam = {};

  void describe(Fields& fields);
};

// Candidates are parameters [P] (control_parameters.h). Nothing is allocated after the constructor. Results do not
// depend on the threads.
class CandidateDescent {
 public:
  CandidateDescent() = default;
  // problem: its dynamics and cost outlive this, with u_min and u_max.
  CandidateDescent(const Problem& problem, int candidates, int parameters, const DescentConfig& config,
                   const RolloutConfig& rollouts);

  // Where a candidate begins, to be written before descend(); afterwards the cheapest parameters that it passed
  // through.
  [[nodiscard]] std::span<double> parameters(int candidate) {
    return {&parameters_[static_cast<size_t>(candidate) * size_], size_};
  }
  // Costs of those; infinite where every roll-out diverged.
  [[nodiscard]] std::span<const double> costs() const { return best_costs_; }

  struct Outcome {
    double cost = std::numeric_limits<double>::infinity();  // of the cheapest candidate
    int steps = 0;                                          // of Adam taken
    std::int64_t model_steps = 0;                           // Jacobian columns included
    bool converged = false;                                 // nothing moves any more: candidates are at rest, or lost
    bool out_of_time = false;
    bool bad_model = false;  // nothing moves because no derivative is finite
  };
  // Moves candidates 0 ... count - 1 by at most `steps` steps from x0 [nx], none after `deadline` but the first.
  Outcome descend(const ControlParameters& space, std::span<const double> x0, int count, int steps,
                  std::chrono::steady_clock::time_point deadline);
  // Of the cheapest candidate: controls [N][nu] and states [N + 1][nx].
  [[nodiscard]] std::span<const double> controls() const { return best_controls_; }
  [[nodiscard]] std::span<const double> states() const { return best_states_; }

 private:
  void evaluate(const ControlParameters& space, std::span<const double> x0, int count);
  void take_gradients(const ControlParameters& space, int count);
  enum class Motion : std::uint8_t { kMoves, kRests, kDiverged, kNoGradient };
  [[nodiscard]] bool is_any(Motion motion, int count) const;

  DescentConfig config_;
  size_t size_ = 0;  // P
  int nx_ = 0, nu_ = 0, horizon_ = 0;
  Rollouts rollouts_;
  std::vector<AdjointGradient> adjoints_;             // of each thread
  std::vector<std::vector<double>> slopes_;           // of each thread, [N][nu]
  std::vector<models::networks::Adam<double>> adam_;  // of each candidate
  std::vector<double> parameters_, gradient_;         // [candidates][P]
  std::vector<double> best_parameters_, best_costs_;  // [candidates][P], [candidates]
  std::vector<Motion> motion_;                        // [candidates]
  std::vector<double> best_controls_, best_states_;
  double best_cost_ = std::numeric_limits<double>::infinity();
};

}  // namespace lockstep::planners
