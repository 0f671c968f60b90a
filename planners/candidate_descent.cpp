// Roll out, sweep back, step; keep the cheapest on the way.
#include "planners/candidate_descent.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace lockstep::planners {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

void DescentConfig::describe(Fields& fields) {
  fields.add("learning_rate", learning_rate, "Adam's first, share of a control's range", {1e-9, 10});
  fields.add("last_rate", last_rate, "Adam's last, share of the first; half a cosine between", {0, 1});
  fields.add("gradient_clip", gradient_clip, "most norm of a gradient, cost per half control range; 0: none",
             {0, 1e12});
  fields.add("gradient_tolerance", gradient_tolerance, "slopes below it are rest, cost per half control range",
             {0, 1e12});
  fields.add("beta1", adam.beta1, "decay of Adam's mean of gradients", {0, 0.999999});
  fields.add("beta2", adam.beta2, "decay of Adam's mean of their squares", {0, 0.9999999});
}

CandidateDescent::CandidateDescent(const Problem& problem, int candidates, int parameters, const DescentConfig& config,
                                   const RolloutConfig& rollouts)
    : config_(config),
      size_(static_cast<size_t>(parameters)),
      nx_(problem.dynamics->state_size()),
      nu_(problem.dynamics->control_size()),
      horizon_(problem.horizon),
      rollouts_(problem, candidates, rollouts) {
  const auto horizon = static_cast<size_t>(horizon_), nx = static_cast<size_t>(nx_), nu = static_cast<size_t>(nu_);
  for (int thread = 0; thread < rollouts.threads; ++thread) {
    adjoints_.emplace_back(problem);
    slopes_.emplace_back(horizon * nu);
  }
  for (int candidate = 0; candidate < candidates; ++candidate) adam_.emplace_back(parameters, config.adam);
  const auto rows = static_cast<size_t>(candidates);
  for (std::vector<double>* array : {&parameters_, &gradient_, &best_parameters_}) array->assign(rows * size_, 0.0);
  best_costs_.assign(rows, kInfinity);
  motion_.assign(rows, Motion::kDiverged);
  best_controls_.assign(horizon * nu, 0.0);
  best_states_.assign((horizon + 1) * nx, 0.0);
}

void CandidateDescent::evaluate(const ControlParameters& space, std::span<const double> x0, int count) {
  for (int row = 0; row < count; ++row) space.expand(parameters(row).data(), rollouts_.controls(row));
  rollouts_.evaluate(x0, 0, count);
  for (int row = 0; row < count; ++row) {
    const double cost = rollouts_.costs()[row];
    if (cost >= best_costs_[row]) continue;
    best_costs_[row] = cost;
    std::copy_n(parameters(row).begin(), size_, &best_parameters_[static_cast<size_t>(row) * size_]);
    if (cost >= best_cost_) continue;
    best_cost_ = cost;
    std::copy_n(rollouts_.controls(row), best_controls_.size(), best_controls_.begin());
    std::copy_n(rollouts_.states(row), best_states_.size(), best_states_.begin());
  }
}

// gradient_ and motion_ of all candidates.
void CandidateDescent::take_gradients(const ControlParameters& space, int count) {
  rollouts_.for_each(count, [&](int row, Dynamics& dynamics, int thread) {
    motion_[row] = Motion::kDiverged;
    if (rollouts_.costs()[row] == kInfinity) return;
    motion_[row] = Motion::kNoGradient;
    double* slopes = slopes_[static_cast<size_t>(thread)].data();
    const double* controls = rollouts_.controls(row);
    if (!adjoints_[static_cast<size_t>(thread)].evaluate(dynamics, rollouts_.states(row), controls, slopes)) return;
    double* gradient = &gradient_[static_cast<size_t>(row) * size_];
    space.pull_back(controls, slopes, gradient);
    const bool rests = std::all_of(gradient, gradient + size_,
                                   [&](double slope) { return std::abs(slope) <= config_.gradient_tolerance; });
    models::networks::clip_norm(std::span<double>(gradient, size_), config_.gradient_clip);
    motion_[row] = rests ? Motion::kRests : Motion::kMoves;
  });
}

bool CandidateDescent::is_any(Motion motion, int count) const {
  return std::find(motion_.begin(), motion_.begin() + count, motion) != motion_.begin() + count;
}

CandidateDescent::Outcome CandidateDescent::descend(const ControlParameters& space, std::span<const double> x0,
                                                    int count, int steps,
                                                    std::chrono::steady_clock::time_point deadline) {
  assert(count <= std::ssize(adam_));
  for (int row = 0; row < count; ++row) {
    space.clamp(parameters(row));
    adam_[static_cast<size_t>(row)].reset();
  }
  std::fill(best_costs_.begin(), best_costs_.end(), kInfinity);
  best_cost_ = kInfinity;
  Outcome outcome;
  evaluate(space, x0, count);
  outcome.model_steps += std::int64_t{horizon_} * count;
  for (int step = 0; step < steps && best_cost_ < kInfinity; ++step) {
    if (step > 0 && std::chrono::steady_clock::now() >= deadline) {
      outcome.out_of_time = true;
      break;
    }
    take_gradients(space, count);
    outcome.model_steps += std::int64_t{horizon_} * (nx_ + nu_) * count;
    if (!is_any(Motion::kMoves, count)) {
      outcome.converged = is_any(Motion::kRests, count);
      outcome.bad_model = !outcome.converged && is_any(Motion::kNoGradient, count);
      break;
    }
    // A parameter of 1 is half the range.
    const double first = 2 * config_.learning_rate, share = static_cast<double>(step) / std::max(1, steps - 1);
    const double rate = models::networks::cosine_rate(first, first * config_.last_rate, share);
    for (int row = 0; row < count; ++row) {
      if (motion_[row] != Motion::kMoves) continue;
      adam_[static_cast<size_t>(row)].step({&gradient_[static_cast<size_t>(row) * size_], size_}, rate,
                                           parameters(row));
      space.clamp(parameters(row));
    }
    evaluate(space, x0, count);
    outcome.model_steps += std::int64_t{horizon_} * count;
    ++outcome.steps;
  }
  std::copy(best_parameters_.begin(), best_parameters_.end(), parameters_.begin());
  outcome.cost = best_cost_;
  return outcome;
}

}  // namespace lockstep::planners
