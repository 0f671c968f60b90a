// Where candidates begin, and what becomes of them.
#include "planners/gradient.h"
#include "engine/byte_stream.h"
#include "engine/error.h"
#include "kernels/philox.h"
#include "planners/control_bounds.h"
#include "planners/held_start.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include <fmt/format.h>

namespace lockstep::planners::gradient {
namespace {

constexpr std::uint64_t kSeedMark = 0x6772616400000000;  // "grad": keeps the streams apart from other users of the seed
constexpr const char* kSaved = "planner gradient";
constexpr std::uint32_t kSavedVersion = 1;
using Clock = std::chrono::steady_clock;

}  // namespace

void Config::describe(Fields& fields) {
  fields.add("candidates", candidates, "plans that descend side by side; the first begins as the warm start",
             {1, 100000});
  fields.add("iterations", iterations, "steps of Adam of one plan", {1, 100000});
  fields.add("cold_iterations", cold_iterations, "of the first plan after reset", {1, 100000});
  fields.add("time_budget_ms", time_budget_ms, "no new step after this wall time; 0: none, deterministic", {0, 1e7});
  fields.add("noise_std", noise_std, "of candidates about the warm start, share of half the control range", {0, 10});
  fields.add("knots", knots, "of the spline that is descended over; 0: one at every step", {0, 10000});
  fields.add_choice("interpolation", interpolation, "of controls between knots", {"hold", "linear", "cubic"});
  fields.add("proposed", proposed, "candidates that begin as the policy's plan, where there is a policy", {0, 100000});
  descent.describe(fields);
  rollouts.describe(fields);
}

void Config::check() const {
  if (knots == 1)
    throw Error("gradient.knots = 1 leaves nothing to interpolate", "settings of the planner gradient",
                "set knots to 0 (every step) or at least 2");
}

Gradient::Gradient(const Config& config) : config_(config) { config_.check(); }

void Gradient::reset(const Problem& problem, std::uint64_t seed) {
  check_problem(problem, name());
  if (config_.knots > problem.horizon)
    throw Error(fmt::format("gradient.knots = {} exceeds the horizon of {} steps", config_.knots, problem.horizon),
                "settings of the planner gradient", "set knots at most the horizon, or 0");
  problem_ = problem;
  u_min_.assign(problem.u_min.begin(), problem.u_min.end());
  u_max_.assign(problem.u_max.begin(), problem.u_max.end());
  problem_.u_min = u_min_;
  problem_.u_max = u_max_;
  seed_ = seed;
  plans_ = 0;
  nx_ = problem.dynamics->state_size();
  nu_ = problem.dynamics->control_size();
  horizon_ = problem.horizon;
  space_ = ControlParameters(problem_, interpolation_named(config_.interpolation), config_.knots);
  descent_ = CandidateDescent(problem_, config_.candidates, space_.size(), config_.descent, config_.rollouts);
  const auto nx = static_cast<size_t>(nx_), nu = static_cast<size_t>(nu_), horizon = static_cast<size_t>(horizon_);
  states_.assign((horizon + 1) * nx, 0.0);
  policy_controls_.assign(horizon * nu, 0.0);
  policy_parameters_.assign(static_cast<size_t>(space_.size()), 0.0);
  x_.assign(nx, 0.0);
  next_.assign(nx, 0.0);
}

// A function of (seed, plan, candidate, parameter) alone.
void Gradient::add_noise(int candidate, std::span<double> parameters) const {
  const kernels::RandomStream key{seed_ ^ kSeedMark, plans_};
  for (size_t at = 0; at < parameters.size(); at += 2) {
    double even, odd;
    kernels::normal_pair<double>(key, static_cast<std::uint32_t>(candidate), static_cast<std::uint32_t>(at / 2), 0,
                                 even, odd);
    parameters[at] += config_.noise_std * even;
    if (at + 1 < parameters.size()) parameters[at + 1] += config_.noise_std * odd;
  }
}

// policy_parameters_: what the policy does in the model from x0. False where it, or the model, gives no numbers.
bool Gradient::roll_out_policy(std::span<const double> x0) {
  std::copy(x0.begin(), x0.end(), x_.begin());
  for (int step = 0; step < horizon_; ++step) {
    double* u = &policy_controls_[static_cast<size_t>(step) * static_cast<size_t>(nu_)];
    policy_(view<const double>(x_.data(), 1, nx_), view(u, 1, nu_));
    for (int i = 0; i < nu_; ++i) {
      if (!std::isfinite(u[i])) return false;
      u[i] = std::clamp(u[i], u_min_[i], u_max_[i]);
    }
    problem_.dynamics->step(view<const double>(x_.data(), 1, nx_), view<const double>(u, 1, nu_),
                            view(next_.data(), 1, nx_));
    std::swap(x_, next_);
  }
  space_.from_controls(policy_controls_.data(), policy_parameters_.data());
  return all_finite(x_);
}

void Gradient::begin_candidates(std::span<const double> x0) {
  const bool has_policy = policy_ && roll_out_policy(x0);
  for (int candidate = 0; candidate < config_.candidates; ++candidate) {
    const std::span<double> parameters = descent_.parameters(candidate);
    const bool follows = has_policy && candidate >= 1 && candidate <= config_.proposed;
    std::fill(parameters.begin(), parameters.end(), 0.0);
    if (follows) std::copy(policy_parameters_.begin(), policy_parameters_.end(), parameters.begin());
    if (candidate > 0 && !(follows && candidate == 1)) add_noise(candidate, parameters);
  }
}

PlanStats Gradient::plan(std::span<const double> x0, View<double, 2> controls) {
  assert(std::ssize(x0) == nx_ && controls.extent(0) == horizon_ && controls.extent(1) == nu_);
  const auto started = Clock::now();
  PlanStats stats;
  clip(problem_, controls);
  space_.set_warm_start(controls);
  CandidateDescent::Outcome outcome;
  if (all_finite(x0)) {
    begin_candidates(x0);
    const auto budget =
        std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double, std::milli>(config_.time_budget_ms));
    outcome =
        descent_.descend(space_, x0, config_.candidates, plans_ == 0 ? config_.cold_iterations : config_.iterations,
                         config_.time_budget_ms > 0 ? started + budget : Clock::time_point::max());
  }
  ++plans_;
  stats.cost = outcome.cost;
  stats.iterations = outcome.steps;
  stats.model_steps = outcome.model_steps;
  stats.converged = outcome.converged;
  if (std::isfinite(outcome.cost)) {
    std::copy(descent_.controls().begin(), descent_.controls().end(), controls.data_handle());
    std::copy(descent_.states().begin(), descent_.states().end(), states_.begin());
    stats.status = outcome.converged     ? "converged"
                   : outcome.out_of_time ? "out of time"
                   : outcome.bad_model   ? "a derivative is not finite: stopped there"
                                         : "all iterations done";
  } else {
    stats.status = "all candidates diverged: kept the warm start";
    hold_start(x0, states_);
  }
  stats.seconds = std::chrono::duration<double>(Clock::now() - started).count();
  return stats;
}

std::vector<std::byte> Gradient::save() const {
  ByteWriter writer(kSaved, kSavedVersion);
  writer.write(seed_);
  writer.write(plans_);
  return std::move(writer).finish();
}

void Gradient::load(std::span<const std::byte> bytes) {
  ByteReader reader(bytes, kSaved, kSavedVersion, "saved state of the planner gradient");
  const auto seed = reader.read<std::uint64_t>();
  const auto plans = reader.read<std::uint32_t>();
  reader.expect_end();
  seed_ = seed;
  plans_ = plans;
}

extern const Entry kEntry{"gradient", "several candidates down the gradient through the model, by Adam",
                          [](const Settings& settings) -> std::unique_ptr<Planner> {
                            return std::make_unique<Gradient>(configured<Config>(settings));
                          },
                          [] { return settings_of(Config{}); }};

}  // namespace lockstep::planners::gradient
