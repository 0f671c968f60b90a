// Replaces MuJoCo's log handler, whose default prints, appends to a file in the current folder and ends the process.
#include "engine/mujoco_log.h"
#include "engine/error.h"

#include <mutex>

#include <mujoco/mujoco.h>
#include <spdlog/spdlog.h>

namespace lockstep {

void keep_or_log_mujoco_warning(const std::string& text);

namespace {

thread_local MujocoWarnings* innermost = nullptr;

void handle(const mjLogMessage* message) {
  std::string text = message->subject;
  if (message->body != nullptr && *message->body != '\0') text += std::string(": ") + message->body;
  if (message->level >= mjLOG_ERROR) {
    throw Error("MuJoCo: " + text, message->func != nullptr ? message->func : "MuJoCo",
                "mend the model or the state that it was given");
  }
  if (message->level == mjLOG_WARNING) {
    keep_or_log_mujoco_warning(text);
  } else {
    spdlog::debug("MuJoCo: {}", text);
  }
}

}  // namespace

void keep_or_log_mujoco_warning(const std::string& text) {
  if (innermost != nullptr) {
    innermost->messages_.push_back(text);
  } else {
    spdlog::warn("MuJoCo: {}", text);
  }
}

void take_over_mujoco_log() {
  static std::once_flag once;
  std::call_once(once, [] { mju_setLogHandler(handle); });
}

MujocoWarnings::MujocoWarnings() : outer_(innermost) { innermost = this; }
MujocoWarnings::~MujocoWarnings() { innermost = outer_; }

}  // namespace lockstep
