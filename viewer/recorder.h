// Records the view into a movie in real time, however fast or slow the window draws.
#pragma once

#include "viewer/image.h"
#include "viewer/video_writer.h"

#include <cstdint>
#include <filesystem>
#include <vector>

namespace lockstep::viewer {

// One movie of 30 frames a second. Pictures go to ffmpeg as they come: nothing is kept in memory. Throws as VideoWriter
// does; destroyed without finish(), it leaves no file.
class Recorder {
 public:
  // `stem` gets the format's extension. Odd sizes lose their last column or row.
  Recorder(const std::filesystem::path& stem, int width, int height);

  // A picture of this size, shown at `seconds` of any clock: it lasts until the next one.
  void add(const Image& picture, double seconds);
  [[nodiscard]] bool fits(const Image& picture) const { return picture.width == width_ && picture.height == height_; }
  [[nodiscard]] std::int64_t num_frames() const { return num_frames_; }
  // Puts the file in place and returns its path.
  std::filesystem::path finish();

 private:
  int width_, height_;  // of the pictures
  VideoFormat format_;
  VideoWriter writer_;
  std::vector<std::uint8_t> frame_;  // the latest picture, cut to even sizes
  double start_ = -1;                // s, of the first picture
  std::int64_t num_frames_ = 0;
};

}  // namespace lockstep::viewer
