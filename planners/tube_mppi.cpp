// Moves the nominal system, plans for it, and follows it from where the real one is.
#include "planners/tube_mppi.h"
#include "engine/byte_stream.h"
#include "planners/control_bounds.h"
#include "planners/held_start.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

namespace lockstep::planners::tube_mppi {
namespace {

constexpr const char* kSaved = "planner tube-mppi";
constexpr std::uint32_t kSavedVersion = 1;

}  // namespace

void Config::describe(Fields& fields) {
  sampling.describe(fields);
  fields.add("tracking_weight", tracking_weight, "on the square of a state's deviation from the nominal system's",
             {1e-9, 1e12});
  fields.add("takeover_ratio", takeover_ratio,
             "the real state becomes nominal where a plan from it costs at most this times the nominal's; 0: never",
             {0, 1e9});
}

void Config::check() const { sampling.check(); }

TubeMppi::TubeMppi(const Config& config) : config_(config), sampler_(config.sampling) {}

void TubeMppi::reset(const Problem& problem, std::uint64_t seed) {
  check_problem(problem, name());
  problem_ = problem;
  u_min_.assign(problem.u_min.begin(), problem.u_min.end());
  u_max_.assign(problem.u_max.begin(), problem.u_max.end());
  problem_.u_min = u_min_;
  problem_.u_max = u_max_;
  sampler_.reset(problem_, seed);
  nx_ = problem.dynamics->state_size();
  nu_ = problem.dynamics->control_size();
  horizon_ = problem.horizon;
  has_plan_ = false;
  tracking_ = TrackingGains(problem_);
  following_ = Rollouts(problem_, 1, {.batch = 1, .threads = 1});
  const auto nx = static_cast<size_t>(nx_), nu = static_cast<size_t>(nu_), horizon = static_cast<size_t>(horizon_);
  nominal_x_.assign(nx, 0.0);
  for (std::vector<double>* array : {&nominal_controls_, &real_controls_, &returned_}) array->assign(horizon * nu, 0.0);
  for (std::vector<double>* array : {&nominal_states_, &real_states_, &states_}) array->assign((horizon + 1) * nx, 0.0);
}

// Rows by which `controls` is the returned plan shifted, 1 before others where several fit; -1 where none does.
int TubeMppi::steps_since(View<const double, 2> controls) const {
  if (!has_plan_) return -1;
  const auto fits = [&](int shift) {
    for (int step = 0; step < horizon_; ++step)
      for (int i = 0; i < nu_; ++i)
        if (controls(step, i) != returned_[static_cast<size_t>(std::min(step + shift, horizon_ - 1) * nu_ + i)])
          return false;
    return true;
  };
  for (int shift = 1; shift <= horizon_; ++shift)
    if (fits(shift)) return shift;
  return fits(0) ? 0 : -1;
}

// nominal_x_ and nominal_controls_ at the present step.
void TubeMppi::move_nominal(std::span<const double> x0, View<const double, 2> controls) {
  const int steps = steps_since(controls);
  if (steps < 0) {
    std::copy(x0.begin(), x0.end(), nominal_x_.begin());
    std::copy_n(controls.data_handle(), nominal_controls_.size(), nominal_controls_.begin());
    return;
  }
  std::copy_n(&nominal_states_[static_cast<size_t>(steps) * static_cast<size_t>(nx_)], nx_, nominal_x_.begin());
  shift(view(nominal_controls_.data(), horizon_, nu_), steps);
}

// A plan from the real state, the real_ arrays; its cost is infinite where every sample diverged.
PlanStats TubeMppi::plan_from(std::span<const double> x0) {
  const PlanStats real = sampler_.plan(x0, view(real_controls_.data(), horizon_, nu_));
  const auto predicted = sampler_.predicted();
  std::copy_n(predicted.data_handle(), real_states_.size(), real_states_.begin());
  return real;
}

// The nominal system becomes the real one, with the plan made from there.
void TubeMppi::take_over(const PlanStats& real, PlanStats& stats) {
  nominal_controls_ = real_controls_;
  nominal_states_ = real_states_;
  stats.cost = real.cost;
  stats.status = real.status;
}

// Gains about the nominal plan, and the plan that they make of it from the real state. False where that diverges.
bool TubeMppi::hold_to_nominal(std::span<const double> x0, PlanStats& stats) {
  if (!std::isfinite(stats.cost)) return false;
  stats.model_steps += std::int64_t{horizon_} * (nx_ + nu_);
  if (!tracking_.fit(*problem_.dynamics, nominal_states_.data(), nominal_controls_.data(), config_.tracking_weight))
    stats.status = "a derivative is not finite: no feedback";
  return follow_nominal(x0, stats);
}

bool TubeMppi::follow_nominal(std::span<const double> x0, PlanStats& stats) {
  std::copy(nominal_controls_.begin(), nominal_controls_.end(), following_.controls(0));
  const FollowedPlan about{{}, view<const double>(nominal_states_.data(), horizon_ + 1, nx_), tracking_.gains()};
  following_.evaluate(x0, 0, 1, about);
  stats.model_steps += horizon_;
  const double cost = following_.costs()[0];
  if (!std::isfinite(cost)) return false;
  stats.cost = cost;
  std::copy_n(following_.controls(0), returned_.size(), returned_.begin());
  std::copy_n(following_.states(0), states_.size(), states_.begin());
  return true;
}

PlanStats TubeMppi::plan(std::span<const double> x0, View<double, 2> controls) {
  assert(std::ssize(x0) == nx_ && controls.extent(0) == horizon_ && controls.extent(1) == nu_);
  const auto started = std::chrono::steady_clock::now();
  clip(problem_, controls);
  move_nominal(x0, controls);
  std::copy_n(controls.data_handle(), real_controls_.size(), real_controls_.begin());
  const bool is_disturbed = !std::equal(x0.begin(), x0.end(), nominal_x_.begin());
  PlanStats stats = sampler_.plan(nominal_x_, view(nominal_controls_.data(), horizon_, nu_));
  const auto predicted = sampler_.predicted();
  std::copy_n(predicted.data_handle(), nominal_states_.size(), nominal_states_.begin());
  const bool has_state = all_finite(x0);
  PlanStats real;
  real.cost = std::numeric_limits<double>::infinity();
  if (is_disturbed && has_state && (config_.takeover_ratio > 0 || !std::isfinite(stats.cost))) {
    real = plan_from(x0);
    stats.model_steps += real.model_steps;
    stats.iterations += real.iterations;
    if (!std::isfinite(stats.cost) || real.cost <= config_.takeover_ratio * stats.cost) take_over(real, stats);
  }
  has_plan_ = std::isfinite(stats.cost);
  bool holds = has_state && hold_to_nominal(x0, stats);
  if (!holds && std::isfinite(real.cost)) {  // the feedback leads astray: the plan from the real state does not need it
    take_over(real, stats);
    holds = hold_to_nominal(x0, stats);
  }
  if (holds) {
    std::copy(returned_.begin(), returned_.end(), controls.data_handle());
  } else {
    // Nothing can be followed: the warm start.
    stats.status = "all candidates diverged: kept the warm start";
    stats.cost = std::numeric_limits<double>::infinity();
    std::copy_n(controls.data_handle(), returned_.size(), returned_.begin());
    hold_start(x0, states_);
  }
  stats.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return stats;
}

std::vector<std::byte> TubeMppi::save() const {
  ByteWriter writer(kSaved, kSavedVersion);
  const std::vector<std::byte> sampler = sampler_.save();
  writer.write_array(std::span<const std::byte>(sampler));
  writer.write(static_cast<std::uint8_t>(has_plan_ ? 1 : 0));
  for (const std::vector<double>* array : {&nominal_controls_, &nominal_states_, &returned_})
    writer.write_array(std::span<const double>(*array));
  return std::move(writer).finish();
}

void TubeMppi::load(std::span<const std::byte> bytes) {
  ByteReader reader(bytes, kSaved, kSavedVersion, "saved state of the planner tube-mppi");
  const auto sampler = reader.read_vector<std::byte>();
  const bool has_plan = reader.read<std::uint8_t>() != 0;
  std::vector<double> controls(nominal_controls_.size()), states(nominal_states_.size()), returned(returned_.size());
  for (std::vector<double>* array : {&controls, &states, &returned}) reader.read_array(std::span<double>(*array));
  reader.expect_end();
  sampler_.load(sampler);
  has_plan_ = has_plan;
  nominal_controls_ = controls;
  nominal_states_ = states;
  returned_ = returned;
}

extern const Entry kEntry{"tube-mppi", "mppi for an undisturbed system, feedback that holds the real one to it",
                          [](const Settings& settings) -> std::unique_ptr<Planner> {
                            return std::make_unique<TubeMppi>(configured<Config>(settings));
                          },
                          [] { return settings_of(Config{}); }};

}  // namespace lockstep::planners::tube_mppi
