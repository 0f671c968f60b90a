// The loop of all sampling planners.
#include "planners/sampling.h"
#include "engine/byte_stream.h"
#include "engine/error.h"
#include "kernels/philox.h"
#include "planners/control_bounds.h"
#include "planners/held_start.h"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace lockstep::planners {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::uint64_t kSeedMark =
    0x73616d706c650000;  // "sample": keeps the streams apart from other users' of the seed
constexpr std::uint32_t kSavedVersion = 1;
constexpr const char* kDiverged = "all candidates diverged: kept the warm start";

size_t length(int a, int b, int c = 1) {
  return static_cast<size_t>(a) * static_cast<size_t>(b) * static_cast<size_t>(c);
}

double milliseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

void SamplingConfig::describe(Fields& fields) {
  fields.add("samples", samples, "roll-outs of one iteration, the mean included", {2, 1000000});
  fields.add("iterations", iterations, "updates of one plan", {1, 10000});
  fields.add("time_budget_ms", time_budget_ms, "no new iteration after this wall time; 0: none, deterministic",
             {0, 1e7});
  fields.add("knots", knots, "of the spline that is searched over; 0: one at every step", {0, 10000});
  fields.add_choice("interpolation", interpolation, "of controls between knots", {"hold", "linear", "cubic"});
  fields.add("noise_std", noise_std, "of the first samples, share of half the control range", {1e-6, 10});
  fields.add("keep_best", keep_best, "the best sample is the plan where it is cheaper than the mean");
  rollouts.describe(fields);
}

void SamplingConfig::check(std::string_view name) const {
  if (knots == 1)
    throw Error(fmt::format("{}.knots = 1 leaves nothing to interpolate", name),
                fmt::format("settings of the planner {}", name), "set knots to 0 (every step) or at least 2");
}

void find_elites(std::span<const double> costs, int count, std::vector<int>& elites) {
  elites.clear();
  for (int i = 0; i < static_cast<int>(costs.size()); ++i)
    if (costs[i] != kInfinity) elites.push_back(i);
  std::sort(elites.begin(), elites.end(),
            [&](int a, int b) { return costs[a] < costs[b] || (costs[a] == costs[b] && a < b); });
  if (std::ssize(elites) > count) elites.resize(static_cast<size_t>(count));
}

void RefinementConfig::describe(Fields& fields) {
  fields.add("refined", refined, "cheapest samples of every iteration that descend the gradient; 0: none",
             {0, 1000000});
  fields.add("refinement_steps", steps, "of Adam, each", {1, 100000});
  descent.describe(fields);
}

SamplingPlanner::SamplingPlanner(std::string_view name, const SamplingConfig& config, std::unique_ptr<Search> search,
                                 const RefinementConfig& refinement)
    : name_(name), config_(config), refinement_(refinement), search_(std::move(search)) {
  config_.check(name);
}

void SamplingPlanner::reset(const Problem& problem, std::uint64_t seed) {
  check_problem(problem, name());
  if (config_.knots > problem.horizon)
    throw Error(fmt::format("{}.knots = {} exceeds the horizon of {} steps", name_, config_.knots, problem.horizon),
                fmt::format("settings of the planner {}", name_), "set knots at most the horizon, or 0");
  problem_ = problem;
  u_min_.assign(problem.u_min.begin(), problem.u_min.end());
  u_max_.assign(problem.u_max.begin(), problem.u_max.end());
  problem_.u_min = u_min_;
  problem_.u_max = u_max_;
  seed_ = seed;
  round_ = 0;
  nx_ = problem.dynamics->state_size();
  nu_ = problem.dynamics->control_size();
  horizon_ = problem.horizon;
  space_ = ControlParameters(problem_, interpolation_named(config_.interpolation), config_.knots);
  parameters_ = space_.size();
  rollouts_ = Rollouts(problem_, config_.samples + 1, config_.rollouts);
  white_.assign(static_cast<size_t>(parameters_), 0.0);
  drawn_.assign(length(config_.samples, parameters_), 0.0);
  costs_.assign(static_cast<size_t>(config_.samples), 0.0);
  if (refinement_.refined > 0) {
    const int candidates = std::min(refinement_.refined, config_.samples);
    descent_ = CandidateDescent(problem_, candidates, parameters_, refinement_.descent, config_.rollouts);
    refined_.reserve(static_cast<size_t>(config_.samples));
  }
  best_.assign(length(horizon_, nu_), 0.0);
  best_predicted_.assign(length(horizon_ + 1, nx_), 0.0);
  search_->reset({space_.knots(), nu_, space_.knots() == horizon_, config_.samples, config_.noise_std});
}

// Sample 0 is the mean; the noise of the others is a function of (seed, round, sample, parameter) alone.
void SamplingPlanner::draw_samples(int count) {
  const kernels::RandomStream key{seed_ ^ kSeedMark, round_};
  for (int sample = 0; sample < count; ++sample) {
    double* parameters = &drawn_[length(sample, parameters_)];
    if (sample == 0) {
      std::copy(search_->mean().begin(), search_->mean().end(), parameters);
    } else {
      for (int at = 0; at < parameters_; at += 2) {
        double even, odd;
        kernels::normal_pair<double>(key, static_cast<std::uint32_t>(sample), static_cast<std::uint32_t>(at / 2), 0,
                                     even, odd);
        white_[at] = even;
        if (at + 1 < parameters_) white_[at + 1] = odd;
      }
      search_->draw(sample, white_.data(), parameters);
      space_.clamp({parameters, static_cast<size_t>(parameters_)});
    }
    space_.expand(parameters, rollouts_.controls(sample));
  }
}

void SamplingPlanner::keep(double cost, const double* controls, const double* states) {
  best_cost_ = cost;
  std::copy_n(controls, best_.size(), best_.begin());
  std::copy_n(states, best_predicted_.size(), best_predicted_.begin());
}

void SamplingPlanner::keep(int row) { keep(rollouts_.costs()[row], rollouts_.controls(row), rollouts_.states(row)); }

// Moves the cheapest samples down the gradient: their parameters and costs become what they reach.
void SamplingPlanner::refine(std::span<const double> x0, std::span<double> costs, PlanStats& stats) {
  find_elites(costs, refinement_.refined, refined_);
  const auto count = static_cast<int>(refined_.size());
  const auto P = static_cast<size_t>(parameters_);
  for (int row = 0; row < count; ++row)
    std::copy_n(&drawn_[static_cast<size_t>(refined_[row]) * P], P, descent_.parameters(row).begin());
  const auto outcome =
      descent_.descend(space_, x0, count, refinement_.steps, std::chrono::steady_clock::time_point::max());
  stats.model_steps += outcome.model_steps;
  for (int row = 0; row < count; ++row) {
    std::copy_n(descent_.parameters(row).begin(), P, &drawn_[static_cast<size_t>(refined_[row]) * P]);
    costs[refined_[row]] = descent_.costs()[row];
  }
  if (outcome.cost < best_cost_) keep(outcome.cost, descent_.controls().data(), descent_.states().data());
}

PlanStats SamplingPlanner::plan(std::span<const double> x0, View<double, 2> controls) {
  assert(std::ssize(x0) == nx_ && controls.extent(0) == horizon_ && controls.extent(1) == nu_);
  const auto started = std::chrono::steady_clock::now();
  PlanStats stats;
  clip(problem_, controls);
  space_.set_warm_start(controls);
  search_->begin(space_.low(), space_.high());
  best_cost_ = kInfinity;
  stats.status = kDiverged;
  const bool usable = all_finite(x0);
  for (int iteration = 0; iteration < config_.iterations && usable; ++iteration) {
    if (iteration > 0 && config_.time_budget_ms > 0 && milliseconds_since(started) >= config_.time_budget_ms) {
      stats.status = "out of time";
      break;
    }
    const int count = search_->population(iteration, config_.samples);
    draw_samples(count);
    ++round_;
    rollouts_.evaluate(x0, 0, count);
    ++stats.iterations;
    stats.model_steps += std::int64_t{horizon_} * count;
    const std::span<double> costs(costs_.data(), static_cast<size_t>(count));
    std::copy_n(rollouts_.costs().begin(), count, costs.begin());
    const auto cheapest = static_cast<int>(std::min_element(costs.begin(), costs.end()) - costs.begin());
    if (costs[cheapest] == kInfinity) break;
    if (costs[cheapest] < best_cost_) keep(cheapest);
    if (refinement_.refined > 0) refine(x0, costs, stats);
    search_->update({drawn_.data(), length(count, parameters_)}, costs);
    stats.status = "all iterations done";
  }
  if (best_cost_ != kInfinity) {
    const int mean = config_.samples;
    space_.expand(search_->mean().data(), rollouts_.controls(mean));
    rollouts_.evaluate(x0, mean, 1);
    stats.model_steps += horizon_;
    const double cost = rollouts_.costs()[mean];
    if (cost < best_cost_ || (!config_.keep_best && cost != kInfinity)) keep(mean);
    std::copy(best_.begin(), best_.end(), controls.data_handle());
  } else {
    hold_start(x0, best_predicted_);
  }
  stats.cost = best_cost_;
  stats.seconds = milliseconds_since(started) / 1000;
  return stats;
}

View<const double, 2> SamplingPlanner::predicted() const {
  return View<const double, 2>(best_predicted_.data(), horizon_ + 1, nx_);
}

std::vector<std::byte> SamplingPlanner::save() const {
  ByteWriter writer(fmt::format("planner {}", name_), kSavedVersion);
  writer.write(seed_);
  writer.write(round_);
  const std::vector<double> numbers = search_->save();
  writer.write_array(std::span<const double>(numbers));
  return std::move(writer).finish();
}

void SamplingPlanner::load(std::span<const std::byte> bytes) {
  ByteReader reader(bytes, fmt::format("planner {}", name_), kSavedVersion,
                    fmt::format("saved state of the planner {}", name_));
  const auto seed = reader.read<std::uint64_t>();
  const auto round = reader.read<std::uint32_t>();
  std::vector<double> numbers(search_->save().size());
  reader.read_array(std::span<double>(numbers));
  reader.expect_end();
  seed_ = seed;
  round_ = round;
  search_->load(numbers);
}

}  // namespace lockstep::planners
