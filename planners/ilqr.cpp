// iLQR with control limits: expansion, backward pass and parallel line search, repeated until converged.
#include "planners/ilqr.h"
#include "engine/byte_stream.h"
#include "engine/error.h"
#include "kernels/philox.h"
#include "planners/control_bounds.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <numbers>

#include <fmt/format.h>

namespace lockstep::planners::ilqr {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::uint32_t kGuessStream = 0x696c7172;  // "ilqr": no other place draws from this stream
using Rows = View<double, 2>;
using ConstRows = View<const double, 2>;
using Values = View<double, 1>;
constexpr const char* kSaved = "planner ilqr";
constexpr std::uint32_t kSavedVersion = 1;
constexpr const char* kDiverged = "all candidates diverged: kept the warm start";

size_t length(int a, int b, int c = 1) {
  return static_cast<size_t>(a) * static_cast<size_t>(b) * static_cast<size_t>(c);
}

bool all_finite(std::span<const double> values) {
  return std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); });
}

}  // namespace

void Config::describe(Fields& fields) {
  fields.add("iterations", iterations, "most iterations of one plan", {1, 100000});
  fields.add("time_budget_ms", time_budget_ms, "no new iteration after this wall time; 0: none, deterministic",
             {0, 1e7});
  fields.add("starts", starts, "guesses solved by the first plan of an episode: the given one and seeded waves",
             {1, 10000});
  fields.add("cold_iterations", cold_iterations, "most iterations for each guess of the first plan", {1, 100000});
  fields.add("start_amplitude", start_amplitude, "of the seeded waves, share of half the control range", {0, 1});
  fields.add("step_sizes", step_sizes, "step sizes of a line search, rolled out side by side", {1, 64});
  fields.add("smallest_step", smallest_step, "the last step size; the first is 1", {1e-12, 1});
  fields.add("accept_ratio", accept_ratio, "least actual / expected decrease of an accepted step", {0, 1});
  fields.add("cost_tolerance", cost_tolerance, "converged when a step lowers the cost by less than this share", {0, 1});
  fields.add("gradient_tolerance", gradient_tolerance, "converged when mean max |k| / (|u| + 1) is below", {0, 1});
  fields.add("mu", mu, "regularisation on the state that a plan begins with", {0, 1e12});
  fields.add("mu_min", mu_min, "regularisation below this becomes 0", {1e-12, 1e12});
  fields.add("mu_max", mu_max, "a plan gives up when its regularisation exceeds this", {1e-12, 1e20});
  fields.add("mu_factor", mu_factor, "least factor by which the regularisation changes", {1.01, 100});
}

void Config::check() const {
  if (mu_min > mu_max)
    throw Error(fmt::format("ilqr.mu_min = {} exceeds ilqr.mu_max = {}", mu_min, mu_max),
                "settings of the planner ilqr", "choose mu_min at most mu_max");
}

Ilqr::Ilqr(const Config& config) : config_(config) { config_.check(); }

void Ilqr::reset(const Problem& problem, std::uint64_t seed) {
  check_problem(problem, name());
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
  for (Trajectory* trajectory : {&current_, &best_}) {
    trajectory->states.assign(length(horizon_ + 1, nx_), 0.0);
    trajectory->controls.assign(length(horizon_, nu_), 0.0);
    trajectory->gains.assign(length(horizon_, nu_, nx_), 0.0);
  }
  model_ = LocalModel(horizon_, nx_, nu_);
  gains_ = Gains(horizon_, nx_, nu_);
  backward_ = BackwardPass(nx_, nu_);
  joint_ = PsdProjection(nx_ + nu_);
  terminal_ = PsdProjection(nx_);
  const int sizes = config_.step_sizes;
  step_sizes_.resize(static_cast<size_t>(sizes));
  for (int i = 0; i < sizes; ++i)
    step_sizes_[i] = sizes == 1 ? 1 : std::pow(config_.smallest_step, static_cast<double>(i) / (sizes - 1));
  candidate_x_.assign(length(horizon_ + 1, sizes, nx_), 0.0);
  candidate_u_.assign(length(horizon_, sizes, nu_), 0.0);
  stage_costs_.assign(length(horizon_, sizes), 0.0);
  terminal_costs_.assign(static_cast<size_t>(sizes), 0.0);
  candidate_cost_.assign(static_cast<size_t>(sizes), 0.0);
}

bool Ilqr::out_of_time() const {
  if (config_.time_budget_ms <= 0) return false;
  return std::chrono::duration<double, std::milli>(Clock::now() - started_).count() >= config_.time_budget_ms;
}

// Guess number `start` of the first plan: 0 is the given one, the others add a sine of 1/2 to 4 periods to it.
void Ilqr::seeded_guess(int start, View<const double, 2> given, std::vector<double>& controls) const {
  for (int i = 0; i < nu_; ++i) {
    const kernels::RandomStream key{seed_, kGuessStream};
    const auto index = static_cast<std::uint32_t>(2 * i);
    const auto guess = static_cast<std::uint32_t>(start);
    const double periods = 0.5 * std::pow(8.0, kernels::uniform<double>(key, guess, 0, index));
    const double phase = 2 * std::numbers::pi * kernels::uniform<double>(key, guess, 0, index + 1);
    const double amplitude = start == 0 ? 0 : config_.start_amplitude * half_range(problem_, i);
    for (int step = 0; step < horizon_; ++step) {
      const double wave = amplitude * std::sin(2 * std::numbers::pi * periods * step / horizon_ + phase);
      controls[length(step, nu_) + i] = std::clamp(given(step, i) + wave, u_min_[i], u_max_[i]);
    }
  }
}

// States and cost under trajectory.controls; false where they are not finite.
bool Ilqr::roll_out(std::span<const double> x0, Trajectory& trajectory) {
  problem_.dynamics->rollout(ConstRows(x0.data(), 1, nx_),
                             View<const double, 3>(trajectory.controls.data(), 1, horizon_, nu_),
                             View<double, 3>(trajectory.states.data(), 1, horizon_ + 1, nx_));
  trajectory.cost = kInfinity;
  if (!all_finite(trajectory.states)) return false;
  problem_.cost->stage(ConstRows(trajectory.states.data(), horizon_, nx_),
                       ConstRows(trajectory.controls.data(), horizon_, nu_), Values(stage_costs_.data(), horizon_));
  problem_.cost->terminal(ConstRows(&trajectory.states[length(horizon_, nx_)], 1, nx_),
                          Values(terminal_costs_.data(), 1));
  double total = terminal_costs_[0];
  for (int step = 0; step < horizon_; ++step) total += stage_costs_[step];
  if (std::isfinite(total)) trajectory.cost = total;
  return std::isfinite(total);
}

PlanStats Ilqr::plan(std::span<const double> x0, View<double, 2> controls) {
  assert(std::ssize(x0) == nx_ && controls.extent(0) == horizon_ && controls.extent(1) == nu_);
  started_ = Clock::now();
  PlanStats stats;
  clip(problem_, controls);
  const bool cold = plans_++ == 0;
  best_.cost = kInfinity;
  stats.status = kDiverged;
  const int starts = cold ? config_.starts : 1;
  for (int start = 0; start < starts && all_finite(x0); ++start) {
    if (start > 0 && out_of_time()) break;
    seeded_guess(start, controls, current_.controls);
    stats.model_steps += horizon_;
    if (!roll_out(x0, current_)) continue;
    const std::string status = solve(cold ? config_.cold_iterations : config_.iterations, stats);
    if (current_.cost < best_.cost) {
      std::swap(current_, best_);
      stats.status = status;
      stats.converged = status == "converged";
    }
  }
  stats.cost = best_.cost;
  if (best_.cost == kInfinity) {
    // Nothing to predict: the start is held, or 0 where not even that is finite.
    for (int step = 0; step <= horizon_; ++step)
      for (int i = 0; i < nx_; ++i) best_.states[length(step, nx_) + i] = std::isfinite(x0[i]) ? x0[i] : 0;
    std::fill(best_.gains.begin(), best_.gains.end(), 0.0);
  } else {
    std::copy(best_.controls.begin(), best_.controls.end(), controls.data_handle());
  }
  stats.seconds = std::chrono::duration<double>(Clock::now() - started_).count();
  return stats;
}

// Improves current_ until it converges or the budget is spent. Returns the status.
std::string Ilqr::solve(int iterations, PlanStats& stats) {
  mu_ = config_.mu;
  delta_ = 1;
  std::fill(current_.gains.begin(), current_.gains.end(), 0.0);
  bool expanded = false;
  for (int iteration = 0; iteration < iterations; ++iteration) {
    if (out_of_time()) return "out of time";
    ++stats.iterations;
    switch (iterate(expanded, stats)) {
      case Step::kConverged:
        return "converged";
      case Step::kStuck:
        return "no step lowers the cost";
      case Step::kBadModel:
        return "a derivative is not finite: stopped there";
      case Step::kAccepted:
      case Step::kRefused:
        break;
    }
  }
  return "out of iterations";
}

// Derivatives along current_; false where one is not finite.
bool Ilqr::expand() {
  const ConstRows x(current_.states.data(), horizon_, nx_), u(current_.controls.data(), horizon_, nu_);
  problem_.dynamics->jacobian(x, u, model_.A(), model_.B());
  problem_.cost->expand_stage(x, u, model_.stage());
  problem_.cost->expand_terminal(ConstRows(&current_.states[length(horizon_, nx_)], 1, nx_),
                                 Rows(model_.terminal_x.data(), 1, nx_),
                                 View<double, 3>(model_.terminal_xx.data(), 1, nx_, nx_));
  if (!model_.is_finite()) return false;
  model_.project_hessians(joint_, terminal_);
  return true;
}

// One iteration: expansion where the trajectory is new, backward pass, line search. Raises or lowers mu.
Ilqr::Step Ilqr::iterate(bool& expanded, PlanStats& stats) {
  if (!expanded) {
    stats.model_steps += std::int64_t{horizon_} * (nx_ + nu_);
    if (!expand()) return Step::kBadModel;
    expanded = true;
  }
  while (backward_.run(model_, current_.controls, u_min_, u_max_, mu_, gains_) >= 0) {
    raise_mu();
    if (mu_ > config_.mu_max) return Step::kStuck;
  }
  current_.gains = gains_.K;
  const double expected = -(gains_.linear + gains_.quadratic);
  if (gains_.gradient < config_.gradient_tolerance && mu_ <= 1e-5) return Step::kConverged;
  stats.model_steps += std::int64_t{horizon_} * config_.step_sizes;
  const int chosen = line_search();
  if (chosen < 0) {
    if (expected <= config_.cost_tolerance * std::abs(current_.cost)) return Step::kConverged;
    raise_mu();
    return mu_ > config_.mu_max ? Step::kStuck : Step::kRefused;
  }
  const double decrease = current_.cost - candidate_cost_[chosen];
  const int sizes = config_.step_sizes;
  for (int step = 0; step <= horizon_; ++step)
    std::copy_n(&candidate_x_[length(step * sizes + chosen, nx_)], nx_, &current_.states[length(step, nx_)]);
  for (int step = 0; step < horizon_; ++step)
    std::copy_n(&candidate_u_[length(step * sizes + chosen, nu_)], nu_, &current_.controls[length(step, nu_)]);
  current_.cost = candidate_cost_[chosen];
  expanded = false;
  lower_mu();
  return decrease < config_.cost_tolerance * std::abs(current_.cost) ? Step::kConverged : Step::kAccepted;
}

// u = u_k + alpha k_k + K_k (x - x_k), clipped, for all step sizes alpha side by side (Tassa et al. 2012, eq. 12).
void Ilqr::roll_out_candidates() {
  const int sizes = config_.step_sizes;
  for (int s = 0; s < sizes; ++s) std::copy_n(current_.states.data(), nx_, &candidate_x_[length(s, nx_)]);
  for (int step = 0; step < horizon_; ++step) {
    const double* nominal_x = &current_.states[length(step, nx_)];
    const double* nominal_u = &current_.controls[length(step, nu_)];
    double* x = &candidate_x_[length(step, sizes, nx_)];
    double* u = &candidate_u_[length(step, sizes, nu_)];
    for (int s = 0; s < sizes; ++s) {
      for (int i = 0; i < nu_; ++i) {
        const double* row = &gains_.K[length(step * nu_ + i, nx_)];
        double value = nominal_u[i] + step_sizes_[s] * gains_.k[length(step, nu_) + i];
        for (int j = 0; j < nx_; ++j) value += row[j] * (x[s * nx_ + j] - nominal_x[j]);
        u[s * nu_ + i] = std::clamp(value, u_min_[i], u_max_[i]);
      }
    }
    problem_.dynamics->step(ConstRows(x, sizes, nx_), ConstRows(u, sizes, nu_),
                            Rows(x + length(sizes, nx_), sizes, nx_));
  }
}

void Ilqr::evaluate_candidates() {
  const int sizes = config_.step_sizes, rows = horizon_ * sizes;
  problem_.cost->stage(ConstRows(candidate_x_.data(), rows, nx_), ConstRows(candidate_u_.data(), rows, nu_),
                       Values(stage_costs_.data(), rows));
  problem_.cost->terminal(ConstRows(&candidate_x_[length(rows, nx_)], sizes, nx_),
                          Values(terminal_costs_.data(), sizes));
  for (int s = 0; s < sizes; ++s) {
    double total = terminal_costs_[s];
    for (int step = 0; step < horizon_; ++step) total += stage_costs_[length(step, sizes) + s];
    candidate_cost_[s] = std::isfinite(total) ? total : kInfinity;
  }
}

// The cheapest candidate whose decrease is at least accept_ratio of the expected one, or -1.
int Ilqr::line_search() {
  roll_out_candidates();
  evaluate_candidates();
  int chosen = -1;
  for (int s = 0; s < config_.step_sizes; ++s) {
    const double expected = -step_sizes_[s] * (gains_.linear + step_sizes_[s] * gains_.quadratic);
    const double decrease = current_.cost - candidate_cost_[s];
    const bool accepted = decrease > 0 && decrease >= config_.accept_ratio * expected;
    if (accepted && (chosen < 0 || candidate_cost_[s] < candidate_cost_[chosen])) chosen = s;
  }
  return chosen;
}

// Quadratic schedule of Tassa et al. 2012, sec. II-F.
void Ilqr::raise_mu() {
  delta_ = std::max(config_.mu_factor, delta_ * config_.mu_factor);
  mu_ = std::max(config_.mu_min, mu_ * delta_);
}

void Ilqr::lower_mu() {
  delta_ = std::min(1 / config_.mu_factor, delta_ / config_.mu_factor);
  mu_ = mu_ * delta_ >= config_.mu_min ? mu_ * delta_ : 0;
}

View<const double, 2> Ilqr::predicted() const { return ConstRows(best_.states.data(), horizon_ + 1, nx_); }

View<const double, 3> Ilqr::gains() const { return View<const double, 3>(best_.gains.data(), horizon_, nu_, nx_); }

std::vector<std::byte> Ilqr::save() const {
  ByteWriter writer(kSaved, kSavedVersion);
  writer.write(seed_);
  writer.write(plans_);
  return std::move(writer).finish();
}

void Ilqr::load(std::span<const std::byte> bytes) {
  ByteReader reader(bytes, kSaved, kSavedVersion, "saved state of the planner ilqr");
  const auto seed = reader.read<std::uint64_t>();
  const auto plans = reader.read<std::int64_t>();
  reader.expect_end();
  seed_ = seed;
  plans_ = plans;
}

extern const Entry kEntry{"ilqr", "iLQR with control limits: fast local optimisation of smooth problems",
                          [](const Settings& settings) -> std::unique_ptr<Planner> {
                            return std::make_unique<Ilqr>(configured<Config>(settings));
                          },
                          [] { return settings_of(Config{}); }};

}  // namespace lockstep::planners::ilqr
