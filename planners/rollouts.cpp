// Splits roll-outs into batches over threads, and adds up their costs.
#include "planners/rollouts.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lockstep::planners {
namespace {

size_t length(int a, int b, int c = 1) {
  return static_cast<size_t>(a) * static_cast<size_t>(b) * static_cast<size_t>(c);
}

}  // namespace

void RolloutConfig::describe(Fields& fields) {
  fields.add("batch", batch, "samples of one call of the dynamics", {1, 1000000});
  fields.add("threads", threads, "that roll out samples", {1, 1024});
}

Rollouts::Rollouts(const Problem& problem, int rows, const RolloutConfig& config)
    : problem_(problem),
      config_(config),
      nx_(problem.dynamics->state_size()),
      nu_(problem.dynamics->control_size()),
      horizon_(problem.horizon),
      start_(length(rows, nx_)),
      controls_(length(rows, horizon_, nu_)),
      states_(length(rows, horizon_ + 1, nx_)),
      stage_(length(rows, horizon_)),
      costs_(static_cast<size_t>(rows), std::numeric_limits<double>::infinity()) {
  if (config.threads > 1) pool_ = std::make_unique<ThreadPool>(config.threads);
  for (int thread = 1; thread < config.threads; ++thread) clones_.push_back(problem.dynamics->clone());
}

void Rollouts::roll_out(Dynamics& dynamics, int first, int count) {
  dynamics.rollout(View<const double, 2>(&start_[length(first, nx_)], count, nx_),
                   View<const double, 3>(&controls_[length(first, horizon_, nu_)], count, horizon_, nu_),
                   View<double, 3>(&states_[length(first, horizon_ + 1, nx_)], count, horizon_ + 1, nx_));
}

// scratch [count][2 nx + nu]: states, next states, controls of one step.
void Rollouts::roll_out(Dynamics& dynamics, int first, int count, const FollowedPlan& about, double* scratch) {
  double *x = scratch, *next = x + length(count, nx_), *u = next + length(count, nx_);
  std::copy_n(&start_[length(first, nx_)], length(count, nx_), x);
  for (int step = 0; step <= horizon_; ++step) {
    for (int row = 0; row < count; ++row)
      std::copy_n(x + length(row, nx_), nx_, &states_[length(first + row, horizon_ + 1, nx_) + length(step, nx_)]);
    if (step == horizon_) break;
    for (int row = 0; row < count; ++row) {
      double* control = &controls_[length(first + row, horizon_, nu_) + length(step, nu_)];
      for (int i = 0; i < nu_; ++i) {
        double value = control[i];
        for (int j = 0; j < nx_; ++j)
          value += about.gains(step, i, j) * (x[length(row, nx_) + j] - about.predicted(step, j));
        control[i] = std::clamp(value, problem_.u_min[i], problem_.u_max[i]);
        u[length(row, nu_) + i] = control[i];
      }
    }
    dynamics.step(View<const double, 2>(x, count, nx_), View<const double, 2>(u, count, nu_),
                  View<double, 2>(next, count, nx_));
    std::swap(x, next);
  }
}

void Rollouts::add_costs(int first, int count) {
  for (int row = first; row < first + count; ++row) {
    const double* x = states(row);
    double* stage = &stage_[length(row, horizon_)];
    double total = 0;
    problem_.cost->stage(View<const double, 2>(x, horizon_, nx_), View<const double, 2>(controls(row), horizon_, nu_),
                         View<double, 1>(stage, horizon_));
    problem_.cost->terminal(View<const double, 2>(x + length(horizon_, nx_), 1, nx_), View<double, 1>(&total, 1));
    for (int step = 0; step < horizon_; ++step) total += stage[step];
    // A state may be lost without the cost noticing it: look at the last one, which inherits what is not finite.
    const double* end = x + length(horizon_, nx_);
    const bool finite = std::isfinite(total) && std::all_of(end, end + nx_, [](double v) { return std::isfinite(v); });
    costs_[row] = finite ? total : std::numeric_limits<double>::infinity();
  }
}

template <class RollOut>
void Rollouts::evaluate_rows(std::span<const double> x0, int first, int count, RollOut&& roll_out_batch) {
  for (int row = first; row < first + count; ++row) std::copy(x0.begin(), x0.end(), &start_[length(row, nx_)]);
  const int batches = (count + config_.batch - 1) / config_.batch;
  for_each(batches, [&](int batch, Dynamics& dynamics, int thread) {
    const int begin = first + batch * config_.batch, size = std::min(config_.batch, first + count - begin);
    roll_out_batch(dynamics, begin, size, thread);
    add_costs(begin, size);
  });
}

void Rollouts::evaluate(std::span<const double> x0, int first, int count) {
  evaluate_rows(x0, first, count,
                [&](Dynamics& dynamics, int begin, int size, int) { roll_out(dynamics, begin, size); });
}

void Rollouts::evaluate(std::span<const double> x0, int first, int count, const FollowedPlan& about) {
  const size_t each = length(config_.batch, 2 * nx_ + nu_);
  scratch_.resize(each * static_cast<size_t>(config_.threads));
  evaluate_rows(x0, first, count, [&](Dynamics& dynamics, int begin, int size, int thread) {
    roll_out(dynamics, begin, size, about, &scratch_[each * static_cast<size_t>(thread)]);
  });
}

}  // namespace lockstep::planners
