// Remembers the first signal in a flag, and gives the second its usual effect.
#include "apps/interrupt.h"

#include <atomic>

namespace lockstep::apps {
namespace {

// Read by every thread of a sweep, written by a handler.
std::atomic<int> g_signal = 0;
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler may not wait for a lock");

void remember(int signal) {
  g_signal = signal;
  std::signal(signal, SIG_DFL);
}

}  // namespace

InterruptGuard::InterruptGuard() {
  g_signal = 0;
  struct sigaction action {};
  action.sa_handler = remember;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, &old_int_);
  sigaction(SIGTERM, &action, &old_term_);
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, &old_pipe_);
}

InterruptGuard::~InterruptGuard() {
  sigaction(SIGINT, &old_int_, nullptr);
  sigaction(SIGTERM, &old_term_, nullptr);
  sigaction(SIGPIPE, &old_pipe_, nullptr);
}

bool is_interrupted() { return g_signal != 0; }

void stop_if_interrupted() {
  if (is_interrupted()) throw Interrupted{};
}

}  // namespace lockstep::apps
