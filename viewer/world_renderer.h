// Our own renderer for many worlds of one model: OpenGL 3.3, meshes uploaded once, instances every picture.
#pragma once

#include "viewer/gl_functions.h"
#include "viewer/instance_list.h"

#include <array>
#include <string>
#include <vector>

#include <mujoco/mujoco.h>

namespace lockstep::viewer {

// Who draws: MuJoCo's renderer has textures, skins, flexes and reflections; ours draws many worlds fast.
enum class Drawing { kAuto, kMujoco, kOwn };  // kAuto: ours for several worlds, and where OpenGL is software

// What a picture is drawn with.
struct RenderStyle {
  bool shadows = false;  // one map of 2048 x 2048 from the sun; slow where OpenGL is software
  bool wireframe = false;
  bool sky = true;
  float haze_start = 50, haze_end = 200;                 // m from the eye: there the floor fades into the horizon
  std::array<float, 3> horizon = {0.23F, 0.28F, 0.35F};  // also the haze
  std::array<float, 3> zenith = {0.085F, 0.11F, 0.15F};
};

// One renderer for one model in one OpenGL context, which has to be current in every call (MuJoCo's renderer may use
// the same). Draws into the bound framebuffer, on top of nothing: what was there is overwritten.
//
//   WorldRenderer renderer(model, glfwGetProcAddress);
//   InstanceList& list = renderer.instances();
//   list.begin(camera);                    // then list.add(...)
//   renderer.draw(viewport, style);
class WorldRenderer {
 public:
  // Throws MissingResource where OpenGL is older than 3.3.
  WorldRenderer(const mjModel& model, const GlLoader& load);
  ~WorldRenderer();
  WorldRenderer(const WorldRenderer&) = delete;
  WorldRenderer& operator=(const WorldRenderer&) = delete;

  [[nodiscard]] InstanceList& instances() { return list_; }
  void draw(const mjrRect& viewport, const RenderStyle& style);
  // Bytes that the meshes take on the graphics card.
  [[nodiscard]] std::size_t mesh_bytes() const { return mesh_bytes_; }

 private:
  // Where a level's triangles lie in the buffers that all shapes share.
  struct Range {
    std::size_t first_corner = 0;
    int num_corners = 0, first_vertex = 0;
  };

  void upload_shapes();
  void make_shadow_map();
  void draw_shadow_map();
  void draw_shapes(unsigned program, bool solid);
  void draw_floors(const RenderStyle& style, bool solid);
  void draw_sky(const RenderStyle& style);
  void set_light(unsigned program, const RenderStyle& style) const;
  [[nodiscard]] int at(unsigned program, const char* name) const { return gl_.get_uniform_location(program, name); }

  GlFunctions gl_;
  std::vector<Shape> shapes_;
  InstanceList list_;
  std::vector<std::vector<Range>> ranges_;  // [shapes][levels]
  std::array<float, 16> clip_{}, shadow_clip_{};
  std::size_t mesh_bytes_ = 0;
  unsigned shape_program_ = 0, floor_program_ = 0, sky_program_ = 0, depth_program_ = 0;
  unsigned shape_array_ = 0, empty_array_ = 0;
  std::array<unsigned, 3> buffers_{};  // vertices, corners, instances
  unsigned shadow_texture_ = 0, shadow_framebuffer_ = 0;
};

}  // namespace lockstep::viewer
