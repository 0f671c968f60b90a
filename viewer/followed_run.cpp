// Looks at a run folder once a second, and plays its checkpoint when that was written.
#include "viewer/followed_run.h"
#include "viewer/environment_source.h"

#include <chrono>
#include <exception>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>
#include <sys/file.h>

namespace lockstep::viewer {
namespace {

std::filesystem::path checkpoint_of(const std::filesystem::path& folder) { return folder / "checkpoint.lockstep"; }

// RunFolder holds an flock on .lock as long as it lives. A shared lock that is let go at once tells, and changes
// nothing in the folder.
bool is_locked(const std::filesystem::path& folder) {
  const int descriptor = open((folder / ".lock").c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool locked = flock(descriptor, LOCK_SH | LOCK_NB) != 0;
  close(descriptor);
  return locked;
}

}  // namespace

FollowedRun::FollowedRun(RunToFollow run, EnvironmentFactory make_environment)
    : run_(std::move(run)),
      make_environment_(std::move(make_environment)),
      metrics_(run_.folder),
      checkpoint_(run_.checkpoint),
      playing_(std::make_shared<const PlayedPolicy>(std::move(run_.first))) {}

FollowedRun::~FollowedRun() {
  stop_.request_stop();
  if (loading_.valid()) loading_.wait();
}

void FollowedRun::poll(double now) {
  constexpr double kSeconds = 1;
  if (loading_.valid() && loading_.wait_for(std::chrono::seconds(0)) == std::future_status::ready) receive();
  if (has_looked_ && now < next_look_) return;
  has_looked_ = true;
  next_look_ = now + kSeconds;
  metrics_.refresh();
  is_written_ = is_locked(run_.folder);
  if (loading_.valid()) return;
  const FileStamp stamp = stamp_of(checkpoint_of(run_.folder));
  if (stamp == checkpoint_ || stamp == FileStamp{}) return;
  checkpoint_ = stamp;
  loading_ = std::async(std::launch::async, [this] { return load(); });
}

// On the player's thread: reads only what stays as it is while the object lives.
FollowedRun::Loaded FollowedRun::load() const {
  try {
    auto policy = std::make_shared<const PlayedPolicy>(run_.play(run_.folder, stop_.get_token()));
    auto source = make_episode_source(make_environment_, policy->task, policy->episodes);
    return {std::move(policy), std::move(source), ""};
  } catch (const PlayStopped&) {
    return {};
  } catch (const std::exception& error) {
    return {nullptr, nullptr, fmt::format("{}: {}", checkpoint_of(run_.folder).string(), error.what())};
  }
}

void FollowedRun::receive() {
  Loaded loaded = loading_.get();
  problem_ = loaded.problem;
  if (loaded.policy != nullptr) newer_ = std::move(loaded);
}

SourceFactory FollowedRun::source() const {
  return [make_environment = make_environment_, policy = playing_](int) {
    return make_episode_source(make_environment, policy->task, policy->episodes);
  };
}

std::unique_ptr<SceneSource> FollowedRun::take_newer() {
  playing_ = std::move(newer_.policy);
  return std::move(newer_.source);
}

}  // namespace lockstep::viewer
