// Repeats a picture as often as real time asks for, and leaves out those that come too fast.
#include "viewer/recorder.h"

#include <algorithm>
#include <cmath>

namespace lockstep::viewer {
namespace {

constexpr double kFramesPerSecond = 30;
constexpr std::int64_t kMostRepeats = 60;  // after a long pause the movie goes on at once

}  // namespace

Recorder::Recorder(const std::filesystem::path& stem, int width, int height)
    : width_(width),
      height_(height),
      format_{.width = width - width % 2, .height = height - height % 2, .frames_per_second = kFramesPerSecond},
      writer_(stem, format_) {}

void Recorder::add(const Image& picture, double seconds) {
  if (start_ < 0) start_ = seconds;
  const auto due = static_cast<std::int64_t>(std::floor((seconds - start_) * kFramesPerSecond)) + 1;
  const std::int64_t missing = std::min(due - num_frames_, kMostRepeats);
  if (due - num_frames_ > kMostRepeats) start_ += static_cast<double>(due - num_frames_ - missing) / kFramesPerSecond;
  if (missing <= 0) return;
  for (std::int64_t repeat = 1; repeat < missing; ++repeat) writer_.add_frame(frame_);
  frame_.clear();
  for (int row = 0; row < format_.height; ++row) {
    const auto first = picture.rgb.begin() + static_cast<std::ptrdiff_t>(row) * width_ * 3;
    frame_.insert(frame_.end(), first, first + static_cast<std::ptrdiff_t>(format_.width) * 3);
  }
  writer_.add_frame(frame_);
  num_frames_ += missing;
}

std::filesystem::path Recorder::finish() { return writer_.finish(); }

}  // namespace lockstep::viewer
