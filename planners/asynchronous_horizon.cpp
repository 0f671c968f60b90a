// The planner thread: takes the newest state, predicts where its plan will begin, plans, hands the plan over.
#include "planners/asynchronous_horizon.h"
#include "engine/error.h"
#include "planners/abandonable_dynamics.h"
#include "planners/control_bounds.h"
#include "planners/followed_plan.h"
#include "planners/scaled_terminal.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

#include <fmt/format.h>

namespace lockstep::planners {
namespace {

constexpr int kMostWaiting = 4;      // finished plans whose step has not come; no further one is begun
constexpr int kMeasuredDelays = 16;  // newest plans that the expected delay is taken from

double milliseconds_between(std::chrono::steady_clock::time_point begin, std::chrono::steady_clock::time_point end) {
  return std::chrono::duration<double, std::milli>(end - begin).count();
}

}  // namespace

void AsynchronousConfig::describe(Fields& fields) {
  loop.describe(fields);
  fields.add("delay_steps", delay_steps, "control steps from a state to where its plan begins; 0: as measured",
             {0, 100000});
  fields.add("plan_first", plan_first, "the clock starts when the first plan is ready");
}

void AsynchronousConfig::check() const {
  loop.check();
  if (delay_steps >= loop.horizon)
    throw Error(fmt::format("delay_steps = {} is not below horizon = {}", delay_steps, loop.horizon), "settings mpc.*",
                "a plan has to reach beyond the step at which it is ready");
}

AsynchronousHorizon::AsynchronousHorizon(std::unique_ptr<Planner> planner, const Dynamics& dynamics, const Cost& cost,
                                         std::span<const double> u_min, std::span<const double> u_max,
                                         const AsynchronousConfig& config)
    : planner_(std::move(planner)),
      config_(config),
      cost_(std::make_unique<ScaledTerminal>(cost, config.loop.terminal_scale)),
      dynamics_(std::make_unique<AbandonableDynamics>(dynamics.clone(), abandoned_)),
      nx_(dynamics.state_size()),
      nu_(dynamics.control_size()),
      u_min_(u_min.begin(), u_min.end()),
      u_max_(u_max.begin(), u_max.end()) {
  config_.check();
  problem_ = {dynamics_.get(), cost_.get(), u_min_, u_max_, config_.loop.horizon};
  check_problem(problem_, planner_->name());
  const auto horizon = static_cast<size_t>(config_.loop.horizon);
  const auto nx = static_cast<size_t>(nx_), nu = static_cast<size_t>(nu_);
  for (std::vector<double>* array : {&control_, &u_, &job_.u}) array->assign(nu, 0.0);
  for (std::vector<double>* array : {&x_, &job_.x, &state_, &next_}) array->assign(nx, 0.0);
  plan_.assign(horizon * nu, 0.0);
  slots_.resize(kMostWaiting + 2);  // one that acts, one that is written to
  for (Slot& slot : slots_) {
    slot.controls.assign(horizon * nu, 0.0);
    slot.predicted.assign((horizon + 1) * nx, 0.0);
  }
  for (std::vector<int>* list : {&known_, &free_, &job_.known}) list->reserve(slots_.size());
  delays_.reserve(kMeasuredDelays + 1);
  for (int slot = 1; slot < static_cast<int>(slots_.size()); ++slot) free_.push_back(slot);
  thread_ = std::jthread([this] { run(); });
}

AsynchronousHorizon::~AsynchronousHorizon() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    abandoned_ = true;
  }
  wake_.notify_one();
}

void AsynchronousHorizon::free_all() {
  free_.insert(free_.end(), known_.begin(), known_.end());
  known_.clear();
}

void AsynchronousHorizon::reset(std::uint64_t seed, std::span<const double> x0) {
  assert(std::ssize(x0) == nx_);
  std::unique_lock lock(mutex_);
  ++episode_;
  abandoned_ = true;
  seed_ = seed;
  step_ = 0;
  last_planned_ = -1;
  newest_ = -1;
  failure_ = nullptr;
  free_all();
  latencies_ms_.clear();
  delays_.clear();
  missed_deadlines_ = 0;
  last_ = {};
  ages_.clear();
  steps_without_plan_ = 0;
  if (!config_.plan_first) return;
  std::copy(x0.begin(), x0.end(), x_.begin());
  newest_ = 0;
  is_first_ = true;
  observed_at_ = Clock::now();
  wake_.notify_one();
  finished_.wait(lock, [&] { return !known_.empty() || failure_ != nullptr; });
  if (failure_ != nullptr) std::rethrow_exception(failure_);
}

// The newest plan that has begun, or nullptr: what act() follows at this step, now or later.
const AsynchronousHorizon::Slot* AsynchronousHorizon::slot_at(std::span<const int> slots, std::int64_t step) const {
  for (size_t at = slots.size(); at-- > 0;)
    if (slots_[static_cast<size_t>(slots[at])].start <= step) return &slots_[static_cast<size_t>(slots[at])];
  return nullptr;
}

// Frees all plans older than the one that acts now.
void AsynchronousHorizon::choose_plan() {
  const Slot* acting = slot_at(known_, step_);
  while (acting != nullptr && &slots_[static_cast<size_t>(known_.front())] != acting) {
    free_.push_back(known_.front());
    known_.erase(known_.begin());
  }
}

void AsynchronousHorizon::follow_slot(const Slot& slot, std::int64_t step, std::span<const double> x,
                                      std::span<double> control) const {
  const int horizon = config_.loop.horizon;
  const auto row = static_cast<int>(std::min<std::int64_t>(step - slot.start, horizon - 1));
  FollowedPlan plan{view(slot.controls.data(), horizon, nu_), view(slot.predicted.data(), horizon + 1, nx_), {}};
  if (!slot.gains.empty()) plan.gains = view(slot.gains.data(), horizon, nu_, nx_);
  // Past its end a plan's last control is held: its last gains belong to a state that is long past.
  follow(plan, row, config_.loop.feedback && step - slot.start < horizon, x, u_min_, u_max_, control);
}

std::span<const double> AsynchronousHorizon::act(std::span<const double> x) {
  assert(std::ssize(x) == nx_ && episode_ > 0);
  const Slot* acting = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (failure_ != nullptr) std::rethrow_exception(failure_);
    choose_plan();
    acting = slot_at(known_, step_);
  }
  if (step_ == 0) began_ = Clock::now();
  if (acting != nullptr) {
    follow_slot(*acting, step_, x, control_);
    ages_.push_back(static_cast<double>(step_ - acting->observed));
  } else {
    for (int i = 0; i < nu_; ++i) control_[i] = std::clamp(0.0, u_min_[i], u_max_[i]);
  }
  if (acting == nullptr || step_ - acting->start >= config_.loop.horizon) ++steps_without_plan_;
  {
    const std::lock_guard lock(mutex_);
    std::copy(x.begin(), x.end(), x_.begin());
    u_ = control_;
    newest_ = step_;
    is_first_ = false;
    observed_at_ = Clock::now();
    ++step_;
  }
  wake_.notify_one();
  return control_;
}

// The second longest of the newest plans: a lone hiccup of the machine does not make all plans old.
int AsynchronousHorizon::expected_delay() const {
  if (config_.delay_steps > 0) return config_.delay_steps;
  int longest = 0, second = 0;
  for (const int delay : delays_) {
    second = std::max(second, std::min(delay, longest));
    longest = std::max(longest, delay);
  }
  const int expected = delays_.size() > 2 ? second : longest;
  return std::clamp(expected, 1, std::max(1, config_.loop.horizon - 1));
}

int AsynchronousHorizon::delay_steps() const {
  const std::lock_guard lock(mutex_);
  return expected_delay();
}

bool AsynchronousHorizon::has_work() const {
  if (stopping_) return true;
  if (episode_ == 0 || newest_ < 0 || failure_ != nullptr || std::ssize(known_) > kMostWaiting) return false;
  return last_planned_ < 0 || newest_ >= last_planned_ + config_.loop.replan_steps;
}

void AsynchronousHorizon::take_job() {
  abandoned_ = false;
  job_.episode = episode_;
  job_.seed = seed_;
  job_.step = newest_;
  job_.is_first = is_first_;
  job_.delay = is_first_ ? 0 : expected_delay();
  job_.x = x_;
  job_.u = u_;
  job_.known = known_;
  job_.since = observed_at_;
  // (the state of a first plan is seen again by act(), and the plan after it is made of that)
  last_planned_ = is_first_ ? -1 : newest_;
  newest_ = -1;
}

void AsynchronousHorizon::run() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return has_work(); });
      if (stopping_) return;
      take_job();
    }
    try {
      make_plan();
    } catch (...) {  // whatever it is, it belongs to the caller of act()
      const std::lock_guard lock(mutex_);
      if (episode_ == job_.episode) failure_ = std::current_exception();
      finished_.notify_one();
    }
  }
}

// x [nx]: the job's state, moved on to the step at which the plan begins under the controls that will have acted.
void AsynchronousHorizon::predict(std::span<double> x) {
  std::copy(job_.x.begin(), job_.x.end(), x.begin());
  for (int ahead = 0; ahead < job_.delay; ++ahead) {
    const std::int64_t step = job_.step + ahead;
    const Slot* slot = slot_at(job_.known, step);
    if (ahead > 0 && slot != nullptr) follow_slot(*slot, step, x, job_.u);
    dynamics_->step(view<const double>(x.data(), 1, nx_), view<const double>(job_.u.data(), 1, nu_),
                    view(next_.data(), 1, nx_));
    std::copy(next_.begin(), next_.end(), x.begin());
  }
  // A model that explodes predicts nothing: the state itself is the nearest that is known.
  if (!std::all_of(x.begin(), x.end(), [](double v) { return std::isfinite(v); }))
    std::copy(job_.x.begin(), job_.x.end(), x.begin());
}

void AsynchronousHorizon::make_plan() {
  const View<double, 2> plan = view(plan_.data(), config_.loop.horizon, nu_);
  const std::int64_t start = job_.step + job_.delay;
  if (planned_episode_ != job_.episode) {
    std::fill(plan_.begin(), plan_.end(), 0.0);
    planner_->reset(problem_, job_.seed);
    planned_episode_ = job_.episode;
  } else {
    shift(plan, static_cast<int>(std::clamp<std::int64_t>(start - plan_start_, 0, config_.loop.horizon)));
  }
  plan_start_ = start;
  predict(state_);
  const PlanStats stats = planner_->plan(state_, plan);
  Slot& slot = slots_[static_cast<size_t>(spare_)];
  slot.start = start;
  slot.observed = job_.step;
  slot.controls = plan_;
  const auto predicted = planner_->predicted();
  slot.predicted.assign(predicted.data_handle(), predicted.data_handle() + predicted.size());
  const auto gains = planner_->gains();
  slot.gains.assign(gains.data_handle(), gains.data_handle() + gains.size());
  publish(stats);
}

void AsynchronousHorizon::publish(const PlanStats& stats) {
  const std::lock_guard lock(mutex_);
  if (episode_ != job_.episode || stopping_) return;  // the slot stays spare
  if (!job_.is_first) {
    const auto delay = static_cast<int>(step_ - job_.step);  // the next act() is the first that can follow this plan
    if (!known_.empty()) delays_.push_back(delay);           // a plan without a warm start is slower than later ones
    if (std::ssize(delays_) > kMeasuredDelays) delays_.erase(delays_.begin());
    if (delay > job_.delay) ++missed_deadlines_;
    latencies_ms_.push_back(milliseconds_between(job_.since, Clock::now()));
  }
  last_ = stats;
  known_.push_back(spare_);
  spare_ = free_.back();
  free_.pop_back();
  finished_.notify_one();
}

PlanStats AsynchronousHorizon::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

AsynchronousTiming AsynchronousHorizon::timing() const {
  AsynchronousTiming timing;
  {
    const std::lock_guard lock(mutex_);
    timing.latency = timing_of(latencies_ms_);
    timing.missed_deadlines = missed_deadlines_;
  }
  const double seconds = step_ > 0 ? milliseconds_between(began_, Clock::now()) / 1000 : 0;
  if (seconds > 0) timing.plans_per_second = timing.latency.plans / seconds;
  std::vector<double> ages = ages_;
  std::sort(ages.begin(), ages.end());
  const double step_ms = 1000 * dynamics_->timestep();
  timing.age_p50_ms = step_ms * quantile_of_sorted(ages, 0.5);
  timing.age_p99_ms = step_ms * quantile_of_sorted(ages, 0.99);
  timing.age_max_ms = step_ms * quantile_of_sorted(ages, 1);
  timing.steps_without_plan = steps_without_plan_;
  return timing;
}

}  // namespace lockstep::planners
