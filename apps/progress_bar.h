// A progress bar on a terminal, one short line per iteration anywhere else.
#pragma once

#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>

namespace lockstep::apps {

// Draws on `stream`: where that is a terminal one line that is redrawn at most ten times a second, else nothing but
// the lines given to line(). The destructor wipes the bar.
class ProgressBar {
 public:
  explicit ProgressBar(std::FILE* stream);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // share in [0, 1] of the whole; `text` stands right of the bar ("iteration 3  fit  return 812").
  void update(double share, std::string_view text);
  // A line that stays, above the bar.
  void line(std::string_view text);
  // Takes the bar from the screen until the next update.
  void wipe();
  [[nodiscard]] bool is_terminal() const { return is_terminal_; }

 private:
  std::FILE* stream_;
  bool is_terminal_;
  bool is_drawn_ = false;
  std::chrono::steady_clock::time_point last_{};
};

// "[#####-----]  50%  text", cut to `width` columns (ASCII).
[[nodiscard]] std::string progress_text(double share, std::string_view text, int width);

}  // namespace lockstep::apps
