// The simulation's thread: commands in order, steps at the wanted pace, a bounded history that branches when edited.
#include "viewer/simulation.h"
#include "kernels/philox.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

namespace lockstep::viewer {
namespace {

constexpr std::uint32_t kNoiseStream = 0x766E7365;  // the viewer's own random stream
constexpr double kMostLag = 0.1;                    // s behind real time before the clock is set anew

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

std::size_t bytes_of(const Snapshot& s) {
  return sizeof(double) *
         (s.qpos.size() + s.qvel.size() + s.ctrl.size() + s.signals.size() + s.controls.size() + s.ghosts.size());
}

std::span<const double> row(const std::vector<double>& values, int index, int width) {
  if (values.empty()) return {};
  return std::span(values).subspan(static_cast<std::size_t>(index) * static_cast<std::size_t>(width),
                                   static_cast<std::size_t>(width));
}

std::span<double> row(std::vector<double>& values, int index, int width) {
  return std::span(values).subspan(static_cast<std::size_t>(index) * static_cast<std::size_t>(width),
                                   static_cast<std::size_t>(width));
}

}  // namespace

WorldPose Snapshot::pose(int world) const {
  return {.qpos = row(qpos, world, nq), .qvel = row(qvel, world, nv), .ctrl = row(ctrl, world, nu)};
}

Simulation::Simulation(std::unique_ptr<SceneSource> source, std::uint64_t seed)
    : source_(std::move(source)), seed_(seed), scratch_(mj_makeData(&source_->model())) {
  const std::size_t size = source_->controls().size() * static_cast<std::size_t>(source_->num_worlds());
  controls_.assign(size, 0);
  noise_.assign(size, 0);
  sliders_.assign(size, 0);
  for (std::size_t k = 0; k < size; ++k) {  // a range without zero starts at its lower end
    const ControlInput& input = source_->controls()[k % source_->controls().size()];
    sliders_[k] = std::clamp(0.0, input.low, input.high);
  }
  source_->reset();
  record();
  thread_ = std::thread([this] { loop(); });
}

Simulation::~Simulation() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Simulation::loop() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    if (!commands_.empty()) {
      const std::function<void()> command = std::move(commands_.front());
      commands_.pop_front();
      busy_ = true;
      lock.unlock();
      command();
      lock.lock();
      busy_ = false;
      if (commands_.empty()) idle_.notify_all();
      continue;
    }
    if (!status_.running) {
      wake_.wait(lock, [this] { return stop_ || !commands_.empty(); });
      continue;
    }
    if (steps_due() <= 0) {
      wake_.wait_for(lock, std::chrono::microseconds(500), [this] { return stop_ || !commands_.empty(); });
      continue;
    }
    lock.unlock();
    step_once();
    lock.lock();
  }
}

void Simulation::post(std::function<void()> command) {
  {
    const std::lock_guard lock(mutex_);
    commands_.push_back(std::move(command));
  }
  wake_.notify_all();
}

void Simulation::wait() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return commands_.empty() && !busy_; });
}

// --- pace ------------------------------------------------------------------------------------------------------------

void Simulation::start_clock() {
  clock_start_ = measured_start_ = now();
  clock_steps_ = measured_steps_ = step_;
}

std::int64_t Simulation::steps_due() const {
  const double seconds = (now() - clock_start_) * status_.wanted_percent / 100;
  return clock_steps_ + static_cast<std::int64_t>(seconds / source_->step_seconds()) - step_;
}

void Simulation::step_once() {
  branch_here();
  const double start = now();
  choose_controls();
  apply_pull();
  const int worlds = source_->num_worlds();
  const auto inputs = static_cast<int>(source_->controls().size());
  source_->step(View<const double, 2>(controls_.data(), worlds, inputs));
  ++step_;
  record();
  const double end = now();
  const std::lock_guard lock(mutex_);
  status_.step_ms += 0.05 * (1000 * (end - start) - status_.step_ms);
  if (end - measured_start_ > 0.5) {
    const double simulated = static_cast<double>(step_ - measured_steps_) * source_->step_seconds();
    status_.reached_percent = 100 * simulated / (end - measured_start_);
    measured_start_ = end;
    measured_steps_ = step_;
  }
  const double lag = static_cast<double>(steps_due()) * source_->step_seconds() * 100 / status_.wanted_percent;
  if (lag > kMostLag) {
    clock_start_ = end;
    clock_steps_ = step_;
  }
}

// --- controls --------------------------------------------------------------------------------------------------------

// Ornstein-Uhlenbeck noise with deviation noise_scale_ (of half the range) and correlation time noise_rate_, as
// MuJoCo's simulate has it: n' = e^(-dt / rate) n + scale sqrt(1 - e^(-2 dt / rate)) N(0, 1).
void Simulation::choose_controls() {
  const bool random = driver_ == Driver::kRandom;
  const double scale = random ? 0.8 : noise_scale_;
  const double keep = noise_rate_ > 0 ? std::exp(-source_->step_seconds() / noise_rate_) : 0;
  const auto inputs = static_cast<int>(source_->controls().size());
  const kernels::RandomStream stream{.seed = seed_, .stream = kNoiseStream};
  const std::lock_guard lock(mutex_);
  ++noise_step_;
  for (int world = 0; world < source_->num_worlds(); ++world) {
    for (int input = 0; input < inputs; ++input) {
      const ControlInput& range = source_->controls()[static_cast<std::size_t>(input)];
      const auto at = flat_index(world, inputs, input);
      const double drawn =
          kernels::normal<double>(stream, static_cast<std::uint32_t>(world), static_cast<std::uint32_t>(noise_step_),
                                  static_cast<std::uint32_t>(input));
      noise_[at] = keep * noise_[at] + scale * std::sqrt(1 - keep * keep) * drawn;
      const double half = 0.5 * (range.high - range.low), middle = 0.5 * (range.high + range.low);
      double value = 0;
      if (driver_ == Driver::kSliders) value = sliders_[at];
      if (random) value = middle;
      if (driver_ != Driver::kZero) value += half * noise_[at];
      controls_[at] = std::clamp(value, range.low, range.high);
    }
  }
}

// The pull as a change of velocity over one step, M dv = dt J' f: it needs nothing of the source but its poses, and so
// works with every backend.
void Simulation::apply_pull() {
  if (!pull_.active || pull_.perturb.select <= 0 || !source_->is_live()) return;
  const mjModel& model = source_->model();
  mjData& data = *scratch_;
  source_->read_pose(pull_.world, {data.qpos, static_cast<std::size_t>(model.nq)},
                     {data.qvel, static_cast<std::size_t>(model.nv)});
  mj_forward(&model, &data);
  const int body = pull_.perturb.select;
  mju_zero(data.xfrc_applied + 6 * body, 6);
  mjv_applyPerturbForce(&model, &data, &pull_.perturb);
  std::vector<double> force(static_cast<std::size_t>(model.nv)), change(static_cast<std::size_t>(model.nv));
  mj_applyFT(&model, &data, data.xfrc_applied + 6 * body, data.xfrc_applied + 6 * body + 3, data.xipos + 3 * body, body,
             force.data());
  mj_solveM(&model, &data, change.data(), force.data(), 1);
  std::vector<double> qvel(data.qvel, data.qvel + model.nv);
  for (std::size_t dof = 0; dof < qvel.size(); ++dof) qvel[dof] += source_->step_seconds() * change[dof];
  source_->write_pose(pull_.world, {data.qpos, static_cast<std::size_t>(model.nq)}, qvel);
}

// --- history ---------------------------------------------------------------------------------------------------------

std::shared_ptr<Snapshot> Simulation::take_snapshot() const {
  const mjModel& model = source_->model();
  auto s = std::make_shared<Snapshot>();
  s->step = step_;
  s->time = static_cast<double>(step_) * source_->step_seconds();
  s->faults = source_->faults();
  s->num_worlds = source_->num_worlds();
  s->nq = static_cast<int>(model.nq);
  s->nv = static_cast<int>(model.nv);
  s->nu = static_cast<int>(model.nu);
  s->num_signals = static_cast<int>(source_->signals().size());
  s->num_controls = static_cast<int>(source_->controls().size());
  const auto worlds = static_cast<std::size_t>(s->num_worlds);
  s->qpos.resize(worlds * static_cast<std::size_t>(s->nq));
  s->qvel.resize(worlds * static_cast<std::size_t>(s->nv));
  s->ctrl.resize(worlds * static_cast<std::size_t>(s->nu));
  s->signals.resize(worlds * static_cast<std::size_t>(s->num_signals));
  s->ghosts.resize(s->qpos.size());
  s->controls = controls_;
  bool has_ctrl = true, has_ghost = true;
  for (int world = 0; world < s->num_worlds; ++world) {
    source_->read_pose(world, row(s->qpos, world, s->nq), row(s->qvel, world, s->nv));
    source_->read_signals(world, row(s->signals, world, s->num_signals));
    has_ctrl = has_ctrl && source_->read_ctrl(world, row(s->ctrl, world, s->nu));
    has_ghost = has_ghost && source_->read_ghost(world, row(s->ghosts, world, s->nq));
    if (Ground ground = source_->ground(world)) s->grounds.push_back(std::move(ground));
  }
  if (!has_ctrl) s->ctrl.clear();
  if (!has_ghost) s->ghosts.clear();
  return s;
}

// Appends the present state; `dropped` of the newest states make room for it (kHistoryStates: a new beginning).
void Simulation::record(int dropped) {
  Entry entry{take_snapshot(), source_->save()};
  const std::lock_guard lock(mutex_);
  for (; dropped > 0 && !history_.empty(); --dropped) drop_newest();
  history_bytes_ += bytes_of(*entry.snapshot) + entry.state.size();
  history_.push_back(std::move(entry));
  while (history_.size() > 1 && (history_.size() > kHistoryStates || history_bytes_ > kHistoryBytes)) {
    history_bytes_ -= bytes_of(*history_.front().snapshot) + history_.front().state.size();
    history_.pop_front();
  }
  shown_ = static_cast<int>(history_.size()) - 1;
}

void Simulation::drop_newest() {
  history_bytes_ -= bytes_of(*history_.back().snapshot) + history_.back().state.size();
  history_.pop_back();
}

// Going on from a past state makes it the newest: the future after it is dropped.
void Simulation::branch_here() {
  const std::lock_guard lock(mutex_);
  if (at_newest()) return;
  while (!at_newest()) drop_newest();
  source_->load(history_.back().state);
  step_ = history_.back().snapshot->step;
  controls_ = history_.back().snapshot->controls;
  start_clock();
}

// --- what may be asked for -------------------------------------------------------------------------------------------

void Simulation::set_running(bool running) {
  post([this, running] {
    if (running) branch_here();
    const std::lock_guard lock(mutex_);
    status_.running = running;
    start_clock();
  });
}

void Simulation::set_speed(double percent) {
  post([this, percent] {
    const std::lock_guard lock(mutex_);
    status_.wanted_percent = percent;
    start_clock();
  });
}

void Simulation::advance(int steps) {
  post([this, steps] {
    {
      const std::lock_guard lock(mutex_);
      status_.running = false;
    }
    for (int k = 0; k < steps; ++k) {
      bool replayed = false;
      {
        const std::lock_guard lock(mutex_);
        if (!at_newest()) {
          ++shown_;
          replayed = true;
        }
      }
      if (!replayed) step_once();
    }
  });
}

void Simulation::step_back() {
  post([this] {
    const std::lock_guard lock(mutex_);
    status_.running = false;
    shown_ = std::max(0, shown_ - 1);
  });
}

void Simulation::scrub(int index) {
  post([this, index] {
    const std::lock_guard lock(mutex_);
    status_.running = false;
    shown_ = std::clamp(index, 0, static_cast<int>(history_.size()) - 1);
  });
}

void Simulation::reset() {
  post([this] {
    source_->reset();
    step_ = 0;
    std::fill(controls_.begin(), controls_.end(), 0);
    std::fill(noise_.begin(), noise_.end(), 0);
    record(kHistoryStates);
    const std::lock_guard lock(mutex_);
    start_clock();
  });
}

void Simulation::set_driver(Driver driver) {
  post([this, driver] { driver_ = driver; });
}

void Simulation::set_noise(double scale, double rate) {
  post([this, scale, rate] {
    noise_scale_ = scale;
    noise_rate_ = rate;
  });
}

void Simulation::set_control(int world, int input, double value) {
  const std::lock_guard lock(mutex_);
  const std::size_t inputs = source_->controls().size();
  for (std::size_t k = 0; k < sliders_.size(); ++k) {
    const bool meant = world < 0 || k / inputs == static_cast<std::size_t>(world);
    if (meant && k % inputs == static_cast<std::size_t>(input)) sliders_[k] = value;
  }
}

void Simulation::set_pose(int world, std::span<const double> qpos, std::span<const double> qvel) {
  post([this, world, q = std::vector(qpos.begin(), qpos.end()), v = std::vector(qvel.begin(), qvel.end())] {
    branch_here();
    source_->write_pose(world, q, v);
    record(1);
  });
}

void Simulation::pull(const Pull& pull) {
  post([this, pull] { pull_ = pull; });
}

std::shared_ptr<const Snapshot> Simulation::snapshot() const {
  const std::lock_guard lock(mutex_);
  return history_[static_cast<std::size_t>(shown_)].snapshot;
}

Status Simulation::status() const {
  const std::lock_guard lock(mutex_);
  Status status = status_;
  status.history_size = static_cast<int>(history_.size());
  status.history_index = shown_;
  return status;
}

std::vector<double> Simulation::sliders(int world) const {
  const std::lock_guard lock(mutex_);
  const auto inputs = static_cast<int>(source_->controls().size());
  const auto values = row(sliders_, world, inputs);
  return {values.begin(), values.end()};
}

void Simulation::series(int world, int signal, std::vector<double>& times, std::vector<double>& values) const {
  times.clear();
  values.clear();
  const std::lock_guard lock(mutex_);
  for (int index = 0; index <= shown_ && index < static_cast<int>(history_.size()); ++index) {
    const Snapshot& s = *history_[static_cast<std::size_t>(index)].snapshot;
    times.push_back(s.time);
    values.push_back(signal < s.num_signals ? s.signal(world, signal)
                                            : s.controls[flat_index(world, s.num_controls, signal - s.num_signals)]);
  }
}

}  // namespace lockstep::viewer
