// A movie of an episode: frames rendered without a window, encoded by ffmpeg as a child process.
#pragma once

#include "agents/agent.h"
#include "engine/atomic_file.h"
#include "engine/environment.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace lockstep::apps {

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

// The frames of an episode to draw: every `stride`-th state, so that the movie plays in real time at 20 to 40 frames
// a second where the control rate allows it.
struct FramePlan {
  int stride = 1;
  double frames_per_second = 25;
};
[[nodiscard]] FramePlan frame_plan(double control_timestep);

// Films `episode` into `stem` (.mp4 or .gif): the true motion, and as a ghost what the model predicted. `worlds` is an
// environment of the episode's task, used to turn states into poses. Throws as VideoWriter and viewer::Offscreen do
// (MissingResource: no ffmpeg, no OpenGL), and Interrupted.
[[nodiscard]] std::filesystem::path film(const agents::Episode& episode, Environment& worlds,
                                         const std::filesystem::path& stem);

}  // namespace lockstep::apps
