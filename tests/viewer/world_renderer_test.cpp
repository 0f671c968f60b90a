// Tests of viewer/world_renderer.h, viewer/instance_list.h and viewer/shape_mesh.h: what our renderer draws is where
// the states say, and covers the pixels that MuJoCo's renderer covers.
#include "engine/error.h"
#include "engine/task_models.h"
#include "viewer/offscreen.h"
#include "viewer/shape_mesh.h"
#include "viewer/world_colours.h"

#include <array>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::viewer {
namespace {

ModelPtr compile(const std::string& xml) {
  std::array<char, 1000> error{};
  mjSpec* spec = mj_parseXMLString(xml.c_str(), nullptr, error.data(), static_cast<int>(error.size()));
  EXPECT_NE(spec, nullptr) << error.data();
  ModelPtr model(mj_compile(spec, nullptr));
  mj_deleteSpec(spec);
  return model;
}

// A ball on a slide over a floor.
constexpr const char* kBall = R"(
<mujoco>
  <worldbody>
    <geom type="plane" size="4 4 .1" rgba=".1 .2 .3 1"/>
    <body pos="0 0 1">
      <joint type="slide" axis="1 0 0" range="-1 1" limited="true"/>
      <geom type="sphere" size=".2" rgba="1 .05 .05 1"/>
    </body>
  </worldbody>
</mujoco>)";

// A figure of every round shape, on hinges, before nothing.
constexpr const char* kFigure = R"(
<mujoco>
  <worldbody>
    <body pos="0 0 1.4">
      <joint type="ball"/>
      <geom type="capsule" fromto="0 -.07 0 0 .07 0" size=".07"/>
      <geom type="sphere" pos="0 0 .19" size=".09"/>
      <geom type="ellipsoid" pos="0 0 -.2" size=".12 .08 .15"/>
      <body pos="0 .17 .06">
        <joint axis="2 1 1" range="-1.5 1"/>
        <geom type="capsule" fromto="0 0 0 .16 .16 -.16" size=".04 .16"/>
        <body pos=".18 .18 -.18">
          <joint axis="0 -1 1" range="-1.5 .8"/>
          <geom type="cylinder" fromto="0 0 0 .17 -.17 .17" size=".031"/>
        </body>
      </body>
      <body pos="0 -.1 -.4">
        <joint axis="0 1 0" range="-2 .3"/>
        <geom type="capsule" fromto="0 0 0 0 .01 -.34" size=".06"/>
        <body pos="0 .01 -.4"><joint axis="0 -1 0" range="-2 0"/><geom type="box" size=".05 .06 .17" pos="0 0 -.17"/></body>
      </body>
    </body>
  </worldbody>
</mujoco>)";

// A robot of meshes: three rounded blocks, each the hull of some hundred points.
std::string mesh_robot() {
  std::string points;
  constexpr int kPoints = 400;
  for (int k = 0; k < kPoints; ++k) {  // points of a sphere along a spiral, pushed towards a cube
    const double z = 1 - 2 * (k + 0.5) / kPoints, turn = 2.399963 * k, radius = std::sqrt(1 - z * z);
    std::array<double, 3> at = {radius * std::cos(turn), radius * std::sin(turn), z};
    for (double& x : at) x = 0.2 * std::copysign(std::sqrt(std::abs(x)), x);
    points += std::to_string(at[0]) + " " + std::to_string(at[1]) + " " + std::to_string(at[2]) + " ";
  }
  return R"(<mujoco><asset><mesh name="block" vertex=")" + points + R"("/></asset><worldbody>
    <body pos="0 0 1"><joint type="ball"/><geom type="mesh" mesh="block"/>
      <body pos=".45 0 0"><joint axis="0 1 0"/><geom type="mesh" mesh="block"/>
        <body pos=".45 0 0"><joint axis="0 0 1"/><geom type="mesh" mesh="block" rgba=".8 .3 .2 1"/></body>
      </body>
    </body></worldbody></mujoco>)";
}

// Poses of `count` worlds with every hinge turned and every ball joint tumbled.
std::vector<std::vector<double>> tumbled(const mjModel& model, int count) {
  std::vector<std::vector<double>> all;
  for (int world = 0; world < count; ++world) {
    std::vector<double> qpos(model.qpos0, model.qpos0 + model.nq);
    for (int joint = 0; joint < model.njnt; ++joint) {
      double* q = qpos.data() + model.jnt_qposadr[joint];
      const double angle = 0.7 * world + 0.4 * joint;
      if (model.jnt_type[joint] == mjJNT_BALL) {
        const std::array<double, 3> axis = {std::sin(angle), std::cos(angle), 0};
        mju_axisAngle2Quat(q, axis.data(), angle);
      } else {
        *q = std::sin(angle);
      }
    }
    all.push_back(qpos);
  }
  return all;
}

std::vector<WorldPose> poses_of(const std::vector<std::vector<double>>& qpos) {
  std::vector<WorldPose> worlds;
  for (const auto& q : qpos) worlds.push_back({.qpos = q, .qvel = {}, .ctrl = {}});
  return worlds;
}

// The pixels that the geoms cover: those that differ from the picture without them.
std::vector<bool> covered(Offscreen& renderer, const std::vector<WorldPose>& worlds) {
  mjvOption& option = renderer.scene().option;
  for (int group = 0; group < 3; ++group) option.geomgroup[group] = 0;
  const std::vector<std::uint8_t> empty = renderer.render(worlds).rgb;
  for (int group = 0; group < 3; ++group) option.geomgroup[group] = 1;
  const std::vector<std::uint8_t>& full = renderer.render(worlds).rgb;
  std::vector<bool> pixels(full.size() / 3);
  for (std::size_t pixel = 0; pixel < pixels.size(); ++pixel) {
    int difference = 0;
    for (std::size_t k = 3 * pixel; k < 3 * pixel + 3; ++k) difference += std::abs(full[k] - empty[k]);
    pixels[pixel] = difference > 6;
  }
  return pixels;
}

struct Overlap {
  double shared = 0, either = 0;
  [[nodiscard]] double ratio() const { return shared / either; }
};

// What both renderers cover of the same worlds from the same camera, `nearer` times as near as the usual one.
Overlap compare(const mjModel& model, int num_worlds, double nearer) {
  const auto qpos = tumbled(model, num_worlds);
  const auto worlds = poses_of(qpos);
  std::array<std::vector<bool>, 2> masks;
  for (const Drawing drawing : {Drawing::kMujoco, Drawing::kOwn}) {
    Offscreen renderer(model, {.width = 640,
                               .height = 480,
                               .num_worlds = num_worlds,
                               .samples = 0,
                               .shadows = false,
                               .reflections = false,
                               .drawing = drawing});
    renderer.scene().camera.distance /= nearer;
    masks[drawing == Drawing::kOwn ? 1 : 0] = covered(renderer, worlds);
  }
  Overlap overlap;
  for (std::size_t pixel = 0; pixel < masks[0].size(); ++pixel) {
    if (masks[0][pixel] && masks[1][pixel]) ++overlap.shared;
    if (masks[0][pixel] || masks[1][pixel]) ++overlap.either;
  }
  return overlap;
}

// Worlds and nearness together make each level of detail the one that is drawn.
struct Seen {
  int num_worlds;
  double nearer;
};
class Silhouette : public testing::TestWithParam<Seen> {};

TEST_P(Silhouette, OfAFigureIsMujocos) {
  const Overlap overlap = compare(*compile(kFigure), GetParam().num_worlds, GetParam().nearer);
  EXPECT_GT(overlap.either, 500) << "the figure is in the picture";
  EXPECT_GT(overlap.ratio(), 0.95);
}

TEST_P(Silhouette, OfAMeshRobotIsMujocos) {
  const Overlap overlap = compare(*compile(mesh_robot()), GetParam().num_worlds, GetParam().nearer);
  EXPECT_GT(overlap.either, 500) << "the robot is in the picture";
  EXPECT_GT(overlap.ratio(), 0.95);
}
TEST_P(Silhouette, OfUnitreesGo1IsMujocos) {
  ModelPtr model;
  try {
    const auto file = task_model("mjlab/asset_zoo/robots/unitree_go1/xmls/go1.xml");
    model.reset(mj_loadXML(file.c_str(), nullptr, nullptr, 0));
  } catch (const MissingResource& missing) {
    GTEST_SKIP() << missing.what();
  }
  ASSERT_NE(model, nullptr);
  const Overlap overlap = compare(*model, GetParam().num_worlds, GetParam().nearer);
  EXPECT_GT(overlap.either, 500) << "the robot is in the picture";
  EXPECT_GT(overlap.ratio(), 0.95);
}
INSTANTIATE_TEST_SUITE_P(Distances, Silhouette, testing::Values(Seen{1, 1}, Seen{1, 3}, Seen{4, 1}, Seen{12, 1}));

bool is_red(const Image& image, const WorldScene& scene, const std::array<double, 3>& point) {
  const auto share = scene.project(point, static_cast<double>(image.width) / image.height);
  if (!share || (*share)[0] < 0 || (*share)[1] < 0 || (*share)[0] >= 1 || (*share)[1] >= 1) return false;
  const auto x = static_cast<std::size_t>((*share)[0] * image.width),
             y = static_cast<std::size_t>((*share)[1] * image.height);
  const std::uint8_t* pixel = image.rgb.data() + 3 * (y * static_cast<std::size_t>(image.width) + x);
  return pixel[0] > 70 && pixel[0] > 2 * pixel[1] && pixel[0] > 2 * pixel[2];
}

std::array<double, 3> ball_at(const WorldScene& scene, int world, double slide) {
  const auto offset = scene.offset(world);
  return {offset[0] + slide, offset[1], offset[2] + 1};
}

TEST(WorldRenderer, DrawsTheBallOfWorldThreeWhereTheProjectionSays) {
  const ModelPtr model = compile(kBall);
  Offscreen renderer(*model, {.num_worlds = 6});
  ASSERT_TRUE(renderer.is_own());
  const std::vector<std::vector<double>> qpos = {{0}, {0}, {0}, {0.8}, {0}, {0}};
  const Image& image = renderer.render(poses_of(qpos));
  EXPECT_TRUE(is_red(image, renderer.scene(), ball_at(renderer.scene(), 3, 0.8)));
  EXPECT_FALSE(is_red(image, renderer.scene(), ball_at(renderer.scene(), 3, 0)));
  EXPECT_FALSE(is_red(image, renderer.scene(), ball_at(renderer.scene(), 2, 0.8)));
}

TEST(WorldRenderer, TintsTheWorldThatIsAskedFor) {
  const ModelPtr model = compile(kBall);
  Offscreen renderer(*model, {.num_worlds = 4});
  std::vector<Colour> tints(4, Colour{0.2F, 0.3F, 0.9F});
  tints[2] = {1, 0.05F, 0.05F};
  renderer.set_tints(tints);
  const std::vector<std::vector<double>> qpos(4, std::vector<double>{0.0});
  const Image& image = renderer.render(poses_of(qpos));
  for (int world = 0; world < 4; ++world) {
    EXPECT_EQ(is_red(image, renderer.scene(), ball_at(renderer.scene(), world, 0)), world == 2) << "world " << world;
  }
}

TEST(WorldRenderer, LeavesOutWhatTheCameraCannotSee) {
  const ModelPtr model = compile(kBall);
  constexpr int kWorlds = 400;
  Offscreen renderer(*model, {.num_worlds = kWorlds});
  const std::vector<std::vector<double>> qpos(kWorlds, std::vector<double>{0.0});
  const auto worlds = poses_of(qpos);
  renderer.render(worlds);
  EXPECT_GE(renderer.num_drawn(), kWorlds);
  mjvCamera& camera = renderer.scene().camera;
  const auto place = renderer.scene().offset(210);
  std::copy(place.begin(), place.end(), camera.lookat);
  camera.lookat[2] = 1;
  camera.elevation = -89;
  camera.distance = 2;
  const Image& image = renderer.render(worlds);
  EXPECT_LT(renderer.num_drawn(), 30);
  EXPECT_TRUE(is_red(image, renderer.scene(), ball_at(renderer.scene(), 210, 0)));
}

TEST(WorldRenderer, DrawsFarWorldsFromFewTriangles) {
  const ModelPtr model = compile(kFigure);
  Offscreen near_by(*model, {.width = 1280, .height = 720, .num_worlds = 1, .drawing = Drawing::kOwn});
  Offscreen far_off(*model, {.width = 1280, .height = 720, .num_worlds = 1024});
  near_by.render(poses_of(tumbled(*model, 1)));
  far_off.render(poses_of(tumbled(*model, 1024)));
  const double each = static_cast<double>(far_off.num_triangles()) / static_cast<double>(far_off.num_drawn());
  const double alone = static_cast<double>(near_by.num_triangles()) / static_cast<double>(near_by.num_drawn());
  EXPECT_LT(each, 0.5 * alone);
  EXPECT_LT(each, 40);
}

TEST(WorldRenderer, ShadowDarkensTheFloorOppositeTheSun) {
  const ModelPtr model = compile(kBall);
  const std::vector<std::vector<double>> qpos = {{0}};
  std::array<int, 2> brightness{};
  for (const bool shadows : {false, true}) {
    Offscreen renderer(*model, {.shadows = shadows, .drawing = Drawing::kOwn});
    const Image& image = renderer.render(poses_of(qpos));
    // The sun stands behind the viewer on the left: 1 m up becomes 0.5 m to the right and 0.67 m away.
    const auto share = renderer.scene().project({0.504, 0.672, 0}, 640.0 / 480);
    ASSERT_TRUE(share);
    const auto at =
        3 * (static_cast<std::size_t>((*share)[1] * 480) * 640 + static_cast<std::size_t>((*share)[0] * 640));
    brightness[shadows ? 1 : 0] = image.rgb[at] + image.rgb[at + 1] + image.rgb[at + 2];
  }
  EXPECT_LT(brightness[1], 0.8 * brightness[0]);
}

TEST(WorldRenderer, OverlaysTheWorldsAtOnePlaceAsGhosts) {
  const ModelPtr model = compile(kBall);
  Offscreen renderer(*model, {.num_worlds = 3});
  renderer.scene().overlaid = true;
  renderer.scene().camera = renderer.scene().overview(4.0 / 3, false);
  const std::vector<std::vector<double>> qpos = {{0}, {0.7}, {-0.7}};
  const Image& image = renderer.render(poses_of(qpos));
  const auto red_at = [&](double slide) {
    const auto share = renderer.scene().project({slide, 0, 1}, 4.0 / 3);
    return static_cast<int>(image.rgb[3 * (static_cast<std::size_t>((*share)[1] * 480) * 640 +
                                           static_cast<std::size_t>((*share)[0] * 640))]);
  };
  EXPECT_TRUE(is_red(image, renderer.scene(), {0, 0, 1})) << "the selected world is solid";
  EXPECT_GT(red_at(0.7), red_at(0.35) + 15) << "the others can be seen";
  EXPECT_GT(red_at(-0.7), red_at(-0.35) + 15);
  EXPECT_LT(red_at(0.7), red_at(0) - 30) << "and seen through";
}

// Six times the volume, by the divergence theorem: positive where the triangles are anticlockwise seen from outside.
double volume(const TriangleMesh& mesh) {
  double sum = 0;
  for (std::size_t first = 0; first < mesh.corners.size(); first += 3) {
    std::array<std::array<double, 3>, 3> at{};
    for (std::size_t k = 0; k < 3; ++k) {
      for (std::size_t axis = 0; axis < 3; ++axis)
        at[k][axis] = static_cast<double>(mesh.vertices[mesh.corners[first + k]].place[axis]);
    }
    sum += at[0][0] * (at[1][1] * at[2][2] - at[1][2] * at[2][1]) -
           at[0][1] * (at[1][0] * at[2][2] - at[1][2] * at[2][0]) +
           at[0][2] * (at[1][0] * at[2][1] - at[1][1] * at[2][0]);
  }
  return sum / 6;
}

TEST(ShapeMesh, FinestLevelsHaveTheVolumeOfTheirShapes) {
  const auto shapes = make_shapes(*compile(kBall));
  constexpr double kPi = std::numbers::pi;
  EXPECT_NEAR(volume(shapes[kCapsuleShape].back().mesh), 4 * kPi / 3, 0.05);
  EXPECT_NEAR(volume(shapes[kEllipsoidShape].back().mesh), 4 * kPi / 3, 0.05);
  EXPECT_NEAR(volume(shapes[kCylinderShape].back().mesh), 2 * kPi, 0.05);
  EXPECT_NEAR(volume(shapes[kBoxShape].back().mesh), 8, 1e-5);
}

TEST(ShapeMesh, MergingVerticesSavesTrianglesAndKeepsTheVolume) {
  const ModelPtr model = compile(mesh_robot());
  const Shape shape = make_shapes(*model)[static_cast<std::size_t>(mesh_shape(0))];
  ASSERT_GE(shape.size(), 2U);
  const TriangleMesh& full = shape.back().mesh;
  const TriangleMesh merged = merge_vertices(full, 10);
  EXPECT_LT(merged.corners.size(), full.corners.size());
  EXPECT_NEAR(volume(merged), volume(full), 0.1 * volume(full));
}

TEST(WorldColours, ScaleRunsFromDarkToBright) {
  const auto brightness = [](Colour c) { return 0.3F * c[0] + 0.6F * c[1] + 0.1F * c[2]; };
  for (int k = 0; k < 20; ++k) {
    EXPECT_LT(brightness(scale_colour(ColourBy::kReturn, k / 20.0)),
              brightness(scale_colour(ColourBy::kReturn, (k + 1) / 20.0)));
  }
}

}  // namespace
}  // namespace lockstep::viewer
