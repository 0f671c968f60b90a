// Ctrl-C and SIGTERM as something a loop asks about, so that it can stop where its files are whole.
#pragma once

#include <csignal>

namespace lockstep::apps {

// Thrown by stop_if_interrupted(); main leaves with exit code 130.
struct Interrupted {};

// While it lives, the first SIGINT or SIGTERM is only remembered; the second ends the process as usual. SIGPIPE is
// ignored meanwhile (a closed pipe is a write error). One at a time.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

 private:
  struct sigaction old_int_ {
  }, old_term_{}, old_pipe_{};
};

[[nodiscard]] bool is_interrupted();
// Throws Interrupted where a signal came.
void stop_if_interrupted();

}  // namespace lockstep::apps
