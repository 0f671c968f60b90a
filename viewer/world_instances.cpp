// What our own renderer draws of the worlds: geoms straight from each world's kinematics, marks from MuJoCo's scene.
#include "viewer/world_scene.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace lockstep::viewer {
namespace {

std::ptrdiff_t wide(int index) { return index; }

std::array<float, 3> moved(const std::array<float, 3>& at, const std::array<double, 3>& by) {
  std::array<float, 3> sum{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    sum[axis] = static_cast<float>(static_cast<double>(at[axis]) + by[axis]);
  }
  return sum;
}

// Mean colour of the pixels of a texture around a place (shares of its width and height) in a square of `side`.
Colour texture_colour(const mjModel& model, int texture, double x, double y, double side) {
  const int width = model.tex_width[texture], channels = model.tex_nchannel[texture];
  // The six faces of a cube texture lie below each other; the first is enough.
  const int height = std::min(model.tex_height[texture], width);
  const mjtByte* pixels = model.tex_data + model.tex_adr[texture];
  std::array<double, 3> sum{};
  constexpr int kProbes = 8;
  for (int probe = 0; probe < kProbes * kProbes; ++probe) {
    const double u = x + side * ((probe % kProbes + 0.5) / kProbes - 0.5);
    const double v = y + side * ((probe / kProbes + 0.5) / kProbes - 0.5);
    const int column = std::clamp(static_cast<int>(u * width), 0, width - 1);
    const int row = std::clamp(static_cast<int>(v * height), 0, height - 1);
    const mjtByte* pixel = pixels + (wide(row) * width + column) * channels;
    for (std::size_t channel = 0; channel < 3; ++channel) {
      sum[channel] += pixel[channels >= 3 ? static_cast<std::ptrdiff_t>(channel) : 0];
    }
  }
  Colour mean{};
  for (std::size_t channel = 0; channel < 3; ++channel) {
    mean[channel] = static_cast<float>(sum[channel] / (255.0 * kProbes * kProbes));
  }
  return mean;
}

// The shape and sizes of one geom of a type; mjvGeom and mjModel keep a capsule's half length in different places.
void take_shape(const mjModel& model, int type, int data, const std::array<float, 3>& size, float half_length,
                InstanceLook& look) {
  look.shape = -1;
  switch (type) {
    case mjGEOM_SPHERE:
      look.shape = kCapsuleShape;
      look.size = {size[0], size[0], size[0], 0};
      look.bound = size[0];
      break;
    case mjGEOM_CAPSULE:
      look.shape = kCapsuleShape;
      look.size = {size[0], size[0], size[0], half_length};
      look.bound = size[0] + half_length;
      break;
    case mjGEOM_ELLIPSOID:
      look.shape = kEllipsoidShape;
      look.size = {size[0], size[1], size[2], 0};
      look.bound = std::max({size[0], size[1], size[2]});
      break;
    case mjGEOM_CYLINDER:
      look.shape = kCylinderShape;
      look.size = {size[0], size[0], half_length, 0};
      look.bound = std::hypot(size[0], half_length);
      break;
    case mjGEOM_BOX:
      look.shape = kBoxShape;
      look.size = {size[0], size[1], size[2], 0};
      look.bound = std::hypot(size[0], size[1], size[2]);
      break;
    case mjGEOM_MESH:
    case mjGEOM_SDF:
      if (data >= 0) look.shape = mesh_shape(data);
      look.size = {1, 1, 1, 0};
      break;
    case mjGEOM_HFIELD:
      if (data >= 0) look.shape = height_field_shape(model, data);
      look.size = {1, 1, 1, 0};
      break;
    default:
      break;
  }
}

// Arrows and lines, which only marks have. A line becomes a thin cylinder.
void take_mark_shape(const mjvGeom& geom, const PictureCamera& camera, InstanceLook& look,
                     std::array<float, 3>& centre) {
  if (geom.type == mjGEOM_ARROW || geom.type == mjGEOM_ARROW1 || geom.type == mjGEOM_ARROW2) {
    look.shape = kArrowShape;
    look.size = {geom.size[0], geom.size[0], geom.size[2], 0};
    look.bound = geom.size[2] + 2 * geom.size[0];
  } else if (geom.type == mjGEOM_LINE) {
    const float half = 0.5F * geom.size[2], radius = 0.5F * geom.size[0] / camera.pixels_per_metre(centre);
    for (std::size_t axis = 0; axis < 3; ++axis) centre[axis] += half * geom.mat[3 * axis + 2];
    look.shape = kCylinderShape;
    look.size = {radius, radius, half, 0};
    look.bound = half + radius;
  }
}

// Black and white checks would outshout what stands on them: their contrast is cut.
void calm_checks(FloorPlane& floor) {
  constexpr float kMostContrast = 0.14F;
  float contrast = 0;
  for (std::size_t channel = 0; channel < 3; ++channel) {
    contrast = std::max(contrast, std::abs(floor.rgba[0][channel] - floor.rgba[1][channel]));
  }
  const float kept = contrast > kMostContrast ? kMostContrast / contrast : 1;
  for (std::size_t channel = 0; channel < 3; ++channel) {
    float& first = floor.rgba[0][channel];
    float& second = floor.rgba[1][channel];
    const float mean = 0.5F * (first + second);
    first = mean + kept * (first - mean);
    second = mean + kept * (second - mean);
  }
}

}  // namespace

// Textures become colours: what a checked one has in its first two quarters, of any other its mean.
void WorldScene::look_at_materials() {
  const mjModel& model = *model_;
  materials_.resize(static_cast<std::size_t>(model.nmat));
  for (int material = 0; material < static_cast<int>(model.nmat); ++material) {
    MaterialLook& look = materials_[static_cast<std::size_t>(material)];
    look.tints.fill({1, 1, 1});
    int texture = model.mat_texid[mjNTEXROLE * wide(material) + mjTEXROLE_RGB];
    if (texture < 0) texture = model.mat_texid[mjNTEXROLE * wide(material) + mjTEXROLE_USER];
    if (texture < 0 || model.tex_width[texture] <= 0 || model.tex_height[texture] <= 0) continue;
    look.mean = texture_colour(model, texture, 0.5, 0.5, 1);
    if (model.tex_type[texture] != mjTEXTURE_2D) {
      look.tints.fill(look.mean);
      continue;
    }
    look.tints = {texture_colour(model, texture, 0.25, 0.25, 0.3), texture_colour(model, texture, 0.75, 0.25, 0.3)};
    for (std::size_t axis = 0; axis < 2; ++axis) {
      const float repeat = model.mat_texrepeat[2 * static_cast<std::size_t>(material) + axis];
      if (model.mat_texuniform[material] != 0 && repeat > 0) look.check_size[axis] = 0.5F / repeat;
    }
  }
}

// The rule of MuJoCo: a geom's own rgba counts unless it is the default and there is a material.
void WorldScene::look_at_geoms() {
  const mjModel& model = *model_;
  geom_looks_.assign(static_cast<std::size_t>(model.ngeom), {});
  for (int geom = 0; geom < static_cast<int>(model.ngeom); ++geom) {
    InstanceLook& look = geom_looks_[static_cast<std::size_t>(geom)];
    const int group = std::clamp(model.geom_group[geom], 0, mjNGROUP - 1);
    const bool is_static = model.body_weldid[model.geom_bodyid[geom]] == 0;
    if (option.geomgroup[group] == 0 || (is_static && option.flags[mjVIS_STATIC] == 0)) continue;
    const mjtNum* size = model.geom_size + 3 * wide(geom);
    const std::array<float, 3> sizes = {static_cast<float>(size[0]), static_cast<float>(size[1]),
                                        static_cast<float>(size[2])};
    take_shape(model, model.geom_type[geom], model.geom_dataid[geom], sizes, sizes[1], look);
    if (look.shape >= kNumPrimitives) look.bound = static_cast<float>(model.geom_rbound[geom]);
    if (model.geom_type[geom] == mjGEOM_HFIELD) {
      const mjtNum* extent = model.hfield_size + 4 * wide(model.geom_dataid[geom]);
      look.bound = static_cast<float>(std::hypot(extent[0], extent[1], extent[2]));
    }
    std::copy_n(model.geom_rgba + 4 * wide(geom), 4, look.rgba.begin());
    const int material = model.geom_matid[geom];
    look.specular = 0.5F;
    if (material >= 0) {
      const bool is_default = look.rgba == std::array<float, 4>{0.5F, 0.5F, 0.5F, 1};
      if (is_default) std::copy_n(model.mat_rgba + 4 * wide(material), 4, look.rgba.begin());
      const Colour& mean = materials_[static_cast<std::size_t>(material)].mean;
      for (std::size_t channel = 0; channel < 3; ++channel) look.rgba[channel] *= mean[channel];
      look.emission = model.mat_emission[material];
      look.specular = model.mat_specular[material];
    }
    if (!is_static && option.flags[mjVIS_TRANSPARENT] != 0) look.rgba[3] *= model.vis.map.alpha;
  }
}

// A turned free body may point any way from its own origin: twice the half diagonal holds it.
std::optional<WorldScene::Ball> WorldScene::ball_around(const WorldPose& world,
                                                        const std::array<double, 3>& offset) const {
  if (!reach_is_known_) return std::nullopt;
  Ball ball;
  double squares = 0;  // m^2
  const bool is_free = model_->njnt > 0 && model_->jnt_type[0] == mjJNT_FREE;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double moved_by = is_free ? world.qpos[axis] - model_->qpos0[axis] : 0;
    ball.centre[axis] = static_cast<float>(0.5 * (low_[axis] + high_[axis]) + moved_by + offset[axis]);
    const double half = 0.5 * (high_[axis] - low_[axis]);
    squares += half * half;
  }
  ball.radius = static_cast<float>((is_free ? 2 : 1) * std::sqrt(squares));
  return ball;
}

// The geoms of the world that other_data_ holds.
void WorldScene::add_world(const std::array<double, 3>& offset, const Colour* tint, float alpha, bool moving_only,
                           InstanceList& list) const {
  const mjModel& model = *model_;
  const mjData& data = *other_data_;
  for (int geom = 0; geom < static_cast<int>(model.ngeom); ++geom) {
    InstanceLook look = geom_looks_[static_cast<std::size_t>(geom)];
    if (look.shape < 0) continue;
    const bool moving = model.body_weldid[model.geom_bodyid[geom]] != 0;
    if (moving_only && !moving) continue;
    if (moving && tint != nullptr) std::copy(tint->begin(), tint->end(), look.rgba.begin());
    look.rgba[3] *= alpha;
    std::array<float, 9> rotation{};
    std::array<float, 3> centre{};
    for (std::size_t k = 0; k < 9; ++k)
      rotation[k] = static_cast<float>(data.geom_xmat[9 * wide(geom) + wide(static_cast<int>(k))]);
    for (std::size_t axis = 0; axis < 3; ++axis) {
      centre[axis] = static_cast<float>(data.geom_xpos[3 * wide(geom) + wide(static_cast<int>(axis))] + offset[axis]);
    }
    list.add(look, rotation, centre);
  }
}

void WorldScene::add_floor(const mjvGeom& geom, InstanceList& list) const {
  FloorPlane floor;
  std::copy_n(geom.mat, 9, floor.rotation.begin());
  std::copy_n(geom.pos, 3, floor.centre.begin());
  if (geom.objtype == mjOBJ_GEOM) {  // MuJoCo moves endless planes with the camera
    for (std::size_t axis = 0; axis < 3; ++axis) {
      floor.centre[axis] = static_cast<float>(data_->geom_xpos[3 * wide(geom.objid) + wide(static_cast<int>(axis))]);
    }
  }
  const auto usual =
      static_cast<float>(std::exp2(std::round(std::log2(0.25 * (high_[0] - low_[0] + high_[2] - low_[2])))));
  for (std::size_t axis = 0; axis < 2; ++axis) {
    floor.half_size[axis] = geom.size[axis];
    floor.check_size[axis] = usual;
  }
  for (std::size_t kind = 0; kind < 2; ++kind) {
    std::copy_n(geom.rgba, 4, floor.rgba[kind].begin());
    const float shade = kind == 0 ? 1 : 0.93F;
    const bool textured = geom.matid >= 0 && geom.texid >= 0;
    for (std::size_t channel = 0; channel < 3; ++channel) {
      floor.rgba[kind][channel] *=
          textured ? materials_[static_cast<std::size_t>(geom.matid)].tints[kind][channel] : shade;
    }
  }
  if (geom.matid >= 0) {
    for (std::size_t axis = 0; axis < 2; ++axis) {
      const float known = materials_[static_cast<std::size_t>(geom.matid)].check_size[axis];
      if (known > 0) floor.check_size[axis] = known;
      if (known <= 0 && geom.texid >= 0 && geom.size[axis] > 0 && geom.texrepeat[axis] > 0) {
        floor.check_size[axis] = geom.size[axis] / geom.texrepeat[axis];
      }
    }
  }
  calm_checks(floor);
  list.add_floor(floor);
}

// Whatever MuJoCo's scene holds: the selected world's geoms and all marks. Labels are text, skins and flexes MuJoCo's.
void WorldScene::add_scene_geom(const mjvGeom& geom, const std::array<double, 3>& offset, const Colour* tint,
                                InstanceList& list) const {
  if (geom.type == mjGEOM_PLANE) {
    add_floor(geom, list);
    return;
  }
  InstanceLook look;
  std::array<float, 3> centre = moved({geom.pos[0], geom.pos[1], geom.pos[2]}, offset);
  std::array<float, 9> rotation{};
  std::copy_n(geom.mat, 9, rotation.begin());
  const std::array<float, 3> size = {geom.size[0], geom.size[1], geom.size[2]};
  const bool is_mesh = geom.type == mjGEOM_MESH || geom.type == mjGEOM_SDF;
  take_shape(*model_, geom.type, is_mesh && geom.dataid >= 0 ? geom.dataid / 2 : geom.dataid, size, size[2], look);
  take_mark_shape(geom, list.camera(), look, centre);
  if (geom.objtype == mjOBJ_UNKNOWN && look.shape == kCapsuleShape) {  // marks stay visible from afar
    const float thinnest = 0.9F / list.camera().pixels_per_metre(centre);
    for (std::size_t axis = 0; axis < 3; ++axis) look.size[axis] = std::max(look.size[axis], thinnest);
  }
  if (look.shape >= kNumPrimitives) {
    look.bound = geom.modelrbound;
    if (geom.objtype == mjOBJ_GEOM) look.bound = geom_looks_[static_cast<std::size_t>(geom.objid)].bound;
    if (look.bound <= 0) look.bound = static_cast<float>(model_->stat.extent);
  }
  std::copy_n(geom.rgba, 4, look.rgba.begin());
  if (geom.matid >= 0 && geom.texid >= 0) {
    const Colour& mean = materials_[static_cast<std::size_t>(geom.matid)].mean;
    for (std::size_t channel = 0; channel < 3; ++channel) look.rgba[channel] *= mean[channel];
  }
  if (tint != nullptr && geom.objtype == mjOBJ_GEOM && model_->body_weldid[model_->geom_bodyid[geom.objid]] != 0) {
    std::copy(tint->begin(), tint->end(), look.rgba.begin());
  }
  look.emission = geom.emission;
  look.specular = geom.specular;
  list.add(look, rotation, centre);
}

void WorldScene::collect(std::span<const WorldPose> worlds, int selected, std::span<const GhostPose> ghosts,
                         std::span<const Colour> tints, const mjrRect& viewport, InstanceList& list) {
  const bool grid = is_grid(worlds);
  show(worlds, selected);
  if (grid && mark_selection) frame_selected(place(grid, selected));
  look_at_geoms();
  list.begin(PictureCamera::from_scene(scene_, viewport.width, viewport.height));
  const auto tint = [&](int world) { return tints.empty() ? nullptr : &tints[static_cast<std::size_t>(world)]; };
  for (int index = 0; index < scene_.ngeom; ++index) add_scene_geom(scene_.geoms[index], {}, tint(selected), list);
  const auto count = static_cast<float>(worlds.size());
  const float alpha = overlaid ? std::clamp(6 / count, 0.06F, 0.35F) : 1;
  for (int world = 0; world < static_cast<int>(worlds.size()); ++world) {
    if (world == selected) continue;
    const WorldPose& pose_of_world = worlds[static_cast<std::size_t>(world)];
    const std::array<double, 3> at = place(grid, world);
    const auto ball = ball_around(pose_of_world, at);
    if (ball && !list.camera().sees(ball->centre, ball->radius)) continue;
    std::copy(pose_of_world.qpos.begin(), pose_of_world.qpos.end(), other_data_->qpos);
    mj_kinematics(model_.get(), other_data_.get());
    add_world(at, tint(world), alpha, overlaid, list);
  }
  for (const GhostPose& ghost : ghosts) {
    std::copy(ghost.qpos.begin(), ghost.qpos.end(), other_data_->qpos);
    mj_kinematics(model_.get(), other_data_.get());
    const Colour colour = {ghost.rgba[0], ghost.rgba[1], ghost.rgba[2]};
    add_world(place(grid, ghost.world), &colour, ghost.rgba[3], true, list);
  }
}

std::array<float, 2> WorldScene::haze() const {
  const mjvGLCamera eye = mjv_averageCamera(&scene_.camera[0], &scene_.camera[1]);
  const double radius = overlaid || num_worlds_ == 1
                            ? std::hypot(high_[0] - low_[0], high_[1] - low_[1], high_[2] - low_[2])
                            : 0.5 * std::hypot(layout_.columns * layout_.spacing_x, layout_.rows * layout_.spacing_y);
  const auto away = static_cast<double>(std::hypot(eye.pos[0], eye.pos[1], eye.pos[2]));
  const double start = 1.2 * (away + radius);
  return {static_cast<float>(start), static_cast<float>(5 * start)};
}

double WorldScene::body_distance(std::span<const double> qpos, std::span<const double> other_qpos) {
  const auto count = static_cast<std::size_t>(3 * model_->nbody);
  std::copy(qpos.begin(), qpos.end(), other_data_->qpos);
  mj_kinematics(model_.get(), other_data_.get());
  const std::vector<double> places(other_data_->xipos, other_data_->xipos + count);
  std::copy(other_qpos.begin(), other_qpos.end(), other_data_->qpos);
  mj_kinematics(model_.get(), other_data_.get());
  double sum = 0;
  for (std::size_t at = 3; at + 2 < count; at += 3) {
    const mjtNum* other = other_data_->xipos + at;
    sum += std::hypot(places[at] - other[0], places[at + 1] - other[1], places[at + 2] - other[2]);
  }
  return model_->nbody > 1 ? sum / static_cast<double>(model_->nbody - 1) : 0;
}

}  // namespace lockstep::viewer
