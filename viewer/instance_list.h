// What one picture of many worlds shows: instances of shapes, sorted by shape and level of detail, those out of sight
// left out.
#pragma once

#include "viewer/shape_mesh.h"

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include <mujoco/mujoco.h>

namespace lockstep::viewer {

// One shape at one place, as the graphics card reads it (72 bytes).
struct Instance {
  std::array<float, 9> rotation{};  // row by row, as in mjData
  std::array<float, 3> centre{};    // m
  std::array<float, 4> size{};      // m: three half sizes and the stretch (shape_mesh.h)
  std::array<std::uint8_t, 4> rgba{};
  std::array<std::uint8_t, 4> look{};  // emission and specular share, [0, 255]; two unused
};
static_assert(sizeof(Instance) == 72);

// How a shape looks and how far it reaches, without its place.
struct InstanceLook {
  int shape = -1;  // -1: not drawn
  std::array<float, 4> size{};
  std::array<float, 4> rgba{};                // [0, 1]
  float emission = 0, specular = 0;           // [0, 1]
  float bound = 0;                            // m, radius of a ball around the centre that holds it
  [[nodiscard]] float detail_radius() const;  // m, what the error of a level is a share of
};

// A floor: the plane of z = 0 in its own frame.
struct FloorPlane {
  std::array<float, 9> rotation{};
  std::array<float, 3> centre{};
  std::array<float, 2> half_size{};            // m; 0: endless
  std::array<std::array<float, 4>, 2> rgba{};  // the two colours of the checks
  std::array<float, 2> check_size{};           // m
};

// Camera of a picture: eye, axes and the tangents of half its angles.
struct PictureCamera {
  std::array<float, 3> eye{}, forward{}, right{}, up{};
  float half_width = 1, half_height = 1;  // at a distance of 1 (perspective), or m (orthographic)
  float near = 0.01F, far = 100;          // m
  bool orthographic = false;
  float pixels_high = 720;  // of the picture

  // The camera of MuJoCo's scene for a picture of these pixels.
  static PictureCamera from_scene(const mjvScene& scene, int pixels_wide, int pixels_high);
  // Column-major matrix from m to OpenGL's clip space.
  [[nodiscard]] std::array<float, 16> clip_matrix() const;
  // Whether a ball may be in the picture.
  [[nodiscard]] bool sees(const std::array<float, 3>& centre, float radius) const;
  // Pixels that 1 m across spans at a point.
  [[nodiscard]] float pixels_per_metre(const std::array<float, 3>& at) const;
};

// The instances of one picture. begin() for each picture, then add(), then a WorldRenderer draws it.
class InstanceList {
 public:
  explicit InstanceList(std::span<const Shape> shapes);  // which outlive this

  void begin(const PictureCamera& camera);
  // Adds a shape; rotation [9] row by row. False where the camera cannot see it.
  bool add(const InstanceLook& look, std::span<const float, 9> rotation, const std::array<float, 3>& centre);
  void add_floor(const FloorPlane& floor) { floors_.push_back(floor); }

  [[nodiscard]] const PictureCamera& camera() const { return camera_; }
  // The same with its near plane moved out to what is nearest, for the depth buffer's sake.
  [[nodiscard]] PictureCamera fitted_camera() const;
  // Instances of a level of a shape; `solid` or see-through.
  [[nodiscard]] std::span<const Instance> bucket(int shape, int level, bool solid) const;
  [[nodiscard]] const std::vector<FloorPlane>& floors() const { return floors_; }
  // The box around everything that is seen and solid, m.
  [[nodiscard]] const std::array<float, 3>& low() const { return low_; }
  [[nodiscard]] const std::array<float, 3>& high() const { return high_; }
  [[nodiscard]] std::int64_t num_drawn() const { return num_drawn_; }
  [[nodiscard]] std::int64_t num_triangles() const { return num_triangles_; }

 private:
  [[nodiscard]] int level_for(int shape, float detail_pixels) const;

  std::span<const Shape> shapes_;
  std::vector<int> first_bucket_;                              // [shapes]
  std::array<std::vector<std::vector<Instance>>, 2> buckets_;  // [see-through, solid][shape and level]
  std::vector<FloorPlane> floors_;
  PictureCamera camera_;
  std::array<float, 3> low_{}, high_{};
  float nearest_ = 0;  // m along `forward`
  std::int64_t num_drawn_ = 0, num_triangles_ = 0;
};

}  // namespace lockstep::viewer
