// The picture of W worlds of one model: a grid of copies in one MuJoCo scene, with ghosts and a mark on the selected
// one.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <mujoco/mujoco.h>

namespace lockstep::viewer {

struct FreeModel {
  void operator()(mjModel* model) const { mj_deleteModel(model); }
};
struct FreeData {
  void operator()(mjData* data) const { mj_deleteData(data); }
};
using ModelPtr = std::unique_ptr<mjModel, FreeModel>;
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

// Owns a private copy of the model (planes made endless and lights directional where there are several worlds), one
// scratch mjData, and the scene. Skins and flexes are drawn for the selected world alone.
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

  // Rebuilds the scene: worlds [num_worlds] or one alone, which then stands at the origin. `selected` indexes worlds.
  // data() afterwards holds the selected world after mj_forward.
  void update(std::span<const WorldPose> worlds, int selected, std::span<const GhostPose> ghosts = {});

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
  [[nodiscard]] std::array<std::array<double, 3>, 8> corners(bool all) const;
  void pose(const WorldPose& world, bool whole);
  void shift_geoms(int first, const std::array<double, 3>& offset, bool keep_planes);
  void add_ghost(const GhostPose& ghost, const std::array<double, 3>& offset);
  void dim_geoms(int first);
  void frame_selected(const std::array<double, 3>& offset);

  ModelPtr model_;
  DataPtr data_, other_data_;
  mjvScene scene_;
  int num_worlds_;
  GridLayout layout_;
  std::array<double, 3> low_{}, high_{};  // m, box that a world's bodies can reach
  double rest_z_ = 0;                     // m, lowest point in the initial state
};

}  // namespace lockstep::viewer
