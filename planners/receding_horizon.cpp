// The plan - act - shift loop around any planner.
#include "planners/receding_horizon.h"
#include "engine/error.h"
#include "planners/control_bounds.h"
#include "planners/followed_plan.h"
#include "planners/scaled_terminal.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

namespace lockstep::planners {

void RecedingHorizonConfig::describe(Fields& fields) {
  fields.add("horizon", horizon, "control steps planned ahead", {1, 100000});
  fields.add("replan_steps", replan_steps, "control steps between two plans", {1, 100000});
  fields.add("feedback", feedback, "between plans, correct by the planner's gains where it has them");
  fields.add("terminal_scale", terminal_scale, "factor on the cost's terminal part", {0, 1e9});
}

void RecedingHorizonConfig::check() const {
  if (replan_steps > horizon)
    throw Error(fmt::format("replan_steps = {} exceeds horizon = {}", replan_steps, horizon), "settings mpc.*",
                "replan at least once per horizon");
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
  config.check();
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

// At step 0 the state is the plan's own start, and there is nothing to correct.
void RecedingHorizon::follow(std::span<const double> x, int step) {
  planners::follow({view<const double>(plan_.data(), config_.horizon, nu_), planner_->predicted(), planner_->gains()},
                   step, config_.feedback && step > 0, x, u_min_, u_max_, control_);
}

PlanTiming RecedingHorizon::timing() const { return timing_of(milliseconds_); }

}  // namespace lockstep::planners
