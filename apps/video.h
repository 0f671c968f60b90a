// A movie of an episode: frames rendered without a window, encoded by ffmpeg as a child process.
#pragma once

#include "agents/agent.h"
#include "engine/environment.h"

#include <filesystem>

namespace lockstep::apps {

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
