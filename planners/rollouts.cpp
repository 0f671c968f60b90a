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

void Rollouts::evaluate_batch(Dynamics& dynamics, int first, int count) {
  const double* controls = &controls_[length(first, horizon_, nu_)];
  double* states = &states_[length(first, horizon_ + 1, nx_)];
  dynamics.rollout(View<const double, 2>(&start_[length(first, nx_)], count, nx_),
                   View<const double, 3>(controls, count, horizon_, nu_),
                   View<double, 3>(states, count, horizon_ + 1, nx_));
  for (int i = 0; i < count; ++i) {
    const double* x = states + length(i, horizon_ + 1, nx_);
    double* stage = &stage_[length(first + i, horizon_)];
    double total = 0;
    problem_.cost->stage(View<const double, 2>(x, horizon_, nx_),
                         View<const double, 2>(controls + length(i, horizon_, nu_), horizon_, nu_),
                         View<double, 1>(stage, horizon_));
    problem_.cost->terminal(View<const double, 2>(x + length(horizon_, nx_), 1, nx_), View<double, 1>(&total, 1));
    for (int step = 0; step < horizon_; ++step) total += stage[step];
    // A state may be lost without the cost noticing it: look at the last one, which inherits what is not finite.
    const double* end = x + length(horizon_, nx_);
    const bool finite = std::isfinite(total) && std::all_of(end, end + nx_, [](double v) { return std::isfinite(v); });
    costs_[first + i] = finite ? total : std::numeric_limits<double>::infinity();
  }
}

void Rollouts::evaluate(std::span<const double> x0, int first, int count) {
  for (int row = first; row < first + count; ++row) std::copy(x0.begin(), x0.end(), &start_[length(row, nx_)]);
  const int batches = (count + config_.batch - 1) / config_.batch;
  for_each(batches, [&](int batch, Dynamics& dynamics, int) {
    const int begin = first + batch * config_.batch, size = std::min(config_.batch, first + count - begin);
    evaluate_batch(dynamics, begin, size);
  });
}

}  // namespace lockstep::planners
