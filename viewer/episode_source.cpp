// Recorded episodes as a source of worlds: poses made once, then played back.
#include "engine/error.h"
#include "viewer/environment_source.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

namespace lockstep::viewer {
namespace {

// One episode, posed. Rows are steps.
struct Track {
  std::vector<double> qpos, qvel, ghost;  // [steps + 1][nq], [steps + 1][nv], [steps + 1][nq] NaN: none
  std::vector<double> returns;            // [steps + 1]
};

class EpisodeSource final : public SceneSource {
 public:
  EpisodeSource(std::unique_ptr<Environment> environment, std::vector<agents::Episode> episodes)
      : environment_(std::move(environment)), poser_(*environment_), episodes_(std::move(episodes)) {
    const TaskSpec& spec = environment_->spec();
    signals_ = {{"reward", Signal::Plot::kReward}, {"return", Signal::Plot::kReturn}};
    plotted_ = std::min(spec.state_size, kMostPlotted);
    for (int k = 0; k < plotted_; ++k) {
      signals_.push_back({spec.state_names[static_cast<std::size_t>(k)], Signal::Plot::kState});
    }
    for (int k = 0; k < spec.action_size; ++k) {
      signals_.push_back({spec.action_size == 1 ? "action" : "action " + std::to_string(k), Signal::Plot::kControl});
    }
    signals_.push_back({"since end", Signal::Plot::kSinceEnd});
    for (const agents::Episode& episode : episodes_) {
      tracks_.push_back(pose(episode));
      longest_ = std::max(longest_, episode.steps);
    }
  }

  [[nodiscard]] const mjModel& model() const override { return poser_.model(); }
  [[nodiscard]] std::string title() const override { return environment_->spec().name + ", recorded"; }
  [[nodiscard]] std::string report() const override { return environment_->backend_report(); }
  [[nodiscard]] bool is_model_physics() const override { return !poser_.has_own_scene(); }
  [[nodiscard]] int num_worlds() const override { return static_cast<int>(episodes_.size()); }
  [[nodiscard]] double step_seconds() const override { return environment_->spec().control_timestep; }
  [[nodiscard]] const std::vector<ControlInput>& controls() const override { return controls_; }
  [[nodiscard]] const std::vector<Signal>& signals() const override { return signals_; }
  [[nodiscard]] bool is_live() const override { return false; }

  void reset() override { step_ = 0; }
  void step(View<const double, 2>) override { step_ = step_ >= longest_ ? 0 : step_ + 1; }

  void read_pose(int world, std::span<double> qpos, std::span<double> qvel) const override {
    copy_row(track(world).qpos, at(world), qpos);
    copy_row(track(world).qvel, at(world), qvel);
  }
  void write_pose(int, std::span<const double>, std::span<const double>) override {}
  void read_signals(int world, std::span<double> values) const override {
    const agents::Episode& episode = episodes_[static_cast<std::size_t>(world)];
    const int step = at(world), taken = std::max(0, step - 1);  // the action that led here
    values[0] = step > 0 ? static_cast<double>(episode.rewards[static_cast<std::size_t>(taken)]) : 0;
    values[1] = track(world).returns[static_cast<std::size_t>(step)];
    const auto x = std::span(episode.states).subspan(flat_index(step, episode.state_size));
    plotted_state(environment_->spec(), x, values.subspan(2, static_cast<std::size_t>(plotted_)));
    const auto actions = static_cast<std::size_t>(environment_->spec().action_size);
    copy_row(episode.actions, taken, values.subspan(2 + static_cast<std::size_t>(plotted_), actions));
    values.back() =
        step_ < episode.steps ? std::numeric_limits<double>::infinity() : (step_ - episode.steps) * step_seconds();
  }
  bool read_ctrl(int, std::span<double>) const override { return false; }
  bool read_ghost(int world, std::span<double> qpos) const override {
    if (track(world).ghost.empty()) return false;
    copy_row(track(world).ghost, at(world), qpos);
    return true;
  }

  [[nodiscard]] std::vector<std::byte> save() const override {
    std::vector<std::byte> bytes(sizeof step_);
    std::memcpy(bytes.data(), &step_, sizeof step_);
    return bytes;
  }
  void load(std::span<const std::byte> bytes) override { std::memcpy(&step_, bytes.data(), sizeof step_); }

 private:
  [[nodiscard]] const Track& track(int world) const { return tracks_[static_cast<std::size_t>(world)]; }
  // A shorter episode stays at its end.
  [[nodiscard]] int at(int world) const { return std::min(step_, episodes_[static_cast<std::size_t>(world)].steps); }

  static void copy_row(const std::vector<double>& rows, int row, std::span<double> out) {
    if (out.empty()) return;
    std::copy_n(rows.begin() + static_cast<std::ptrdiff_t>(row) * static_cast<std::ptrdiff_t>(out.size()), out.size(),
                out.begin());
  }

  // Poses every state (and prediction) by putting it into the environment and reading it back.
  Track pose(const agents::Episode& episode) {
    const auto nq = static_cast<std::size_t>(model().nq), nv = static_cast<std::size_t>(model().nv);
    const auto nx = static_cast<std::size_t>(episode.state_size), count = static_cast<std::size_t>(episode.steps) + 1;
    Track track;
    track.qpos.resize(count * nq);
    track.qvel.resize(count * nv);
    track.returns.resize(count);
    if (episode.predicted.size() == count * nx) {
      track.ghost.assign(count * nq, std::numeric_limits<double>::quiet_NaN());
    }
    std::vector<double> unused(nv);
    for (std::size_t step = 0; step < count; ++step) {
      const auto x = std::span(episode.states).subspan(step * nx, nx);
      environment_->set_state(0, x);
      poser_.read(*environment_, 0, std::span(track.qpos).subspan(step * nq, nq),
                  std::span(track.qvel).subspan(step * nv, nv));
      if (step > 0) track.returns[step] = track.returns[step - 1] + static_cast<double>(episode.rewards[step - 1]);
      if (track.ghost.empty()) continue;
      const auto guess = std::span(episode.predicted).subspan(step * nx, nx);
      if (!std::ranges::all_of(guess, [](double value) { return std::isfinite(value); })) continue;
      environment_->set_state(0, guess);
      poser_.read(*environment_, 0, std::span(track.ghost).subspan(step * nq, nq), unused);
    }
    return track;
  }

  std::unique_ptr<Environment> environment_;
  StatePoser poser_;
  std::vector<agents::Episode> episodes_;
  std::vector<Track> tracks_;
  std::vector<ControlInput> controls_;  // none: nothing can be changed
  std::vector<Signal> signals_;
  int plotted_ = 0, longest_ = 0, step_ = 0;
};

}  // namespace

std::unique_ptr<SceneSource> make_episode_source(const EnvironmentFactory& make_environment, const std::string& task,
                                                 std::vector<agents::Episode> episodes) {
  if (episodes.empty()) throw Error("there is no episode to show", task, "evaluate the agent for at least one episode");
  const EnvironmentConfig config{.num_worlds = 1, .precision = "double"};
  return std::make_unique<EpisodeSource>(make_environment(task, config), std::move(episodes));
}

}  // namespace lockstep::viewer
