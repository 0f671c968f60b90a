// MuJoCo's error and log messages, brought into our own: errors throw, warnings go to the log, no file is written.
#pragma once

#include <string>
#include <vector>

namespace lockstep {

// Installs the handler once per process; called by everything of ours that uses MuJoCo. An error of MuJoCo then throws
// lockstep::Error where it would have ended the process.
void take_over_mujoco_log();

// While one of these lives, warnings of this thread are kept here instead of going to the log.
class MujocoWarnings {
 public:
  MujocoWarnings();
  ~MujocoWarnings();
  MujocoWarnings(const MujocoWarnings&) = delete;
  MujocoWarnings& operator=(const MujocoWarnings&) = delete;
  [[nodiscard]] const std::vector<std::string>& messages() const { return messages_; }

 private:
  friend void keep_or_log_mujoco_warning(const std::string& text);
  std::vector<std::string> messages_;
  MujocoWarnings* outer_;
};

}  // namespace lockstep
