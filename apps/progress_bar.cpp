// Redraws one line by returning to its start; falls silent where there is no terminal.
#include "apps/progress_bar.h"

#include <algorithm>
#include <cmath>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/ioctl.h>

namespace lockstep::apps {
namespace {

constexpr auto kRedraw = std::chrono::milliseconds(100);
constexpr int kBarWidth = 24;
constexpr const char* kWipe = "\r\x1b[K";  // to the line's start, and clear it

int terminal_width(std::FILE* stream) {
  winsize size{};
  return ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

}  // namespace

std::string progress_text(double share, std::string_view text, int width) {
  const double known = std::isfinite(share) ? std::clamp(share, 0.0, 1.0) : 0.0;
  const auto filled = static_cast<size_t>(std::lround(known * kBarWidth));
  const std::string bar = std::string(filled, '#') + std::string(kBarWidth - filled, '-');
  return fmt::format("[{}] {:3.0f}%  {}", bar, std::floor(known * 100), text).substr(0, static_cast<size_t>(width));
}

ProgressBar::ProgressBar(std::FILE* stream) : stream_(stream), is_terminal_(isatty(fileno(stream)) == 1) {}

ProgressBar::~ProgressBar() { wipe(); }

void ProgressBar::update(double share, std::string_view text) {
  const auto now = std::chrono::steady_clock::now();
  if (!is_terminal_ || (is_drawn_ && now - last_ < kRedraw)) return;
  last_ = now;
  is_drawn_ = true;
  fmt::print(stream_, "{}{}", kWipe, progress_text(share, text, terminal_width(stream_) - 1));
  std::fflush(stream_);
}

void ProgressBar::line(std::string_view text) {
  wipe();
  fmt::print(stream_, "{}\n", text);
  std::fflush(stream_);
}

void ProgressBar::wipe() {
  if (!is_drawn_) return;
  is_drawn_ = false;
  fmt::print(stream_, "{}", kWipe);
  std::fflush(stream_);
}

}  // namespace lockstep::apps
