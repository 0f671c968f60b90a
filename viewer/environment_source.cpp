// A live environment as a source of worlds: actions in, poses, rewards and returns out.
#include "viewer/environment_source.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numbers>
#include <utility>

namespace lockstep::viewer {

StatePoser::StatePoser(const Environment& environment) : model_(environment.mujoco_model()) {
  if (environment.has_own_heights()) {
    grounded_ = copy_of(*model_);
    environment.get_heights(0, {grounded_->hfield_data, static_cast<std::size_t>(grounded_->nhfielddata)});
    model_ = grounded_.get();
  }
  if (model_ != nullptr) return;
  own_ = own_scene(environment.spec().name);
  model_ = own_.model.get();
}

void StatePoser::read(const Environment& environment, int world, std::span<double> qpos, std::span<double> qvel) const {
  if (own_.model == nullptr) {
    environment.get_mujoco_state(world, qpos, qvel);
    return;
  }
  std::vector<double> x(static_cast<std::size_t>(environment.spec().state_size));
  environment.get_state(world, x);
  for (std::size_t k = 0; k < own_.qpos_from.size(); ++k) qpos[k] = x[static_cast<std::size_t>(own_.qpos_from[k])];
  for (std::size_t k = 0; k < own_.qvel_from.size(); ++k) qvel[k] = x[static_cast<std::size_t>(own_.qvel_from[k])];
}

void StatePoser::write(std::span<const double> qpos, std::span<const double> qvel, std::span<double> x) const {
  if (own_.model == nullptr) {  // x = (qpos, qvel, act)
    std::copy(qpos.begin(), qpos.end(), x.begin());
    std::copy(qvel.begin(), qvel.end(), x.begin() + static_cast<std::ptrdiff_t>(qpos.size()));
    return;
  }
  for (std::size_t k = 0; k < own_.qpos_from.size(); ++k) x[static_cast<std::size_t>(own_.qpos_from[k])] = qpos[k];
  for (std::size_t k = 0; k < own_.qvel_from.size(); ++k) x[static_cast<std::size_t>(own_.qvel_from[k])] = qvel[k];
}

void plotted_state(const TaskSpec& spec, std::span<const double> x, std::span<double> values) {
  for (std::size_t k = 0; k < values.size(); ++k) {
    const bool angle = k < spec.state_is_angle.size() && spec.state_is_angle[k];
    values[k] = angle ? std::remainder(x[k], 2 * std::numbers::pi) : x[k];
  }
}

namespace {

class EnvironmentSource final : public SceneSource {
 public:
  explicit EnvironmentSource(std::unique_ptr<Environment> environment)
      : environment_(std::move(environment)),
        poser_(*environment_),
        actions_(flat_index(num_worlds(), environment_->spec().action_size)),
        returns_(static_cast<std::size_t>(num_worlds())) {
    const TaskSpec& spec = environment_->spec();
    for (std::size_t k = 0; k < spec.action_low.size(); ++k) {
      const std::string name = spec.action_low.size() == 1 ? "action" : "action " + std::to_string(k);
      controls_.push_back({name, spec.action_low[k], spec.action_high[k]});
    }
    signals_ = {{"reward", Signal::Plot::kReward}, {"return", Signal::Plot::kReturn}};
    plotted_ = std::min(spec.state_size, kMostPlotted);
    for (int k = 0; k < plotted_; ++k) {
      signals_.push_back({spec.state_names[static_cast<std::size_t>(k)], Signal::Plot::kState});
    }
    signals_.push_back({"since end", Signal::Plot::kSinceEnd});
    read_grounds();
  }

  [[nodiscard]] const mjModel& model() const override { return poser_.model(); }
  [[nodiscard]] std::string title() const override { return environment_->spec().name; }
  [[nodiscard]] std::string report() const override { return environment_->backend_report(); }
  [[nodiscard]] bool is_model_physics() const override { return !poser_.has_own_scene(); }
  [[nodiscard]] int num_worlds() const override { return environment_->config().num_worlds; }
  [[nodiscard]] double step_seconds() const override { return environment_->spec().control_timestep; }
  [[nodiscard]] const std::vector<ControlInput>& controls() const override { return controls_; }
  [[nodiscard]] const std::vector<Signal>& signals() const override { return signals_; }

  [[nodiscard]] std::int64_t faults() const override { return environment_->faults(); }

  void reset() override {
    environment_->reset();
    std::fill(returns_.begin(), returns_.end(), 0);
    since_end_.assign(returns_.size(), std::numeric_limits<double>::infinity());
    stepped_ = false;
    read_grounds();
  }

  void step(View<const double, 2> controls) override {
    const int inputs = environment_->spec().action_size;
    for (int world = 0; world < num_worlds(); ++world) {
      for (int k = 0; k < inputs; ++k) {
        actions_[flat_index(world, inputs, k)] = static_cast<float>(controls(world, k));
      }
    }
    environment_->step(View<const float, 2>(actions_.data(), num_worlds(), inputs));
    stepped_ = true;
    for (std::size_t world = 0; world < returns_.size(); ++world) {
      if (since_end_[world] == 0) returns_[world] = 0;  // the ended episode's return was shown for one step
      returns_[world] += static_cast<double>(environment_->reward()[world]);
      const bool ends = (environment_->terminated()[world] | environment_->truncated()[world]) != 0;
      since_end_[world] = ends ? 0 : since_end_[world] + step_seconds();
      if (ends && !grounds_.empty()) grounds_[world] = read_ground(static_cast<int>(world));
    }
  }

  void read_pose(int world, std::span<double> qpos, std::span<double> qvel) const override {
    poser_.read(*environment_, world, qpos, qvel);
  }
  void write_pose(int world, std::span<const double> qpos, std::span<const double> qvel) override {
    std::vector<double> x(static_cast<std::size_t>(environment_->spec().state_size));
    environment_->get_state(world, x);
    poser_.write(qpos, qvel, x);
    environment_->set_state(world, x);
  }
  void read_signals(int world, std::span<double> values) const override {
    std::vector<double> x(static_cast<std::size_t>(environment_->spec().state_size));
    environment_->get_state(world, x);
    const auto at = static_cast<std::size_t>(world);
    values[0] = stepped_ ? static_cast<double>(environment_->reward()[at]) : 0;
    values[1] = returns_[at];
    plotted_state(environment_->spec(), x, values.subspan(2, static_cast<std::size_t>(plotted_)));
    values[2 + static_cast<std::size_t>(plotted_)] = since_end_[at];
  }
  bool read_ctrl(int world, std::span<double> ctrl) const override {
    const auto inputs = static_cast<std::size_t>(environment_->spec().action_size);
    if (ctrl.size() != inputs) return false;
    for (std::size_t k = 0; k < inputs; ++k) {
      ctrl[k] = static_cast<double>(actions_[static_cast<std::size_t>(world) * inputs + k]);
    }
    return true;
  }
  bool read_ghost(int, std::span<double>) const override { return false; }
  [[nodiscard]] Ground ground(int world) const override {
    return grounds_.empty() ? nullptr : grounds_[static_cast<std::size_t>(world)];
  }

  // Returns and times since the last end before the environment's own bytes.
  [[nodiscard]] std::vector<std::byte> save() const override {
    const std::vector<std::byte> inner = environment_->save();
    const std::size_t own = returns_.size() * sizeof(double);
    std::vector<std::byte> bytes(2 * own + inner.size());
    std::memcpy(bytes.data(), returns_.data(), own);
    std::memcpy(bytes.data() + own, since_end_.data(), own);
    std::copy(inner.begin(), inner.end(), bytes.begin() + static_cast<std::ptrdiff_t>(2 * own));
    return bytes;
  }
  void load(std::span<const std::byte> bytes) override {
    const std::size_t own = returns_.size() * sizeof(double);
    std::memcpy(returns_.data(), bytes.data(), own);
    std::memcpy(since_end_.data(), bytes.data() + own, own);
    environment_->load(bytes.subspan(2 * own));
    read_grounds();
  }

 private:
  [[nodiscard]] Ground read_ground(int world) const {
    std::vector<float> heights(static_cast<std::size_t>(model().nhfielddata));
    environment_->get_heights(world, heights);
    return std::make_shared<const std::vector<float>>(std::move(heights));
  }
  void read_grounds() {
    grounds_.clear();
    if (!environment_->has_own_heights()) return;
    for (int world = 0; world < num_worlds(); ++world) grounds_.push_back(read_ground(world));
  }

  std::unique_ptr<Environment> environment_;
  StatePoser poser_;
  std::vector<float> actions_;     // [worlds][action_size]
  std::vector<double> returns_;    // [worlds] of the present episode
  std::vector<double> since_end_;  // [worlds] s; 0: the episode ended in the last step
  std::vector<Ground> grounds_;    // [worlds], empty: all worlds stand on the model's
  std::vector<ControlInput> controls_;
  std::vector<Signal> signals_;
  int plotted_ = 0;
  bool stepped_ = false;
};

}  // namespace

std::unique_ptr<SceneSource> make_environment_source(const EnvironmentFactory& make_environment,
                                                     const std::string& task, const EnvironmentConfig& config) {
  return std::make_unique<EnvironmentSource>(make_environment(task, config));
}

}  // namespace lockstep::viewer
