// iLQR and its relatives: expansion, backward pass and parallel line search, repeated until converged.
#include "planners/ilqr.h"
#include "engine/byte_stream.h"
#include "engine/error.h"
#include "engine/second_order.h"
#include "kernels/philox.h"
#include "planners/control_bounds.h"
#include "planners/held_start.h"

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
constexpr const char* kConverged = "converged";
constexpr const char* kViolated = "constraints not met";

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
  fields.add("mu", mu, "regularisation that a plan begins with", {0, 1e12});
  fields.add("mu_min", mu_min, "regularisation below this becomes 0", {1e-12, 1e12});
  fields.add("mu_max", mu_max, "a plan gives up when its regularisation exceeds this", {1e-12, 1e20});
  fields.add("mu_factor", mu_factor, "least factor by which the regularisation changes", {1.01, 100});
  fields.add_choice("regularised", regularised, "what the regularisation is added to", {"state", "control"});
  fields.add("second_order", second_order, "with second derivatives of the dynamics (DDP)");
  fields.add_choice("shooting", shooting, "multiple: states are guessed too, and iterations close the gaps (FDDP)",
                    {"single", "multiple"});
  fields.add("constraint_tolerance", constraint_tolerance, "most violation of a converged plan", {1e-14, 1e6});
  fields.add("penalty", penalty, "of violated constraints, that an episode begins with", {1e-9, 1e12});
  fields.add("penalty_factor", penalty_factor, "of the penalty, where its multipliers gain too little", {1.01, 1e6});
  fields.add("penalty_max", penalty_max, "at it, a violation that stays is given up", {1e-9, 1e15});
}

void Config::check() const {
  const char* where = "settings of the planner ilqr, ddp or fddp";
  if (mu_min > mu_max)
    throw Error(fmt::format("mu_min = {} exceeds mu_max = {}", mu_min, mu_max), where, "choose mu_min at most mu_max");
  if (penalty > penalty_max)
    throw Error(fmt::format("penalty = {} exceeds penalty_max = {}", penalty, penalty_max), where,
                "choose penalty at most penalty_max");
}

Ilqr::Ilqr(const Config& config, std::string_view name) : config_(config), name_(name) { config_.check(); }

void Ilqr::reset(const Problem& problem, std::uint64_t seed) {
  check_problem(problem, name(), true);
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
  if (config_.second_order) model_.keep_second();
  const bool on_state = config_.regularised == "state";
  backward_ = BackwardPass(nx_, nu_, on_state ? Regularised::kState : Regularised::kControl);
  state_guess_.clear();
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
  lagrangian_ = AugmentedLagrangian(problem.constraints, horizon_, horizon_ * sizes);
  next_.assign(length(horizon_, nx_), 0.0);
  move_x_.assign(static_cast<size_t>(nx_), 0.0);
  move_u_.assign(static_cast<size_t>(nu_), 0.0);
}

void Ilqr::guess_states(View<const double, 2> states) {
  assert(states.extent(0) == horizon_ + 1 && states.extent(1) == nx_);
  state_guess_.assign(states.data_handle(), states.data_handle() + length(horizon_ + 1, nx_));
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
  model_.is_feasible = true;
  return evaluate(trajectory);
}

// cost, plain_cost and violation of a trajectory; false (and an infinite cost) where it is not finite.
bool Ilqr::evaluate(Trajectory& trajectory) {
  trajectory.cost = kInfinity;
  if (!all_finite(trajectory.states)) return false;
  const ConstRows x(trajectory.states.data(), horizon_, nx_), u(trajectory.controls.data(), horizon_, nu_);
  const ConstRows end(&trajectory.states[length(horizon_, nx_)], 1, nx_);
  const Values stage(stage_costs_.data(), horizon_), terminal(terminal_costs_.data(), 1);
  problem_.cost->stage(x, u, stage);
  problem_.cost->terminal(end, terminal);
  const auto total = [&] {
    double sum = terminal(0);
    for (int step = 0; step < horizon_; ++step) sum += stage(step);
    return sum;
  };
  trajectory.plain_cost = total();
  trajectory.violation = lagrangian_.violation(x, u, end);
  lagrangian_.add_values(x, u, stage, end, terminal);
  const double cost = total();
  if (!std::isfinite(cost) || !std::isfinite(trajectory.violation)) return false;
  trajectory.cost = cost;
  return true;
}

// current_ and its gaps where states are guessed too.
void Ilqr::guess_trajectory(std::span<const double> x0, bool cold) {
  if (!state_guess_.empty()) {
    current_.states = state_guess_;
    std::copy(x0.begin(), x0.end(), current_.states.begin());
  } else if (cold || !all_finite(current_.states)) {
    for (int step = 0; step <= horizon_; ++step) std::copy(x0.begin(), x0.end(), &current_.states[length(step, nx_)]);
  }
  measure_gaps();
}

void Ilqr::measure_gaps() {
  problem_.dynamics->step(ConstRows(current_.states.data(), horizon_, nx_),
                          ConstRows(current_.controls.data(), horizon_, nu_), Rows(next_.data(), horizon_, nx_));
  for (size_t at = 0; at < next_.size(); ++at) model_.gaps[at + nx_] = next_[at] - current_.states[at + nx_];
  model_.is_feasible = gap_norm() == 0;
}

double Ilqr::gap_norm() const {
  double sum = 0;
  for (const double gap : model_.gaps) sum += std::abs(gap);
  return sum;
}

// Makes current_ a trajectory: its controls, with the gains' feedback towards its states. False where that diverges.
bool Ilqr::close_gaps(std::span<const double> x0) {
  if (model_.is_feasible) return lagrangian_.is_empty() || evaluate(current_);
  std::copy(x0.begin(), x0.end(), move_x_.begin());
  for (int step = 0; step < horizon_; ++step) {
    double* x = &current_.states[length(step, nx_)];
    double* u = &current_.controls[length(step, nu_)];
    for (int i = 0; i < nu_; ++i) {
      double value = u[i];
      for (int j = 0; j < nx_; ++j) value += current_.gains[length(step * nu_ + i, nx_) + j] * (move_x_[j] - x[j]);
      if (!std::isfinite(value)) return false;
      u[i] = std::clamp(value, u_min_[i], u_max_[i]);
    }
    std::copy(move_x_.begin(), move_x_.end(), x);
    problem_.dynamics->step(ConstRows(x, 1, nx_), ConstRows(u, 1, nu_), Rows(next_.data(), 1, nx_));
    std::copy_n(next_.begin(), nx_, move_x_.begin());
  }
  std::copy(move_x_.begin(), move_x_.end(), &current_.states[length(horizon_, nx_)]);
  model_.is_feasible = true;
  return evaluate(current_);
}

// best_ <- current_ where it violates less, or costs less within the tolerance.
void Ilqr::keep_if_better(const std::string& status, PlanStats& stats) {
  const auto beyond = [&](const Trajectory& t) { return std::max(t.violation - config_.constraint_tolerance, 0.0); };
  if (current_.cost == kInfinity) return;
  const bool better = best_.cost == kInfinity || beyond(current_) < beyond(best_) ||
                      (beyond(current_) == beyond(best_) && current_.plain_cost < best_.plain_cost);
  if (!better) return;
  std::swap(current_, best_);
  stats.status = status;
  stats.converged = status == kConverged;
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
    if (cold) lagrangian_.reset(config_.penalty);
    seeded_guess(start, controls, current_.controls);
    stats.model_steps += horizon_;
    const bool finite = roll_out(x0, current_);
    std::fill(current_.gains.begin(), current_.gains.end(), 0.0);
    if (config_.shooting == "multiple") {
      rolled_ = current_;
      keep_if_better("kept the warm start: shooting did no better", stats);
      current_ = rolled_;
      guess_trajectory(x0, cold);
      stats.model_steps += horizon_;
      if (!evaluate(current_) || !std::isfinite(gap_norm())) continue;
    } else if (!finite) {
      continue;
    }
    const std::string status = solve(cold ? config_.cold_iterations : config_.iterations, stats);
    if (close_gaps(x0)) keep_if_better(status, stats);
  }
  state_guess_.clear();
  stats.cost = best_.cost;
  if (best_.cost == kInfinity) {
    hold_start(x0, best_.states);
    std::fill(best_.gains.begin(), best_.gains.end(), 0.0);
  } else {
    stats.cost = best_.plain_cost;
    stats.violation = best_.violation;
    std::copy(best_.controls.begin(), best_.controls.end(), controls.data_handle());
  }
  stats.seconds = std::chrono::duration<double>(Clock::now() - started_).count();
  return stats;
}

// Improves current_, and with constraints its multipliers, until it converges or the budget is spent. Returns the
// status.
std::string Ilqr::solve(int iterations, PlanStats& stats) {
  const int last = stats.iterations + iterations;
  if (lagrangian_.is_empty()) return improve(last, stats);
  for (double before = kInfinity;;) {
    const std::string status = improve(last, stats);
    const bool met = current_.violation <= config_.constraint_tolerance && model_.is_feasible;
    if (met && status == kConverged) return status;
    if (stats.iterations >= last || out_of_time()) return met ? status : kViolated;
    const bool slow = current_.violation > 0.25 * before;
    if (slow && lagrangian_.penalty() >= config_.penalty_max) return met ? status : kViolated;
    evaluate(current_);
    lagrangian_.update_multipliers();
    if (slow) lagrangian_.raise_penalty(std::min(config_.penalty_max, lagrangian_.penalty() * config_.penalty_factor));
    before = current_.violation;
    if (!evaluate(current_)) return kViolated;
  }
}

// Improves current_ until it converges or stats.iterations reaches `last`. Returns the status.
std::string Ilqr::improve(int last, PlanStats& stats) {
  mu_ = config_.mu;
  delta_ = 1;
  merit_weight_ = 0;
  bool expanded = false;
  while (stats.iterations < last) {
    if (out_of_time()) return "out of time";
    ++stats.iterations;
    switch (iterate(expanded, stats)) {
      case Step::kConverged:
        return kConverged;
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
  if (config_.second_order) second_derivatives(*problem_.dynamics, x, u, model_.F());
  if (!model_.is_finite()) return false;
  model_.project_hessians(joint_, terminal_);
  lagrangian_.add_expansion(x, u, ConstRows(&current_.states[length(horizon_, nx_)], 1, nx_), model_);
  return lagrangian_.is_empty() || model_.is_finite();
}

// Slope at alpha = 0 of the merit J + merit_weight_ sum |gaps| along the step's linear prediction
//   dx' = A dx + B du + g, du = k + K dx,
// after merit_weight_ was raised so far that it falls (Nocedal, Wright 2006, eq. 18.36, rho = 1/2, sigma = 1).
double Ilqr::merit_slope() {
  double slope = 0, curvature = 0;
  std::fill(move_x_.begin(), move_x_.end(), 0.0);
  const auto dot = [](const double* a, const double* b, int n) {
    double sum = 0;
    for (int i = 0; i < n; ++i) sum += a[i] * b[i];
    return sum;
  };
  const auto quadratic = [&](const double* H, const double* a, int rows, const double* b, int columns) {
    double sum = 0;
    for (int i = 0; i < rows; ++i) sum += a[i] * dot(H + length(i, columns), b, columns);
    return sum;
  };
  for (int step = 0; step < horizon_; ++step) {
    double *dx = move_x_.data(), *du = move_u_.data(), *next = next_.data();
    for (int i = 0; i < nu_; ++i)
      du[i] = gains_.k[length(step, nu_) + i] + dot(&gains_.K[length(step * nu_ + i, nx_)], dx, nx_);
    slope += dot(&model_.l_x[length(step, nx_)], dx, nx_) + dot(&model_.l_u[length(step, nu_)], du, nu_);
    curvature += quadratic(&model_.l_xx[length(step, nx_, nx_)], dx, nx_, dx, nx_) +
                 2 * quadratic(&model_.l_ux[length(step, nu_, nx_)], du, nu_, dx, nx_) +
                 quadratic(&model_.l_uu[length(step, nu_, nu_)], du, nu_, du, nu_);
    for (int i = 0; i < nx_; ++i)
      next[i] = dot(&model_.a[length(step, nx_, nx_) + length(i, nx_)], dx, nx_) +
                dot(&model_.b[length(step, nx_, nu_) + length(i, nu_)], du, nu_) +
                model_.gaps[length(step + 1, nx_) + i];
    std::copy_n(next, nx_, dx);
  }
  slope += dot(model_.terminal_x.data(), move_x_.data(), nx_);
  curvature += quadratic(model_.terminal_xx.data(), move_x_.data(), nx_, move_x_.data(), nx_);
  const double gaps = gap_norm();
  merit_weight_ = std::max(merit_weight_, (slope + 0.5 * std::max(curvature, 0.0)) / (0.5 * gaps));
  return slope - merit_weight_ * gaps;
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
  if (model_.is_feasible && gains_.gradient < config_.gradient_tolerance && mu_ <= 1e-5) return Step::kConverged;
  stats.model_steps += std::int64_t{horizon_} * config_.step_sizes;
  const int chosen = line_search();
  if (chosen < 0) {
    if (model_.is_feasible && expected <= config_.cost_tolerance * std::abs(current_.cost)) return Step::kConverged;
    raise_mu();
    return mu_ > config_.mu_max ? Step::kStuck : Step::kRefused;
  }
  const bool was_feasible = model_.is_feasible;
  const double decrease = current_.cost - candidate_cost_[chosen];
  accept(chosen);
  expanded = false;
  lower_mu();
  const bool settled = was_feasible && decrease < config_.cost_tolerance * std::abs(current_.cost);
  return settled ? Step::kConverged : Step::kAccepted;
}

// current_ <- a candidate of the line search; its gaps shrink by 1 - alpha.
void Ilqr::accept(int chosen) {
  const int sizes = config_.step_sizes;
  for (int step = 0; step <= horizon_; ++step)
    std::copy_n(&candidate_x_[length(step * sizes + chosen, nx_)], nx_, &current_.states[length(step, nx_)]);
  for (int step = 0; step < horizon_; ++step)
    std::copy_n(&candidate_u_[length(step * sizes + chosen, nu_)], nu_, &current_.controls[length(step, nu_)]);
  current_.cost = candidate_cost_[chosen];
  if (!model_.is_feasible) {
    for (double& gap : model_.gaps) gap *= 1 - step_sizes_[chosen];
    model_.is_feasible = step_sizes_[chosen] == 1;
  }
  if (!lagrangian_.is_empty())
    current_.violation = lagrangian_.violation(ConstRows(current_.states.data(), horizon_, nx_),
                                               ConstRows(current_.controls.data(), horizon_, nu_),
                                               ConstRows(&current_.states[length(horizon_, nx_)], 1, nx_));
  else
    current_.plain_cost = current_.cost;
}

// u = u_k + alpha k_k + K_k (x - x_k), clipped, for all step sizes alpha side by side (Tassa et al. 2012, eq. 12);
// x' = f(x, u) - (1 - alpha) g where there are gaps (Mastalli et al. 2020, eq. 13).
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
    if (model_.is_feasible) continue;
    double* next = x + length(sizes, nx_);
    for (int s = 0; s < sizes; ++s)
      for (int i = 0; i < nx_; ++i) next[s * nx_ + i] -= (1 - step_sizes_[s]) * model_.gaps[length(step + 1, nx_) + i];
  }
}

void Ilqr::evaluate_candidates() {
  const int sizes = config_.step_sizes, rows = horizon_ * sizes;
  const ConstRows x(candidate_x_.data(), rows, nx_), u(candidate_u_.data(), rows, nu_);
  const ConstRows end(&candidate_x_[length(rows, nx_)], sizes, nx_);
  const Values stage(stage_costs_.data(), rows), terminal(terminal_costs_.data(), sizes);
  problem_.cost->stage(x, u, stage);
  problem_.cost->terminal(end, terminal);
  lagrangian_.add_values(x, u, stage, end, terminal);
  for (int s = 0; s < sizes; ++s) {
    double total = terminal_costs_[s];
    for (int step = 0; step < horizon_; ++step) total += stage_costs_[length(step, sizes) + s];
    bool finite = std::isfinite(total);
    // A state may be lost without the cost noticing it.
    for (int i = 0; i < nx_; ++i) finite = finite && std::isfinite(end(s, i));
    candidate_cost_[s] = finite ? total : kInfinity;
  }
}

// The candidate of the lowest cost whose decrease is at least accept_ratio of the expected one, or -1. With gaps the
// merit takes the cost's place, and the longest step is taken: it closes them soonest.
int Ilqr::line_search() {
  roll_out_candidates();
  evaluate_candidates();
  const double gaps = model_.is_feasible ? 0 : gap_norm(), slope = model_.is_feasible ? 0 : merit_slope();
  int chosen = -1;
  double most = 0;
  for (int s = 0; s < config_.step_sizes; ++s) {
    const double alpha = step_sizes_[s];
    const double expected = -alpha * (model_.is_feasible ? gains_.linear + alpha * gains_.quadratic : slope);
    const double decrease = current_.cost - candidate_cost_[s] + merit_weight_ * alpha * gaps;
    const bool accepted = decrease > 0 && decrease >= config_.accept_ratio * expected;
    if (!accepted || decrease <= most) continue;
    chosen = s;
    most = decrease;
    if (!model_.is_feasible) break;
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

extern const Entry kEntry{"ilqr", "iLQR with control limits and constraints: fast local optimisation, smooth problems",
                          [](const Settings& settings) -> std::unique_ptr<Planner> {
                            return std::make_unique<Ilqr>(configured<Config>(settings));
                          },
                          [] { return settings_of(Config{}); }};

}  // namespace lockstep::planners::ilqr
