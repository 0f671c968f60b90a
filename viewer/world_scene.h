// The picture of W worlds of one model: a grid of copies, or all in one place, with ghosts and a mark on the selected
// one; for MuJoCo's renderer as one scene, for our own as instances.
#pragma once

#include "engine/model_copy.h"
#include "viewer/instance_list.h"

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <mujoco/mujoco.h>

namespace lockstep::viewer {

struct FreeData {
  void operator()(mjData* data) const { mj_deleteData(data); }
};
using ModelPtr = OwnModel;
using DataPtr = std::unique_ptr<mjData, FreeData>;

// One world to draw. Spans may be empty where noted; SI units.
struct WorldPose {
  std::span<const double> qpos;  // [nq]
  std::span<const double> qvel;  // [nv], or empty: at rest
  std::span<const double> ctrl;  // [nu], or empty: zero
};

// A transparent copy of a world's moving bodies, drawn where that world stands: what a model predicts.
struct GhostPose {
  int world = 0;
  std::span<const double> qpos;                       // [nq]
  std::array<float, 4> rgba = {0.2F, 0.8F, 1, 0.3F};  // its one colour
};

// What a click hit.
struct Picked {
  int world = -1, body = -1;            // -1: nothing
  std::array<double, 3> point = {};     // m, in the world's own coordinates
  std::array<double, 3> in_scene = {};  // m, where it is drawn
  int flex = -1, skin = -1;
};

// Where the worlds stand: a centred grid, x to the right, rows in depth (y).
struct GridLayout {
  int columns = 1, rows = 1;
  double spacing_x = 0, spacing_y = 0;  // m
};

using Colour = std::array<float, 3>;  // red, green, blue in [0, 1]

// Owns a private copy of the model (planes made endless and lights directional where there are several worlds), one
// scratch mjData, and the scene. Skins, flexes, tendons and marks are drawn for the selected world alone.
class WorldScene {
 public:
  WorldScene(const mjModel& model, int num_worlds);
  ~WorldScene();
  WorldScene(const WorldScene&) = delete;
  WorldScene& operator=(const WorldScene&) = delete;

  // What is drawn, and how; read at every update.
  mjvOption option;
  mjvCamera camera;
  mjvPerturb perturb;
  bool mark_selection = true;  // among several worlds: frame the selected one, dim the others
  bool overlaid = false;       // all worlds stand at the origin, all but the selected one see-through

  // Rebuilds the scene: worlds [num_worlds] or one alone, which then stands at the origin. `selected` indexes worlds.
  // data() afterwards holds the selected world after mj_forward.
  void update(std::span<const WorldPose> worlds, int selected, std::span<const GhostPose> ghosts = {});

  // The selected world alone, at its place.
  void show(std::span<const WorldPose> worlds, int selected);
  // As update() for our own renderer, into `list`: scene() then holds the selected world and the marks alone. `tints`
  // [worlds], where not empty, colour each world's moving bodies. Worlds out of sight cost next to nothing.
  void collect(std::span<const WorldPose> worlds, int selected, std::span<const GhostPose> ghosts,
               std::span<const Colour> tints, const mjrRect& viewport, InstanceList& list);
  // The distances from which on a floor fades into the horizon, and where it has gone, m.
  [[nodiscard]] std::array<float, 2> haze() const;
  // Mean distance between the same bodies of two poses, m.
  [[nodiscard]] double body_distance(std::span<const double> qpos, std::span<const double> other_qpos);

  // A free camera that sees all worlds (`all`) or one of them, for a picture of width / height = aspect.
  [[nodiscard]] mjvCamera overview(double aspect, bool all = true) const;
  // Where a point of the scene falls in the picture of the last update: shares of its width and height from the top
  // left, which may lie outside [0, 1]; nothing for a point behind the camera.
  [[nodiscard]] std::optional<std::array<double, 2>> project(const std::array<double, 3>& point, double aspect) const;
  // What is under a point of the picture (shares as above), over all `worlds`.
  [[nodiscard]] Picked pick(std::span<const WorldPose> worlds, double x, double y, double aspect);
  // Where the origin of a world stands among the num_worlds ones, m.
  [[nodiscard]] std::array<double, 3> offset(int world) const;
  [[nodiscard]] const GridLayout& layout() const { return layout_; }
  // The left end of a world's cell, at middle height: where its label goes.
  [[nodiscard]] std::array<double, 3> label_place(int world) const;
  [[nodiscard]] int num_worlds() const { return num_worlds_; }

  [[nodiscard]] mjvScene& scene() { return scene_; }
  [[nodiscard]] const mjvScene& scene() const { return scene_; }
  [[nodiscard]] const mjModel& model() const { return *model_; }
  [[nodiscard]] mjModel& model() { return *model_; }
  [[nodiscard]] mjData& data() { return *data_; }

 private:
  void measure_reach();
  void lay_out();
  void make_endless(int plane);
  struct PictureRay {
    std::array<float, 3> from{}, direction{};  // m; a unit vector
  };
  [[nodiscard]] PictureRay ray_through(double x, double y, double aspect) const;
  [[nodiscard]] bool is_on_ray(const WorldPose& world, const std::array<double, 3>& at, const PictureRay& ray) const;
  [[nodiscard]] bool is_grid(std::span<const WorldPose> worlds) const;
  [[nodiscard]] std::array<double, 3> place(bool grid, int world) const;
  void reserve_geoms(int count);
  [[nodiscard]] std::array<std::array<double, 3>, 8> corners(bool all) const;
  void pose(const WorldPose& world, bool whole);
  void shift_geoms(int first, const std::array<double, 3>& offset, bool keep_planes);
  void add_ghost(const GhostPose& ghost, const std::array<double, 3>& offset);
  void dim_geoms(int first);
  void frame_selected(const std::array<double, 3>& offset);

  // world_instances.cpp: what our own renderer draws.
  void look_at_materials();
  void look_at_geoms();
  struct Ball {
    std::array<float, 3> centre{};  // m, in the scene
    float radius = 0;               // m
  };
  // Holds the whole world wherever its joints are; nothing where that is not known.
  [[nodiscard]] std::optional<Ball> ball_around(const WorldPose& world, const std::array<double, 3>& offset) const;
  void add_world(const std::array<double, 3>& offset, const Colour* tint, float alpha, bool moving_only,
                 InstanceList& list) const;
  void add_scene_geom(const mjvGeom& geom, const std::array<double, 3>& offset, const Colour* tint,
                      InstanceList& list) const;
  void add_floor(const mjvGeom& geom, InstanceList& list) const;

  ModelPtr model_;
  DataPtr data_, other_data_;
  mjvScene scene_;
  int num_worlds_;
  GridLayout layout_;
  std::array<double, 3> low_{}, high_{};  // m, box that a world's bodies can reach
  double rest_z_ = 0;                     // m, lowest point in the initial state
  bool reach_is_known_ = false;           // the box above, moved with a free first joint, holds the world

  // The two colours of a material's texture if it is checked, else its mean twice; multiplied with the rgba.
  struct MaterialLook {
    std::array<Colour, 2> tints{};
    std::array<float, 2> check_size{};  // m; 0: unknown
    Colour mean{1, 1, 1};
  };
  std::vector<MaterialLook> materials_;   // [nmat]
  std::vector<InstanceLook> geom_looks_;  // [ngeom], with the present option's groups
};

}  // namespace lockstep::viewer
