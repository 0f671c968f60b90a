// Sampling planners: one loop of drawing, rolling out and updating around any search distribution.
// A plan is the warm start plus a spline of a few knots (or one at every step); a distribution searches over the knots.
// The methods: predictive_sampling.cpp, cem.cpp, icem.cpp, cma_es.cpp; mppi.h weighs whole control sequences instead.
#pragma once

#include "planners/candidate_descent.h"
#include "planners/control_parameters.h"
#include "planners/planner.h"
#include "planners/rollouts.h"

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::planners {

// What all of them have.
struct SamplingConfig {
  int samples = 64;                     // roll-outs of one iteration; the first is the distribution's mean
  int iterations = 1;                   // updates of one plan
  double time_budget_ms = 0;            // no new iteration after this wall time; 0: none (deterministic)
  int knots = 0;                        // of the spline that is searched over; 0: one at every step
  std::string interpolation = "cubic";  // between knots: "hold", "linear", "cubic" (Catmull-Rom)
  double noise_std = 0.3;               // of the first samples, share of half the control range (of 1 where unbounded)
  bool keep_best = true;                // the best sample is the plan where it is cheaper than the mean
  RolloutConfig rollouts = {};          // results do not depend on it

  void describe(Fields& fields);
  // Throws Error (where: settings of the planner `name`).
  void check(std::string_view name) const;
};

// A distribution over P parameters: what is added to the warm start at each knot, in units of half the control range,
// [knots][nu]. Lower costs are better; infinite ones are samples that diverged.
class Search {
 public:
  struct Shape {
    int knots, nu;
    bool is_dense;     // a knot at every step
    int samples;       // most samples of an iteration
    double noise_std;  // of the first
    [[nodiscard]] int parameters() const { return knots * nu; }
  };
  virtual ~Search() = default;
  // A new episode: forgets everything. Allocates all it needs.
  virtual void reset(const Shape& shape) = 0;
  // A new plan: the warm start is the mean. low, high [P]: bounds of the parameters, 0 within.
  virtual void begin(std::span<const double> low, std::span<const double> high) = 0;
  // Samples of an iteration, in [2, shape.samples].
  [[nodiscard]] virtual int population([[maybe_unused]] int iteration, int samples) const { return samples; }
  // parameters [P] of one sample from independent standard normal numbers white [P].
  virtual void draw(int sample, const double* white, double* parameters) = 0;
  // Learns from an iteration: parameters [population][P] as evaluated (in bounds), costs [population], one at least
  // finite.
  virtual void update(std::span<const double> parameters, std::span<const double> costs) = 0;
  [[nodiscard]] virtual std::span<const double> mean() const = 0;  // [P]
  // Numbers that the next plan depends on, all of them; load() gets as many back.
  [[nodiscard]] virtual std::vector<double> save() const { return {}; }
  virtual void load([[maybe_unused]] std::span<const double> numbers) {}
};

// Samples that descend the gradient before the distribution learns from them: Bharadhwaj, Xie, Shkurti,
// "Model-predictive control via cross-entropy and gradient-based optimization", L4DC 2020, algorithm 1, for the
// cheapest samples only.
struct RefinementConfig {
  int refined = 0;  // cheapest samples of every iteration that descend; 0: none, no derivatives wanted
  int steps = 5;    // of Adam, each
  DescentConfig descent = {};

  void describe(Fields& fields);
};

// Indices of the `count` cheapest finite samples, cheapest first (ties: the lower index); fewer where fewer are finite.
void find_elites(std::span<const double> costs, int count, std::vector<int>& elites);

// Deterministic given (seed, plans since reset), whatever the batch and the threads.
class SamplingPlanner final : public Planner {
 public:
  // name: a literal, as the table of planners has it.
  SamplingPlanner(std::string_view name, const SamplingConfig& config, std::unique_ptr<Search> search,
                  const RefinementConfig& refinement = {});

  [[nodiscard]] std::string_view name() const override { return name_; }
  void reset(const Problem& problem, std::uint64_t seed) override;
  PlanStats plan(std::span<const double> x0, View<double, 2> controls) override;
  [[nodiscard]] View<const double, 2> predicted() const override;
  [[nodiscard]] View<const double, 3> gains() const override { return {}; }
  [[nodiscard]] std::vector<std::byte> save() const override;
  void load(std::span<const std::byte> bytes) override;

 private:
  void draw_samples(int count);
  void keep(int row);
  void keep(double cost, const double* controls, const double* states);
  void refine(std::span<const double> x0, std::span<double> costs, PlanStats& stats);

  std::string_view name_;
  SamplingConfig config_;
  RefinementConfig refinement_;
  std::unique_ptr<Search> search_;
  Problem problem_;
  std::vector<double> u_min_, u_max_;
  std::uint64_t seed_ = 0;
  std::uint32_t round_ = 0;  // iterations since reset: the noise's stream
  int nx_ = 0, nu_ = 0, horizon_ = 0, parameters_ = 0;

  ControlParameters space_;
  Rollouts rollouts_;                          // one more row than samples: the last is the mean's
  std::vector<double> white_;                  // [P]
  std::vector<double> drawn_, costs_;          // [S][P], [S]: as the distribution learns them
  CandidateDescent descent_;                   // of the refined samples
  std::vector<int> refined_;                   // their indices
  std::vector<double> best_, best_predicted_;  // [N][nu], [N + 1][nx]
  double best_cost_ = 0;
};

}  // namespace lockstep::planners
