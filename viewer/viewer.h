// The window as the command line opens it.
#pragma once

#include "agents/agent.h"
#include "engine/environment.h"
#include "viewer/followed_run.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace lockstep::viewer {

// What to show, and how.
struct ViewOptions {
  std::string target;                  // a task's name, or a model file (.xml, .urdf)
  EnvironmentConfig environment = {};  // num_worlds: how many are shown, [1, 4096]
  EnvironmentFactory make_environment = {};
  std::vector<agents::Episode> episodes = {};  // where not empty: these episodes of the task `target` are played
  std::optional<RunToFollow> follow = {};      // where given: the run whose newest policy is played instead
  std::string actions = "random";              // of a task: zero | sliders | random; a model starts with sliders
  bool paused = false;
  int width = 1440, height = 900;         // of the window
  std::filesystem::path screenshot = {};  // where not empty: run `seconds`, write this picture, and return
  double seconds = 5;                     // simulated, before the screenshot
};

// Opens the window and returns when it is closed. Throws MissingResource where there is no display, no OpenGL, or this
// program was built without the window; Error for an unknown task or a bad model. Call it on the program's first
// thread.
void run(const ViewOptions& options);

// True where run() can open a window: built with it, and DISPLAY is set.
[[nodiscard]] bool has_display();

}  // namespace lockstep::viewer
