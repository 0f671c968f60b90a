// Grid of worlds: reach of one world by sampling its joints, offset copies of its geoms, camera that frames them all.
#include "viewer/world_scene.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace lockstep::viewer {
namespace {

constexpr int kReachSamples = 64;
constexpr double kUsualAspect = 1.5;  // width / height of the picture that the grid is laid out for
constexpr double kSlant = -32;        // deg, elevation of the camera over a grid

// Van der Corput sequence in `base`: an even spread over [0, 1) without a random generator.
double spread(int index, int base) {
  double value = 0, share = 1;
  for (; index > 0; index /= base) {
    share /= base;
    value += share * (index % base);
  }
  return value;
}

bool is_endless(const mjModel& model, int geom) {
  return model.geom_type[geom] == mjGEOM_PLANE || model.geom_type[geom] == mjGEOM_HFIELD;
}

// Moves hinges and limited slides of `qpos` to the sample `index` of their ranges; other joints stay.
void sample_joints(const mjModel& model, int index, mjtNum* qpos) {
  constexpr std::array<int, 6> kBases = {2, 3, 5, 7, 11, 13};
  for (int joint = 0; joint < model.njnt; ++joint) {
    const bool limited = model.jnt_limited[joint] != 0;
    const bool hinge = model.jnt_type[joint] == mjJNT_HINGE;
    if (!hinge && !(model.jnt_type[joint] == mjJNT_SLIDE && limited)) continue;
    const double low = limited ? model.jnt_range[2 * joint] : -std::numbers::pi;
    const double high = limited ? model.jnt_range[2 * joint + 1] : std::numbers::pi;
    const double share = spread(index + joint, kBases[static_cast<std::size_t>(joint) % kBases.size()]);
    qpos[model.jnt_qposadr[joint]] = low + share * (high - low);
  }
}

}  // namespace

WorldScene::WorldScene(const mjModel& model, int num_worlds)
    : model_(copy_of(model)),
      data_(mj_makeData(model_.get())),
      other_data_(mj_makeData(model_.get())),
      num_worlds_(std::max(1, num_worlds)) {
  measure_reach();
  lay_out();
  mjv_defaultOption(&option);
  mjv_defaultPerturb(&perturb);
  camera = overview(4.0 / 3);
  mjv_defaultScene(&scene_);
  reserve_geoms(1);
  look_at_materials();
}

WorldScene::~WorldScene() { mjv_freeScene(&scene_); }

// Room in the scene for the geoms and marks of `worlds` worlds; what the scene holds is lost where it grows.
void WorldScene::reserve_geoms(int worlds) {
  constexpr int kMost = 400000, kMarks = 2000;
  const auto per_world = static_cast<int>(model_->ngeom + 4 * (model_->nbody + model_->njnt + model_->nsite)) + 64;
  const int wanted = kMarks + std::min(worlds * per_world, kMost);
  if (scene_.maxgeom >= wanted) return;
  std::array<mjtByte, mjNRNDFLAG> flags{};
  const bool is_new = scene_.maxgeom == 0;
  std::copy_n(scene_.flags, mjNRNDFLAG, flags.begin());
  mjv_freeScene(&scene_);
  mjv_makeScene(model_.get(), &scene_, wanted);
  if (!is_new) std::copy(flags.begin(), flags.end(), scene_.flags);
}

// The box around every geom but planes, over samples of the joints: what a neighbour has to stay away from.
void WorldScene::measure_reach() {
  low_.fill(std::numeric_limits<double>::infinity());
  high_.fill(-std::numeric_limits<double>::infinity());
  rest_z_ = std::numeric_limits<double>::infinity();
  for (int sample = 0; sample < kReachSamples; ++sample) {
    mj_resetData(model_.get(), other_data_.get());
    if (sample > 0) sample_joints(*model_, sample, other_data_->qpos);
    mj_kinematics(model_.get(), other_data_.get());
    for (int geom = 0; geom < model_->ngeom; ++geom) {
      if (is_endless(*model_, geom)) continue;
      const mjtNum* box = model_->geom_aabb + 6 * geom;  // centre and half sizes in the geom's frame
      const mjtNum* rotation = other_data_->geom_xmat + 9 * geom;
      for (std::size_t axis = 0; axis < 3; ++axis) {
        double centre = other_data_->geom_xpos[3 * geom + static_cast<int>(axis)], half = 0;
        for (int k = 0; k < 3; ++k) {
          centre += rotation[3 * static_cast<int>(axis) + k] * box[k];
          half += std::abs(rotation[3 * static_cast<int>(axis) + k]) * box[3 + k];
        }
        if (axis == 2 && sample == 0) rest_z_ = std::min(rest_z_, centre - half);
        low_[axis] = std::min(low_[axis], centre - half);
        high_[axis] = std::max(high_[axis], centre + half);
      }
    }
  }
  reach_is_known_ = true;
  for (int joint = 0; joint < model_->njnt; ++joint) {
    const int type = model_->jnt_type[joint];
    const bool endless = type == mjJNT_SLIDE && model_->jnt_limited[joint] == 0;
    if (endless || (type == mjJNT_FREE && joint > 0)) reach_is_known_ = false;
  }
  if (low_[0] > high_[0]) {  // nothing but planes
    low_.fill(-1);
    high_.fill(1);
    rest_z_ = 0;
  }
}

// Spacing from the reach; as many columns as bring the camera nearest. Several worlds stand on endless planes under
// directional light, so that each looks like the others.
void WorldScene::lay_out() {
  const double width = high_[0] - low_[0], depth = high_[1] - low_[1], height = high_[2] - low_[2];
  layout_.spacing_x = 1.04 * width;
  layout_.spacing_y = std::max(1.15 * depth, 0.75 * height);
  double nearest = std::numeric_limits<double>::infinity();
  GridLayout best = layout_;
  for (int columns = 1; columns <= num_worlds_; ++columns) {
    layout_.columns = columns;
    layout_.rows = (num_worlds_ + columns - 1) / columns;
    const double distance = overview(kUsualAspect).distance;
    if (distance >= nearest) continue;
    nearest = distance;
    best = layout_;
  }
  layout_ = best;
  if (num_worlds_ == 1) return;
  for (int geom = 0; geom < model_->ngeom; ++geom) {
    if (model_->geom_type[geom] == mjGEOM_PLANE && model_->geom_bodyid[geom] == 0) make_endless(geom);
  }
  for (int material = 0; material < model_->nmat; ++material) model_->mat_reflectance[material] = 0;  // one is enough
  for (int light = 0; light < model_->nlight; ++light) model_->light_type[light] = mjLIGHT_DIRECTIONAL;
  const double radius = 0.5 * std::hypot(layout_.columns * layout_.spacing_x, layout_.rows * layout_.spacing_y);
  model_->stat.extent = std::max(model_->stat.extent, radius);
}

// A texture that was stretched over the plane is repeated at the same size from now on.
void WorldScene::make_endless(int plane) {
  mjtNum* size = model_->geom_size + 3 * static_cast<std::ptrdiff_t>(plane);
  const int material = model_->geom_matid[plane];
  if (material >= 0 && model_->mat_texuniform[material] == 0 && size[0] > 0 && size[1] > 0) {
    model_->mat_texuniform[material] = 1;
    for (std::ptrdiff_t axis = 0; axis < 2; ++axis) {
      model_->mat_texrepeat[2 * material + axis] /= static_cast<float>(2 * size[axis]);
    }
  }
  size[0] = size[1] = 0;
}

bool WorldScene::is_grid(std::span<const WorldPose> worlds) const {
  return static_cast<int>(worlds.size()) == num_worlds_ && num_worlds_ > 1 && !overlaid;
}

std::array<double, 3> WorldScene::place(bool grid, int world) const {
  return grid ? offset(world) : std::array<double, 3>{};
}

std::array<double, 3> WorldScene::offset(int world) const {
  const int row = world / layout_.columns, column = world % layout_.columns;
  return {(column - 0.5 * (layout_.columns - 1)) * layout_.spacing_x,
          (0.5 * (layout_.rows - 1) - row) * layout_.spacing_y, 0};
}

// The eight corners of the box that all worlds (or the one at the origin) can reach, m.
std::array<std::array<double, 3>, 8> WorldScene::corners(bool all) const {
  const double half_x = 0.5 * (all ? (layout_.columns - 1) * layout_.spacing_x : 0);
  const double half_y = 0.5 * (all ? (layout_.rows - 1) * layout_.spacing_y : 0);
  const std::array<double, 3> low = {low_[0] - half_x, low_[1] - half_y, low_[2]};
  const std::array<double, 3> high = {high_[0] + half_x, high_[1] + half_y, high_[2]};
  std::array<std::array<double, 3>, 8> points{};
  for (std::size_t corner = 0; corner < 8; ++corner) {
    for (std::size_t axis = 0; axis < 3; ++axis)
      points[corner][axis] = (corner >> axis & 1) != 0 ? high[axis] : low[axis];
  }
  return points;
}

// For every corner c, seen from a distance D of the look-at point along the direction f: |c.up| <= (D + c.f)
// tan(fovy / 2), and the same to the right with the aspect; the largest D wins. What is near looks larger, so the
// look-at point is then moved until as much room is left above as below.
mjvCamera WorldScene::overview(double aspect, bool all) const {
  mjvCamera view;
  mjv_defaultCamera(&view);
  const bool many = all && num_worlds_ > 1;
  view.azimuth = 90;
  view.elevation = many ? kSlant : -16;
  const auto points = corners(many);
  for (std::size_t axis = 0; axis < 3; ++axis) view.lookat[axis] = 0.5 * (points[0][axis] + points[7][axis]);

  const double elevation = view.elevation * std::numbers::pi / 180;
  const std::array<double, 3> forward = {0, std::cos(elevation), std::sin(elevation)};
  const std::array<double, 3> up = {0, -std::sin(elevation), std::cos(elevation)};
  const double tangent = std::tan(0.5 * static_cast<double>(model_->vis.global.fovy) * std::numbers::pi / 180);
  constexpr int kRounds = 8;
  for (int round = 0; round < kRounds; ++round) {
    double distance = 0;
    for (const auto& point : points) {
      const double x = point[0] - view.lookat[0], y = point[1] - view.lookat[1], z = point[2] - view.lookat[2];
      const double along = y * forward[1] + z * forward[2];
      distance = std::max(distance, std::abs(y * up[1] + z * up[2]) / tangent - along);
      distance = std::max(distance, std::abs(x) / (tangent * aspect) - along);
    }
    view.distance = 1.06 * distance;
    double lowest = 0, highest = 0;
    for (const auto& point : points) {
      const double y = point[1] - view.lookat[1], z = point[2] - view.lookat[2];
      const double height = (y * up[1] + z * up[2]) / (view.distance + y * forward[1] + z * forward[2]);
      lowest = std::min(lowest, height);
      highest = std::max(highest, height);
    }
    for (std::size_t axis = 0; axis < 3; ++axis) {
      view.lookat[axis] += 0.5 * (lowest + highest) * view.distance * up[axis];
    }
  }
  return view;
}

std::array<double, 3> WorldScene::label_place(int world) const {
  const std::array<double, 3> at = offset(world);
  return {at[0] + 0.95 * low_[0] + 0.05 * high_[0], at[1] + low_[1], at[2] + 0.5 * (low_[2] + high_[2])};
}

// Perspective projection through the scene's own frustum.
std::optional<std::array<double, 2>> WorldScene::project(const std::array<double, 3>& point, double aspect) const {
  const mjvGLCamera eye = mjv_averageCamera(&scene_.camera[0], &scene_.camera[1]);
  const float right[3] = {eye.forward[1] * eye.up[2] - eye.forward[2] * eye.up[1],
                          eye.forward[2] * eye.up[0] - eye.forward[0] * eye.up[2],
                          eye.forward[0] * eye.up[1] - eye.forward[1] * eye.up[0]};
  float from_eye[3];
  for (std::size_t axis = 0; axis < 3; ++axis) from_eye[axis] = static_cast<float>(point[axis]) - eye.pos[axis];
  const auto dot = [&](const float* direction) {
    return static_cast<double>(from_eye[0] * direction[0] + from_eye[1] * direction[1] + from_eye[2] * direction[2]);
  };
  const double depth = dot(eye.forward);
  if (depth <= 0) return std::nullopt;
  const double half = 0.5 * static_cast<double>(eye.frustum_top - eye.frustum_bottom);
  const double scale = static_cast<double>(eye.frustum_near) / depth / half;
  return std::array<double, 2>{0.5 + 0.5 * dot(right) * scale / aspect, 0.5 - 0.5 * dot(eye.up) * scale};
}

WorldScene::PictureRay WorldScene::ray_through(double x, double y, double aspect) const {
  constexpr int kHigh = 1000;  // pixels: only their ratio counts
  const auto eye = PictureCamera::from_scene(scene_, static_cast<int>(std::lround(kHigh * aspect)), kHigh);
  PictureRay ray{.from = eye.eye, .direction = eye.forward};
  double squares = 0;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const float across = static_cast<float>(2 * x - 1) * eye.half_width * eye.right[axis] +
                         static_cast<float>(1 - 2 * y) * eye.half_height * eye.up[axis];
    (eye.orthographic ? ray.from : ray.direction)[axis] += across;
    squares += static_cast<double>(ray.direction[axis] * ray.direction[axis]);
  }
  for (float& part : ray.direction) part /= static_cast<float>(std::sqrt(squares));
  return ray;
}

// Whether the ray may hit a world. World 0 is always asked: all worlds share its floors.
bool WorldScene::is_on_ray(const WorldPose& world, const std::array<double, 3>& at, const PictureRay& ray) const {
  const auto ball = ball_around(world, at);
  if (!ball) return true;
  float along = 0, squares = 0;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const float step = ball->centre[axis] - ray.from[axis];
    along += step * ray.direction[axis];
    squares += step * step;
  }
  return squares - along * along <= ball->radius * ball->radius;
}

Picked WorldScene::pick(std::span<const WorldPose> worlds, double x, double y, double aspect) {
  Picked best;
  double nearest = std::numeric_limits<double>::infinity();
  const bool grid = is_grid(worlds);
  const PictureRay ray = ray_through(x, y, aspect);
  const mjvGLCamera seen[2] = {scene_.camera[0], scene_.camera[1]};
  for (int world = 0; world < static_cast<int>(worlds.size()); ++world) {
    const std::array<double, 3> at = place(grid, world);
    if (world > 0 && !is_on_ray(worlds[static_cast<std::size_t>(world)], at, ray)) continue;
    pose(worlds[static_cast<std::size_t>(world)], false);
    for (int side = 0; side < 2; ++side) {  // the ray is cast in the world's own coordinates
      for (std::size_t axis = 0; axis < 3; ++axis) {
        scene_.camera[side].pos[axis] = seen[side].pos[axis] - static_cast<float>(at[axis]);
      }
    }
    Picked hit{.world = world};
    mjtNum point[3] = {0, 0, 0};
    int geom = -1;
    hit.body = mjv_select(model_.get(), other_data_.get(), &option, aspect, x, 1 - y, &scene_, point, &geom, &hit.flex,
                          &hit.skin);
    if (hit.body < 0) continue;
    double distance = 0;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      hit.point[axis] = point[axis];
      hit.in_scene[axis] = point[axis] + at[axis];
      const double step = hit.in_scene[axis] - static_cast<double>(seen[0].pos[axis]);
      distance += step * step;
    }
    if (hit.body == 0) distance *= 1.0001;  // the shared floor yields to what stands on it
    if (distance >= nearest) continue;
    nearest = distance;
    best = hit;
  }
  std::copy_n(seen, 2, scene_.camera);
  return best;
}

// Puts a world into data_ (`whole`: with everything that can be drawn of it) or its kinematics alone into other_data_.
void WorldScene::pose(const WorldPose& world, bool whole) {
  mjData* data = whole ? data_.get() : other_data_.get();
  std::copy(world.qpos.begin(), world.qpos.end(), data->qpos);
  if (!whole) {
    mj_kinematics(model_.get(), data);
    mj_comPos(model_.get(), data);
    mj_camlight(model_.get(), data);
    mj_tendon(model_.get(), data);
    return;
  }
  std::fill_n(data->qvel, model_->nv, 0);
  std::fill_n(data->ctrl, model_->nu, 0);
  std::copy(world.qvel.begin(), world.qvel.end(), data->qvel);
  std::copy(world.ctrl.begin(), world.ctrl.end(), data->ctrl);
  mj_forward(model_.get(), data);
}

// Moves the scene's geoms from `first` on by `offset`. Static planes stay (keep_planes) or are taken out: all worlds
// share those of the selected one.
void WorldScene::shift_geoms(int first, const std::array<double, 3>& offset, bool keep_planes) {
  int kept = first;
  for (int index = first; index < scene_.ngeom; ++index) {
    const mjvGeom& geom = scene_.geoms[index];
    const bool shared = geom.type == mjGEOM_PLANE && geom.category == mjCAT_STATIC && num_worlds_ > 1;
    if (shared && !keep_planes) continue;
    scene_.geoms[kept] = geom;
    if (!shared) {
      for (std::size_t axis = 0; axis < 3; ++axis) scene_.geoms[kept].pos[axis] += static_cast<float>(offset[axis]);
    }
    ++kept;
  }
  scene_.ngeom = kept;
}

void WorldScene::add_ghost(const GhostPose& ghost, const std::array<double, 3>& offset) {
  pose({.qpos = ghost.qpos, .qvel = {}, .ctrl = {}}, false);
  const int first = scene_.ngeom;
  mjvOption plain;
  mjv_defaultOption(&plain);
  mjv_addGeoms(model_.get(), other_data_.get(), &plain, nullptr, mjCAT_DYNAMIC, &scene_);
  for (int index = first; index < scene_.ngeom; ++index) {
    mjvGeom& geom = scene_.geoms[index];
    std::copy(ghost.rgba.begin(), ghost.rgba.end(), geom.rgba);
    geom.matid = geom.texid = -1;
    geom.reflectance = 0;
    geom.castshadow = 0;
  }
  shift_geoms(first, offset, false);
}

// Draws the geoms from `first` on nearer to grey, so that the selected world stands out.
void WorldScene::dim_geoms(int first) {
  constexpr float kKept = 0.55F, kGrey = 0.34F;
  for (int index = first; index < scene_.ngeom; ++index) {
    for (int channel = 0; channel < 3; ++channel) {
      float& colour = scene_.geoms[index].rgba[channel];
      colour = kKept * colour + (1 - kKept) * kGrey;
    }
  }
}

// A thin frame around the cell of the selected world, at the height on which it rests.
void WorldScene::frame_selected(const std::array<double, 3>& offset) {
  const double x[2] = {offset[0] + low_[0], offset[0] + high_[0]};
  const double middle_y = offset[1] + 0.5 * (low_[1] + high_[1]);
  const double y[2] = {middle_y - 0.46 * layout_.spacing_y, middle_y + 0.46 * layout_.spacing_y};
  const double width = 0.004 * (high_[0] - low_[0]), z = rest_z_ + width;
  const mjtNum corners[4][3] = {{x[0], y[0], z}, {x[1], y[0], z}, {x[1], y[1], z}, {x[0], y[1], z}};
  constexpr std::array<float, 4> kColour = {1.0F, 0.72F, 0.25F, 1.0F};
  for (int edge = 0; edge < 4 && scene_.ngeom < scene_.maxgeom; ++edge) {
    mjvGeom& geom = scene_.geoms[scene_.ngeom++];
    mjv_initGeom(&geom, mjGEOM_CAPSULE, nullptr, nullptr, nullptr, kColour.data());
    mjv_connector(&geom, mjGEOM_CAPSULE, width, corners[edge], corners[(edge + 1) % 4]);
    geom.category = mjCAT_DECOR;
    geom.emission = 0.6F;
    geom.castshadow = 0;
    geom.objtype = mjOBJ_UNKNOWN;
    geom.objid = -1;
  }
}

void WorldScene::show(std::span<const WorldPose> worlds, int selected) {
  const std::array<double, 3> at = place(is_grid(worlds), selected);
  pose(worlds[static_cast<std::size_t>(selected)], true);
  mjv_updateScene(model_.get(), data_.get(), &option, &perturb, &camera, mjCAT_ALL, &scene_);
  shift_geoms(0, at, true);
  if (camera.type == mjCAMERA_FREE) return;
  for (mjvGLCamera& eye : scene_.camera) {  // cameras of the model look at the selected world
    for (std::size_t axis = 0; axis < 3; ++axis) eye.pos[axis] += static_cast<float>(at[axis]);
  }
}

void WorldScene::update(std::span<const WorldPose> worlds, int selected, std::span<const GhostPose> ghosts) {
  constexpr float kGhostAlpha = 0.25F;
  const bool grid = is_grid(worlds);
  reserve_geoms(static_cast<int>(worlds.size() + ghosts.size()));
  show(worlds, selected);
  for (int world = 0; world < static_cast<int>(worlds.size()); ++world) {
    if (world == selected) continue;
    pose(worlds[static_cast<std::size_t>(world)], false);
    const int first = scene_.ngeom;
    mjv_addGeoms(model_.get(), other_data_.get(), &option, nullptr, mjCAT_STATIC | mjCAT_DYNAMIC, &scene_);
    shift_geoms(first, place(grid, world), false);
    if (mark_selection) dim_geoms(first);
    for (int index = first; overlaid && index < scene_.ngeom; ++index) scene_.geoms[index].rgba[3] *= kGhostAlpha;
  }
  for (const GhostPose& ghost : ghosts) add_ghost(ghost, place(grid, ghost.world));
  if (grid && mark_selection) frame_selected(place(grid, selected));
}

}  // namespace lockstep::viewer
