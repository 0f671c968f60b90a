// Renders worlds of a model to pictures, without a display: for videos, reports and tests.
#pragma once

#include "viewer/image.h"
#include "viewer/world_renderer.h"
#include "viewer/world_scene.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace lockstep::viewer {

struct OffscreenConfig {
  int width = 640;          // pixels, [16, 8192]
  int height = 480;         // pixels, [16, 8192]
  int num_worlds = 1;       // worlds side by side, >= 1
  std::string camera = {};  // a camera of the model by name; empty: one that sees all worlds
  int samples = 4;          // anti-aliasing samples a pixel, 0 or 1: none
  bool shadows = true;      // off: faster where OpenGL is software
  bool reflections = true;  // off: faster where OpenGL is software; only MuJoCo's renderer has them
  Drawing drawing = Drawing::kAuto;
};

// One renderer; use it from one thread at a time. Throws MissingResource where there is no OpenGL, and Error for an
// unknown camera or a size out of range.
//
//   Offscreen renderer(model, {.width = 1280, .height = 720});
//   const WorldPose world{.qpos = qpos, .qvel = qvel};
//   const Image& frame = renderer.render({&world, 1});      // frame.rgb goes to ffmpeg -f rawvideo -pix_fmt rgb24
class Offscreen {
 public:
  explicit Offscreen(const mjModel& model, const OffscreenConfig& config = {});
  ~Offscreen();
  Offscreen(Offscreen&&) noexcept;
  Offscreen& operator=(Offscreen&&) noexcept;

  // worlds [num_worlds], or one alone. `caption` (lines split by \n) is written at the top left; empty: none. The
  // picture belongs to the renderer and lives until the next call.
  const Image& render(std::span<const WorldPose> worlds, std::span<const GhostPose> ghosts = {},
                      std::string_view caption = {});
  // The same without reading the picture back: waits until all is drawn, and returns the seconds that took.
  double draw(std::span<const WorldPose> worlds, std::span<const GhostPose> ghosts = {});
  // Colours for the moving bodies of each world in the pictures to come (our renderer's alone); empty: the model's own.
  void set_tints(std::vector<Colour> tints);

  // Camera, flags and scene of the last picture.
  [[nodiscard]] WorldScene& scene();
  // Whether our own renderer draws.
  [[nodiscard]] bool is_own() const;
  // Shapes and triangles of the last picture of our own renderer.
  [[nodiscard]] std::int64_t num_drawn() const;
  [[nodiscard]] std::int64_t num_triangles() const;
  // Which OpenGL and driver draws.
  [[nodiscard]] const std::string& description() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lockstep::viewer
