// Tests of viewer/offscreen.h: pictures made without a display show what the state says.
#include "viewer/offscreen.h"
#include "engine/error.h"

#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::viewer {
namespace {

// A cart with a red pole before a dark floor; nothing else in the picture is red.
constexpr const char* kCartpole = R"(
<mujoco>
  <worldbody>
    <light pos="0 -2 4" dir="0 0.4 -1"/>
    <camera name="front" pos="0 -5 1" xyaxes="1 0 0 0 0 1"/>
    <geom type="plane" size="4 4 .1" pos="0 0 -.2" rgba=".1 .2 .3 1"/>
    <body pos="0 0 1">
      <joint name="slider" type="slide" axis="1 0 0" range="-1.8 1.8" limited="true"/>
      <geom type="box" size=".2 .15 .1" rgba=".2 .3 .8 1" mass="1"/>
      <body>
        <joint name="hinge" type="hinge" axis="0 1 0"/>
        <geom type="capsule" fromto="0 0 .15 0 0 1" size=".05" rgba="1 .05 .05 1" mass=".1"/>
      </body>
    </body>
  </worldbody>
</mujoco>)";

ModelPtr compile(const char* xml) {
  std::array<char, 1000> error{};
  mjSpec* spec = mj_parseXMLString(xml, nullptr, error.data(), static_cast<int>(error.size()));
  EXPECT_NE(spec, nullptr) << error.data();
  ModelPtr model(mj_compile(spec, nullptr));
  mj_deleteSpec(spec);
  return model;
}

struct Pixel {
  int x = 0, y = 0;
};

// Where a point of the scene falls in a picture of this size: the camera's frustum is all that is used.
Pixel project(const mjvScene& scene, const std::array<double, 3>& point, int width, int height) {
  const mjvGLCamera eye = mjv_averageCamera(&scene.camera[0], &scene.camera[1]);
  std::array<double, 3> right{}, from_eye{};
  double depth = 0, across = 0, upward = 0;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const std::size_t next = (axis + 1) % 3, last = (axis + 2) % 3;
    right[axis] = static_cast<double>(eye.forward[next]) * static_cast<double>(eye.up[last]) -
                  static_cast<double>(eye.forward[last]) * static_cast<double>(eye.up[next]);
    from_eye[axis] = point[axis] - static_cast<double>(eye.pos[axis]);
    depth += from_eye[axis] * static_cast<double>(eye.forward[axis]);
    upward += from_eye[axis] * static_cast<double>(eye.up[axis]);
  }
  for (std::size_t axis = 0; axis < 3; ++axis) across += from_eye[axis] * right[axis];
  const double half_height = 0.5 * static_cast<double>(eye.frustum_top - eye.frustum_bottom);
  const double scale = static_cast<double>(eye.frustum_near) / depth / half_height * 0.5 * height;
  return {static_cast<int>(0.5 * width + across * scale), static_cast<int>(0.5 * height - upward * scale)};
}

bool is_red(const Image& image, Pixel at) {
  if (at.x < 0 || at.y < 0 || at.x >= image.width || at.y >= image.height) return false;
  const auto first = static_cast<std::size_t>((at.y * image.width + at.x) * 3);
  return image.rgb[first] > 90 && image.rgb[first] > 2 * image.rgb[first + 1] &&
         image.rgb[first] > 2 * image.rgb[first + 2];
}

// A point on the pole 0.9 m from the hinge, for the state (slider, hinge), of a world that stands at `offset`.
std::array<double, 3> near_tip(double slider, double hinge, const std::array<double, 3>& offset = {}) {
  return {offset[0] + slider + 0.9 * std::sin(hinge), offset[1], offset[2] + 1 + 0.9 * std::cos(hinge)};
}

struct PoleState {
  double slider, hinge;
};
class OffscreenPole : public testing::TestWithParam<PoleState> {};

TEST_P(OffscreenPole, IsWhereTheStateSays) {
  const ModelPtr model = compile(kCartpole);
  Offscreen renderer(*model, {.width = 320, .height = 240});
  const auto [slider, hinge] = GetParam();
  const std::vector<double> qpos = {slider, hinge};
  const WorldPose world{.qpos = qpos, .qvel = {}, .ctrl = {}};
  const Image& image = renderer.render({&world, 1});
  const mjvScene& scene = renderer.scene().scene();
  EXPECT_TRUE(is_red(image, project(scene, near_tip(slider, hinge), 320, 240)));
  EXPECT_FALSE(is_red(image, project(scene, near_tip(slider, hinge + 0.4), 320, 240)));
  EXPECT_FALSE(is_red(image, project(scene, near_tip(slider + 0.3, hinge), 320, 240)));
}
INSTANTIATE_TEST_SUITE_P(States, OffscreenPole,
                         testing::Values(PoleState{0, 0}, PoleState{-1.5, 0.8}, PoleState{1.2, -2.2},
                                         PoleState{0.4, 3.1}));

TEST(Offscreen, ShowsEveryWorldAtItsPlaceInTheGrid) {
  const ModelPtr model = compile(kCartpole);
  constexpr int kWorlds = 6;
  Offscreen renderer(*model, {.width = 640, .height = 400, .num_worlds = kWorlds});
  mjvCamera& camera = renderer.scene().camera;  // steep, so that no world hides another
  camera.elevation = -60;
  camera.distance *= 1.2;
  camera.lookat[0] = camera.lookat[1] = 0;
  camera.lookat[2] = 1;
  std::vector<std::vector<double>> qpos;
  std::vector<WorldPose> worlds;
  for (int world = 0; world < kWorlds; ++world) qpos.push_back({0.2 * world - 0.5, 0.9 * world});
  for (const auto& q : qpos) worlds.push_back({.qpos = q, .qvel = {}, .ctrl = {}});
  const Image& image = renderer.render(worlds);
  int shown = 0;
  for (int world = 0; world < kWorlds; ++world) {
    const auto& q = qpos[static_cast<std::size_t>(world)];
    const auto tip = near_tip(q[0], q[1], renderer.scene().offset(world));
    if (is_red(image, project(renderer.scene().scene(), tip, 640, 400))) ++shown;
  }
  EXPECT_EQ(shown, kWorlds);
}

TEST(Offscreen, DrawsAGhostInItsOwnColour) {
  const ModelPtr model = compile(kCartpole);
  Offscreen renderer(*model, {.width = 320, .height = 240});
  const std::vector<double> truth = {0, 0}, predicted = {1.0, 1.0};
  const WorldPose world{.qpos = truth, .qvel = {}, .ctrl = {}};
  const GhostPose ghost{.world = 0, .qpos = predicted, .rgba = {1, 0, 0, 0.9F}};
  renderer.render({&world, 1});
  const Pixel place = project(renderer.scene().scene(), near_tip(1.0, 1.0), 320, 240);
  EXPECT_FALSE(is_red(renderer.render({&world, 1}), place));
  EXPECT_TRUE(is_red(renderer.render({&world, 1}, {&ghost, 1}), place));
}

TEST(Offscreen, DrawsTheSamePictureTwice) {
  const ModelPtr model = compile(kCartpole);
  Offscreen renderer(*model, {.width = 160, .height = 120});
  const std::vector<double> qpos = {0.3, 0.2};
  const WorldPose world{.qpos = qpos, .qvel = {}, .ctrl = {}};
  const std::vector<std::uint8_t> first = renderer.render({&world, 1}).rgb;
  EXPECT_EQ(renderer.render({&world, 1}).rgb, first);
}

TEST(Offscreen, NamesTheCamerasWhenOneIsUnknown) {
  const ModelPtr model = compile(kCartpole);
  try {
    const Offscreen renderer(*model, {.camera = "back"});
    FAIL() << "an unknown camera was taken";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find("'back'"), std::string::npos);
    EXPECT_NE(error.fix().find("front"), std::string::npos);
  }
}

TEST(Offscreen, RefusesASizeOutOfRange) {
  const ModelPtr model = compile(kCartpole);
  EXPECT_THROW(Offscreen(*model, {.width = 0}), Error);
}

TEST(WritePng, LeavesNothingBehindWhereItCannotWrite) {
  const Image image{.width = 1, .height = 1, .rgb = {1, 2, 3}};
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "no_such_folder";
  EXPECT_THROW(write_png(folder / "picture.png", image), Error);
  EXPECT_FALSE(std::filesystem::exists(folder));
}

}  // namespace
}  // namespace lockstep::viewer
