// The plan - act - shift loop around any planner.
#include "planners/receding_horizon.h"
#include "engine/error.h"
#include "planners/control_bounds.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <utility>

#include <fmt/format.h>

namespace lockstep::planners {

// The problem's cost with its terminal part multiplied.
class RecedingHorizon::ScaledTerminal final : public Cost {
 public:
  ScaledTerminal(const Cost& cost, double scale) : cost_(cost), scale_(scale) {}
  [[nodiscard]] int state_size() const override { return cost_.state_size(); }
  [[nodiscard]] int control_size() const override { return cost_.control_size(); }
  void stage(View<const double, 2> x, View<const double, 2> u, View<double, 1> values) const override {
    cost_.stage(x, u, values);
  }
  void terminal(View<const double, 2> x, View<double, 1> values) const override {
    cost_.terminal(x, values);
    for (int row = 0; row < values.extent(0); ++row) values(row) *= scale_;
  }
  void expand_stage(View<const double, 2> x, View<const double, 2> u, const Expansion& out) const override {
    cost_.expand_stage(x, u, out);
  }
  void expand_terminal(View<const double, 2> x, View<double, 2> gradient, View<double, 3> hessian) const override {
    cost_.expand_terminal(x, gradient, hessian);
    for (int row = 0; row < x.extent(0); ++row)
      for (int i = 0; i < x.extent(1); ++i) {
        gradient(row, i) *= scale_;
        for (int j = 0; j < x.extent(1); ++j) hessian(row, i, j) *= scale_;
      }
  }

 private:
  const Cost& cost_;
  double scale_;
};

void RecedingHorizonConfig::describe(Fields& fields) {
  fields.add("horizon", horizon, "control steps planned ahead", {1, 100000});
  fields.add("replan_steps", replan_steps, "control steps between two plans", {1, 100000});
  fields.add("feedback", feedback, "between plans, correct by the planner's gains where it has them");
  fields.add("terminal_scale", terminal_scale, "factor on the cost's terminal part", {0, 1e9});
}

RecedingHorizon::RecedingHorizon(std::unique_ptr<Planner> planner, Dynamics& dynamics, const Cost& cost,
                                 std::span<const double> u_min, std::span<const double> u_max,
                                 const RecedingHorizonConfig& config)
    : planner_(std::move(planner)),
      scaled_(std::make_unique<ScaledTerminal>(cost, config.terminal_scale)),
      config_(config),
      nx_(dynamics.state_size()),
      nu_(dynamics.control_size()),
      u_min_(u_min.begin(), u_min.end()),
      u_max_(u_max.begin(), u_max.end()),
      plan_(static_cast<size_t>(config.horizon) * nu_),
      control_(nu_) {
  if (config.replan_steps > config.horizon)
    throw Error(fmt::format("replan_steps = {} exceeds horizon = {}", config.replan_steps, config.horizon),
                "settings mpc.*", "replan at least once per horizon");
  problem_ = {&dynamics, scaled_.get(), u_min_, u_max_, config.horizon};
}

RecedingHorizon::RecedingHorizon(RecedingHorizon&&) noexcept = default;
RecedingHorizon::~RecedingHorizon() = default;

void RecedingHorizon::reset(std::uint64_t seed) {
  std::fill(plan_.begin(), plan_.end(), 0.0);
  planner_->reset(problem_, seed);
  since_plan_ = 0;
  has_plan_ = false;
  milliseconds_.clear();
}

std::span<const double> RecedingHorizon::act(std::span<const double> x) {
  if (!has_plan_ || since_plan_ >= config_.replan_steps) {
    const View<double, 2> plan = view(plan_.data(), config_.horizon, nu_);
    if (has_plan_) shift(plan, since_plan_);
    const auto begin = std::chrono::steady_clock::now();
    last_ = planner_->plan(x, plan);
    milliseconds_.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
    has_plan_ = true;
    since_plan_ = 0;
  }
  follow(x, since_plan_++);
  return control_;
}

// control = u_k + K_k (x - x_k), in bounds; at k = 0 the state is the plan's own start.
void RecedingHorizon::follow(std::span<const double> x, int step) {
  const auto gains = planner_->gains();
  const auto predicted = planner_->predicted();
  const bool corrects = config_.feedback && step > 0 && gains.extent(0) > step && predicted.extent(0) > step;
  for (int i = 0; i < nu_; ++i) {
    double u = plan_[step * nu_ + i];
    if (corrects)
      for (int j = 0; j < nx_; ++j) u += gains(step, i, j) * (x[j] - predicted(step, j));
    control_[i] = std::isfinite(u) ? std::clamp(u, u_min_[i], u_max_[i]) : plan_[step * nu_ + i];
  }
}

PlanTiming RecedingHorizon::timing() const {
  if (milliseconds_.empty()) return {};
  std::vector<double> sorted = milliseconds_;
  std::sort(sorted.begin(), sorted.end());
  const auto quantile = [&](double q) {
    return sorted[static_cast<size_t>(q * static_cast<double>(sorted.size() - 1))];
  };
  const double mean = std::accumulate(sorted.begin(), sorted.end(), 0.0) / static_cast<double>(sorted.size());
  return {static_cast<int>(sorted.size()), mean, quantile(0.5), quantile(0.99), milliseconds_.front(), 1000 / mean};
}

}  // namespace lockstep::planners
