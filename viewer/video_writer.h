// A movie file from frames, encoded by ffmpeg as a child process.
#pragma once

#include "engine/atomic_file.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace lockstep::viewer {

struct VideoFormat {
  int width = 640, height = 480;  // pixels, even
  double frames_per_second = 25;
  std::string encoder = "ffmpeg";  // the program, found on PATH
};

// Pipes raw frames into ffmpeg; the file appears whole at finish(), or not at all. H.264 in mp4 where this ffmpeg has
// an encoder for it, else an animated GIF. Errors: MissingResource where ffmpeg is missing or the disk is full, Error
// with ffmpeg's own words where it fails.
class VideoWriter {
 public:
  // `stem` gets the format's extension: runs/1/video -> runs/1/video.mp4.
  VideoWriter(const std::filesystem::path& stem, const VideoFormat& format);
  ~VideoWriter();
  VideoWriter(const VideoWriter&) = delete;
  VideoWriter& operator=(const VideoWriter&) = delete;

  // rgb [height][width][3], rows from top to bottom.
  void add_frame(std::span<const std::uint8_t> rgb);
  // Waits for ffmpeg and puts the file in place; returns its path.
  std::filesystem::path finish();

 private:
  struct Child;
  [[noreturn]] void fail();

  VideoFormat format_;
  std::filesystem::path target_;
  std::unique_ptr<AtomicFile> file_;
  std::unique_ptr<Child> child_;
};

}  // namespace lockstep::viewer
