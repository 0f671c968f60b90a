// Simulation: steps a SceneSource on a thread of its own, at a wanted speed, and keeps a history; drawing never waits
// for it, and it never waits for drawing.
#pragma once

#include "viewer/scene_source.h"
#include "viewer/world_scene.h"

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

namespace lockstep::viewer {

// A copy of all worlds at one moment; never changed once made.
struct Snapshot {
  std::int64_t step = 0;
  double time = 0;          // simulated seconds since the start or the last reset
  std::int64_t faults = 0;  // worlds that went non-finite
  int num_worlds = 0;
  int nq = 0, nv = 0, nu = 0, num_signals = 0, num_controls = 0;
  std::vector<double> qpos, qvel;  // [worlds][nq], [worlds][nv]
  std::vector<double> ctrl;        // [worlds][nu], empty: the source has none
  std::vector<double> signals;     // [worlds][num_signals]
  std::vector<double> controls;    // [worlds][num_controls] that led here
  std::vector<double> ghosts;      // [worlds][nq], empty: none
  std::vector<Ground> grounds;     // [worlds], empty: all worlds stand on the model's

  [[nodiscard]] WorldPose pose(int world) const;
  [[nodiscard]] double signal(int world, int index) const { return signals[flat_index(world, num_signals, index)]; }
};

// Who chooses the controls.
enum class Driver { kZero, kSliders, kRandom };

// A mouse pulling at a body of one world.
struct Pull {
  bool active = false;
  int world = 0;
  mjvPerturb perturb{};
};

// What the thread is doing.
struct Status {
  bool running = false;
  double wanted_percent = 100;   // of real time
  double reached_percent = 100;  // over the last half second of running
  double step_ms = 0;            // CPU time of one step of all worlds, smoothed
  int history_size = 0;
  int history_index = -1;  // the state that is shown; history_size - 1: the newest
};

// All public functions may be called from any one thread; what they ask for happens on the simulation's thread, in
// order. wait() returns when everything asked for so far has happened.
class Simulation {
 public:
  static constexpr int kHistoryStates = 2000;
  static constexpr std::size_t kHistoryBytes = 100'000'000;

  Simulation(std::unique_ptr<SceneSource> source, std::uint64_t seed);
  ~Simulation();
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  [[nodiscard]] const SceneSource& source() const { return *source_; }  // what is fixed: model, names, ranges

  void set_running(bool running);
  void set_speed(double percent);
  void advance(int steps);  // pauses; steps on (in the history while scrubbing back)
  void step_back();         // pauses; one state back in the history
  void scrub(int index);    // pauses; shows a state of the history
  void reset();             // a new start of every world; the history is emptied
  void set_driver(Driver driver);
  void set_noise(double scale, double rate);             // share of each control's range; seconds
  void set_control(int world, int input, double value);  // world -1: all
  void set_pose(int world, std::span<const double> qpos, std::span<const double> qvel);
  void pull(const Pull& pull);
  void wait();

  [[nodiscard]] std::shared_ptr<const Snapshot> snapshot() const;  // what is to be shown now
  [[nodiscard]] Status status() const;
  [[nodiscard]] std::vector<double> sliders(int world) const;  // [controls]
  // A signal (or, from num_signals on, a control) of a world over the history up to the state that is shown.
  void series(int world, int signal, std::vector<double>& times, std::vector<double>& values) const;

 private:
  struct Entry {
    std::shared_ptr<const Snapshot> snapshot;
    std::vector<std::byte> state;
  };

  void loop();
  void post(std::function<void()> command);
  void step_once();
  void choose_controls();
  void apply_pull();
  void record(int dropped = 0);
  void drop_newest();
  void branch_here();
  [[nodiscard]] std::shared_ptr<Snapshot> take_snapshot() const;
  [[nodiscard]] bool at_newest() const { return shown_ + 1 == static_cast<int>(history_.size()); }
  void start_clock();
  [[nodiscard]] std::int64_t steps_due() const;

  // Owned by the simulation's thread.
  std::unique_ptr<SceneSource> source_;
  std::uint64_t seed_;
  DataPtr scratch_;  // for pulls
  std::int64_t step_ = 0;
  std::int64_t noise_step_ = 0;
  std::vector<double> controls_, noise_;  // [worlds][controls]
  Driver driver_ = Driver::kSliders;
  double noise_scale_ = 0, noise_rate_ = 0.2;
  Pull pull_;
  double clock_start_ = 0;  // wall seconds when the present pace began
  std::int64_t clock_steps_ = 0;
  double measured_start_ = 0;
  std::int64_t measured_steps_ = 0;

  // Shared, under mutex_.
  mutable std::mutex mutex_;
  std::condition_variable wake_, idle_;
  std::deque<std::function<void()>> commands_;
  bool busy_ = false, stop_ = false;
  std::deque<Entry> history_;
  std::size_t history_bytes_ = 0;
  int shown_ = -1;
  Status status_;
  std::vector<double> sliders_;  // [worlds][controls]

  std::thread thread_;  // last: starts when everything above is there
};

}  // namespace lockstep::viewer
