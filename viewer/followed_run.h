// A training run that another process may be writing: its metrics as they grow, and the policy of its newest
// checkpoint, played on a thread of its own so that drawing never waits.
#pragma once

#include "agents/agent.h"
#include "viewer/metrics_file.h"
#include "viewer/scene_source.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace lockstep::viewer {

// The agent of a checkpoint: what it did in its evaluation episodes, and what it says of its model.
struct PlayedPolicy {
  std::string task, agent;
  std::uint64_t seed = 0;
  std::int64_t iteration = 0;  // iterations done at the checkpoint
  std::vector<agents::Episode> episodes;
  std::vector<std::string> equations;  // Agent::equations()
  std::vector<double> model_error;     // Agent::multi_step_error()
};

// Thrown by a player that was asked to stop.
struct PlayStopped {};

// Loads the checkpoint of a run folder and plays it. Runs on any thread, one call at a time; throws Error for what it
// cannot read, PlayStopped soon after the token asks for it.
using PolicyPlayer = std::function<PlayedPolicy(const std::filesystem::path& folder, const std::stop_token& stop)>;

// What to follow, from where.
struct RunToFollow {
  std::filesystem::path folder;
  PolicyPlayer play;
  FileStamp checkpoint;  // of checkpoint.lockstep, taken before `first` was played from it
  PlayedPolicy first;    // has at least one episode
};

// Belongs to the thread that draws; only poll() looks at files, once a second.
class FollowedRun {
 public:
  FollowedRun(RunToFollow run, EnvironmentFactory make_environment);
  ~FollowedRun();  // asks the player to stop, and waits for it
  FollowedRun(const FollowedRun&) = delete;
  FollowedRun& operator=(const FollowedRun&) = delete;

  // Call it every frame; `now` in seconds of any steady clock.
  void poll(double now);

  [[nodiscard]] const MetricsFile& metrics() const { return metrics_; }
  [[nodiscard]] const std::filesystem::path& folder() const { return run_.folder; }
  // Whether another process holds the run's lock.
  [[nodiscard]] bool is_written() const { return is_written_; }
  [[nodiscard]] bool is_loading() const { return loading_.valid(); }
  // The policy whose episodes play.
  [[nodiscard]] const PlayedPolicy& playing() const { return *playing_; }
  // A newer one that take_newer() gives; nullptr: none.
  [[nodiscard]] const PlayedPolicy* newer() const { return newer_.policy.get(); }
  // Why the last checkpoint could not be played; empty: it could.
  [[nodiscard]] const std::string& problem() const { return problem_; }

  // Worlds that play the episodes of playing(). Throws Error where the task cannot be drawn.
  [[nodiscard]] SourceFactory source() const;
  // The newer policy becomes the playing one; returns its worlds. There must be one.
  [[nodiscard]] std::unique_ptr<SceneSource> take_newer();

 private:
  struct Loaded {
    std::shared_ptr<const PlayedPolicy> policy;
    std::unique_ptr<SceneSource> source;
    std::string problem;
  };
  [[nodiscard]] Loaded load() const;
  void receive();

  RunToFollow run_;
  EnvironmentFactory make_environment_;
  MetricsFile metrics_;
  FileStamp checkpoint_;  // that was played last, or failed to
  std::shared_ptr<const PlayedPolicy> playing_;
  Loaded newer_;
  std::string problem_;
  bool is_written_ = false;
  double next_look_ = 0;
  bool has_looked_ = false;
  std::stop_source stop_;
  std::future<Loaded> loading_;  // valid while a checkpoint is being played
};

}  // namespace lockstep::viewer
