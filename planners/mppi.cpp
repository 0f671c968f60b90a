// MPPI: sample noise, roll out, average by the exponential of the costs.
#include "planners/mppi.h"
#include "engine/byte_stream.h"
#include "engine/error.h"
#include "kernels/philox.h"
#include "planners/control_bounds.h"
#include "planners/held_start.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace lockstep::planners::mppi {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::uint64_t kSeedMark = 0x6d70706900000000;  // "mppi": keeps the streams apart from other users of the seed
constexpr const char* kSaved = "planner mppi";
constexpr std::uint32_t kSavedVersion = 2;
constexpr const char* kDiverged = "all candidates diverged: kept the warm start";

size_t length(int a, int b, int c = 1) {
  return static_cast<size_t>(a) * static_cast<size_t>(b) * static_cast<size_t>(c);
}

double milliseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

void Config::describe(Fields& fields) {
  fields.add("samples", samples, "rollouts of one iteration, the undisturbed plan included", {2, 1000000});
  fields.add("iterations", iterations, "updates of one plan", {1, 10000});
  fields.add("time_budget_ms", time_budget_ms, "no new iteration after this wall time; 0: none, deterministic",
             {0, 1e7});
  fields.add("temperature", temperature, "lambda: low follows the best samples, high averages all", {1e-9, 1e9});
  fields.add_choice("temperature_unit", temperature_unit, "of lambda: the costs' standard deviation, or a cost",
                    {"spread", "cost"});
  fields.add("noise_std", noise_std, "of the sampled controls, share of half the control range", {1e-6, 10});
  fields.add("noise_decay", noise_decay, "factor on noise_std from one iteration of a plan to the next", {0.01, 1});
  fields.add("correlation", correlation, "of a control's noise with that one step earlier", {0, 0.999});
  fields.add("knots", knots, "instants at which noise is drawn, to be interpolated; 0: every step", {0, 10000});
  fields.add_choice("interpolation", interpolation, "of the noise between knots", {"hold", "linear", "cubic"});
  fields.add("control_weight", control_weight, "of the information-theoretic control cost, in units of lambda", {0, 1});
  fields.add("keep_best", keep_best, "the best sample replaces the mean where it is cheaper");
  fields.add("adaptation", adaptation, "share by which the noise's deviation follows the weighted samples'", {0, 1});
  fields.add("smoothing", smoothing, "steps to either side of a quadratic fitted to the mean; 0: none", {0, 1000});
  rollouts.describe(fields);
}

void Config::check() const {
  const char* where = "settings of the planner mppi";
  if (knots == 1)
    throw Error("mppi.knots = 1 leaves nothing to interpolate", where,
                "set mppi.knots to 0 (every step) or at least 2");
  if (knots > 0 && correlation > 0)
    throw Error(fmt::format("mppi.knots = {} and mppi.correlation = {} both smooth the noise", knots, correlation),
                where, "set one of them to 0");
  if (knots > 0 && control_weight > 0)
    throw Error(fmt::format("mppi.control_weight = {} with mppi.knots = {}", control_weight, knots), where,
                "the control cost is defined for noise at every step: set mppi.knots or mppi.control_weight to 0");
  if (adaptation > 0 && control_weight > 0)
    throw Error(fmt::format("mppi.control_weight = {} with mppi.adaptation = {}", control_weight, adaptation), where,
                "the control cost is defined for noise of a fixed deviation: set one of them to 0");
}

Mppi::Mppi(const Config& config) : config_(config) { config_.check(); }

void Mppi::reset(const Problem& problem, std::uint64_t seed) {
  check_problem(problem, name());
  if (config_.knots > problem.horizon)
    throw Error(fmt::format("mppi.knots = {} exceeds the horizon of {} steps", config_.knots, problem.horizon),
                "settings of the planner mppi", "set mppi.knots at most the horizon, or 0");
  problem_ = problem;
  u_min_.assign(problem.u_min.begin(), problem.u_min.end());
  u_max_.assign(problem.u_max.begin(), problem.u_max.end());
  problem_.u_min = u_min_;
  problem_.u_max = u_max_;
  seed_ = seed;
  plans_ = 0;
  round_ = 0;
  nx_ = problem.dynamics->state_size();
  nu_ = problem.dynamics->control_size();
  horizon_ = problem.horizon;
  spline_ = ControlSpline(interpolation_named(config_.interpolation), config_.knots, horizon_, nu_);
  rollouts_ = Rollouts(problem_, config_.samples + 1, config_.rollouts);
  noise_.assign(length(config_.samples, horizon_, nu_), 0.0);
  knots_.assign(length(config_.samples, config_.knots, nu_), 0.0);
  spread_.assign(length(spline_.knots(), nu_), 1.0);
  weights_.assign(static_cast<size_t>(config_.samples), 0.0);
  mean_.assign(length(horizon_, nu_), 0.0);
  acted_.assign(length(horizon_, nu_), 0.0);
  mean_before_.assign(length(horizon_, nu_), 0.0);
  predicted_.assign(length(horizon_ + 1, nx_), 0.0);
}

// noise [N][nu] of one sample before scaling by the range: a function of (seed, round, sample, step) alone.
void Mppi::fill_noise(int sample, double std, double* noise) const {
  const kernels::RandomStream key{seed_ ^ kSeedMark, round_};
  const int instants = spline_.knots();
  for (int step = 0; step < instants; step += 2) {
    for (int i = 0; i < nu_; ++i) {
      double even, odd;
      kernels::normal_pair<double>(key, static_cast<std::uint32_t>(sample), static_cast<std::uint32_t>(step / 2),
                                   static_cast<std::uint32_t>(i), even, odd);
      noise[length(step, nu_) + i] = std * even;
      if (step + 1 < instants) noise[length(step + 1, nu_) + i] = std * odd;
    }
  }
  for (size_t at = 0; at < spread_.size(); ++at) noise[at] *= spread_[at];
  const double rho = config_.correlation;
  if (rho == 0) return;
  // First-order autoregressive, of the same variance at every step.
  for (int step = 1; step < instants; ++step)
    for (int i = 0; i < nu_; ++i) {
      double& value = noise[length(step, nu_) + i];
      value = rho * noise[length(step - 1, nu_) + i] + std::sqrt(1 - rho * rho) * value;
    }
}

// Controls of all samples: mean + noise, clipped; the first sample is the mean itself.
void Mppi::sample_controls(double std) {
  for (int sample = 0; sample < config_.samples; ++sample) {
    double* noise = &noise_[length(sample, horizon_, nu_)];
    if (sample == 0) {
      std::fill_n(noise, length(horizon_, nu_), 0.0);
    } else if (config_.knots > 0) {
      double* knots = &knots_[length(sample, config_.knots, nu_)];
      fill_noise(sample, std, knots);
      spline_.expand(knots, noise);
    } else {
      fill_noise(sample, std, noise);
    }
    double* controls = rollouts_.controls(sample);
    for (int i = 0; i < nu_; ++i) {
      const double scale = half_range(problem_, i);
      for (int step = 0; step < horizon_; ++step) {
        const size_t at = length(step, nu_) + i;
        controls[at] = std::clamp(mean_[at] + scale * noise[at], u_min_[i], u_max_[i]);
      }
    }
  }
}

// Rolls out rows as they are, or under feedback; open_loop_ then keeps what they were.
void Mppi::evaluate(std::span<const double> x0, int first, int count) {
  if (!has_feedback()) return rollouts_.evaluate(x0, first, count);
  std::copy_n(rollouts_.controls(first), length(count, horizon_, nu_), &open_loop_[length(first, horizon_, nu_)]);
  rollouts_.evaluate(x0, first, count, about_);
}

// Controls [N][nu] of an evaluated row before feedback.
const double* Mppi::open_loop(int row) {
  return has_feedback() ? &open_loop_[length(row, horizon_, nu_)] : rollouts_.controls(row);
}

// sum over steps of u' Sigma^-1 noise (Williams et al. 2017, algorithm 2), u the mean, Sigma the noise's covariance
// over time; Sigma^-1 = L^-T L^-1 with the bidiagonal L^-1 of the autoregression.
double Mppi::control_term(int sample, double std) const {
  const double* noise = &noise_[length(sample, horizon_, nu_)];
  const double rho = config_.correlation;
  double sum = 0;
  for (int i = 0; i < nu_; ++i) {
    const double half = half_range(problem_, i);
    if (half == 0) continue;
    for (int step = 0; step < horizon_; ++step) {
      const size_t at = length(step, nu_) + i;
      const double before = step > 0 ? rho : 0, scale = step > 0 ? 1 - rho * rho : 1;
      const double u = mean_[at] - (step > 0 ? before * mean_[at - nu_] : 0);
      const double e = noise[at] - (step > 0 ? before * noise[at - nu_] : 0);
      sum += u * e / (scale * std * std * half);
    }
  }
  return sum;
}

// weights_ from costs_: softmin with the least cost as baseline. False where every sample diverged.
bool Mppi::weigh(double std) {
  const int samples = config_.samples;
  const std::span<const double> costs = rollouts_.costs();
  double mean = 0, square = 0;
  int finite = 0;
  for (int s = 0; s < samples; ++s) {
    if (costs[s] == kInfinity) continue;
    ++finite;
    mean += costs[s];
  }
  if (finite == 0) return false;
  mean /= finite;
  for (int s = 0; s < samples; ++s)
    if (costs[s] != kInfinity) square += (costs[s] - mean) * (costs[s] - mean);
  const double spread = std::sqrt(square / finite);
  const double lambda = config_.temperature * (config_.temperature_unit == "spread" ? spread : 1);
  double least = kInfinity;
  for (int s = 0; s < samples; ++s) {
    weights_[s] = costs[s];
    if (config_.control_weight > 0) weights_[s] += config_.control_weight * lambda * control_term(s, std);
    least = std::min(least, weights_[s]);
  }
  double total = 0;
  for (int s = 0; s < samples; ++s) {
    const double above = weights_[s] - least;
    weights_[s] = above == 0 ? 1 : lambda > 0 ? std::exp(-above / lambda) : 0;
    total += weights_[s];
  }
  for (int s = 0; s < samples; ++s) weights_[s] /= total;
  return true;
}

// The deviation of each number drawn, as the weights see it; within a tenth and twice of what it began with.
void Mppi::adapt(double std) {
  if (config_.adaptation == 0) return;
  const std::vector<double>& drawn = config_.knots > 0 ? knots_ : noise_;
  const double unit = std * std;
  for (size_t at = 0; at < spread_.size(); ++at) {
    double mean = 0, square = 0;
    for (int s = 0; s < config_.samples; ++s) mean += weights_[s] * drawn[static_cast<size_t>(s) * spread_.size() + at];
    for (int s = 0; s < config_.samples; ++s) {
      const double away = drawn[static_cast<size_t>(s) * spread_.size() + at] - mean;
      square += weights_[s] * away * away;
    }
    const double variance = (1 - config_.adaptation) * spread_[at] * spread_[at] + config_.adaptation * square / unit;
    spread_[at] = std::clamp(std::sqrt(variance), 0.1, 2.0);
  }
}

// Every step becomes the value there of the quadratic fitted to its neighbours (Savitzky, Golay 1964); near the ends
// the window is as wide as both sides allow, so that the first control, which acts, is not moved.
void Mppi::smooth(double* controls) {
  if (config_.smoothing == 0) return;
  mean_before_.assign(controls, controls + mean_before_.size());
  for (int step = 0; step < horizon_; ++step) {
    const int m = std::min({config_.smoothing, step, horizon_ - 1 - step});
    // Weights of a quadratic's value in the middle: (3 m (m + 1) - 1 - 5 j^2) / ((2 m - 1)(2 m + 1)(2 m + 3) / 3)
    const double scale = 3.0 / ((2.0 * m - 1) * (2.0 * m + 1) * (2.0 * m + 3));
    for (int i = 0; i < nu_ && m > 1; ++i) {
      double sum = 0;
      for (int j = -m; j <= m; ++j)
        sum += scale * (3.0 * m * (m + 1) - 1 - 5.0 * j * j) * mean_before_[length(step + j, nu_) + i];
      controls[length(step, nu_) + i] = sum;
    }
  }
}

// mean_ += sum of weights times (clipped controls - mean): a convex combination, so that it stays in bounds.
void Mppi::move_mean(std::span<const double> x0) {
  double* moved = rollouts_.controls(config_.samples);
  std::fill_n(moved, mean_.size(), 0.0);
  for (int s = 0; s < config_.samples; ++s) {
    if (weights_[s] == 0) continue;
    const double* controls = open_loop(s);
    for (size_t at = 0; at < mean_.size(); ++at) moved[at] += weights_[s] * controls[at];
  }
  smooth(moved);
  for (size_t at = 0; at < mean_.size(); ++at) {
    const auto i = static_cast<int>(at) % nu_;
    moved[at] = std::clamp(moved[at], u_min_[i], u_max_[i]);  // rounding of the weights' sum, and what smoothing adds
  }
  evaluate(x0, config_.samples, 1);
}

// mean_, acted_ and predicted_ <- the weighted mean, or the best sample where that is cheaper (or the mean diverged).
void Mppi::keep_cheapest() {
  const std::span<const double> costs = rollouts_.costs();
  int chosen = config_.samples;
  const auto best = static_cast<int>(std::min_element(costs.begin(), costs.end() - 1) - costs.begin());
  if (costs[chosen] == kInfinity || (config_.keep_best && costs[best] < costs[chosen])) chosen = best;
  std::copy_n(open_loop(chosen), mean_.size(), mean_.begin());
  std::copy_n(rollouts_.controls(chosen), acted_.size(), acted_.begin());
  std::copy_n(rollouts_.states(chosen), predicted_.size(), predicted_.begin());
  mean_cost_ = costs[chosen];
}

PlanStats Mppi::plan(std::span<const double> x0, View<double, 2> controls) { return plan_about(x0, controls, {}); }

PlanStats Mppi::plan_about(std::span<const double> x0, View<double, 2> controls, const FollowedPlan& about) {
  assert(std::ssize(x0) == nx_ && controls.extent(0) == horizon_ && controls.extent(1) == nu_);
  const auto started = std::chrono::steady_clock::now();
  PlanStats stats;
  clip(problem_, controls);
  about_ = about;
  if (has_feedback()) open_loop_.resize(length(config_.samples + 1, horizon_, nu_));
  ++plans_;
  std::copy_n(controls.data_handle(), mean_.size(), mean_.begin());
  const bool usable = all_finite(x0);
  mean_cost_ = kInfinity;
  stats.status = kDiverged;
  double std = config_.noise_std;
  for (int iteration = 0; iteration < config_.iterations && usable; ++iteration, std *= config_.noise_decay) {
    if (iteration > 0 && config_.time_budget_ms > 0 && milliseconds_since(started) >= config_.time_budget_ms) {
      stats.status = "out of time";
      break;
    }
    sample_controls(std);
    ++round_;
    evaluate(x0, 0, config_.samples);
    ++stats.iterations;
    stats.model_steps += std::int64_t{horizon_} * (config_.samples + 1);
    if (!weigh(std)) break;
    adapt(std);
    move_mean(x0);
    keep_cheapest();
    stats.status = "all iterations done";
  }
  stats.cost = mean_cost_;
  if (mean_cost_ == kInfinity) {
    hold_start(x0, predicted_);
  } else {
    std::copy(acted_.begin(), acted_.end(), controls.data_handle());
  }
  stats.seconds = milliseconds_since(started) / 1000;
  return stats;
}

View<const double, 2> Mppi::predicted() const { return View<const double, 2>(predicted_.data(), horizon_ + 1, nx_); }

std::vector<std::byte> Mppi::save() const {
  ByteWriter writer(kSaved, kSavedVersion);
  writer.write(seed_);
  writer.write(plans_);
  writer.write(round_);
  writer.write_array(std::span<const double>(spread_));
  return std::move(writer).finish();
}

void Mppi::load(std::span<const std::byte> bytes) {
  ByteReader reader(bytes, kSaved, kSavedVersion, "saved state of the planner mppi");
  const auto seed = reader.read<std::uint64_t>();
  const auto plans = reader.read<std::int64_t>();
  const auto round = reader.read<std::uint32_t>();
  std::vector<double> spread(spread_.size());
  reader.read_array(std::span<double>(spread));
  reader.expect_end();
  seed_ = seed;
  plans_ = plans;
  round_ = round;
  spread_ = spread;
}

extern const Entry kEntry{"mppi", "path-integral control by sampled rollouts: needs no derivatives",
                          [](const Settings& settings) -> std::unique_ptr<Planner> {
                            return std::make_unique<Mppi>(configured<Config>(settings));
                          },
                          [] { return settings_of(Config{}); }};

}  // namespace lockstep::planners::mppi
