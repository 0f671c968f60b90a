// Gymnasium's classic tasks as MuJoCo scenes: sizes from their equations, colours and floor of our own.
#include "viewer/own_scene.h"
#include "engine/error.h"

#include <array>
#include <string>

namespace lockstep::viewer {
namespace {

// Sky, floor and light that the scenes share; the task's bodies follow.
constexpr const char* kAround = R"(
<mujoco>
  <visual><headlight ambient=".4 .4 .4" diffuse=".7 .7 .7" specular=".1 .1 .1"/><global offwidth="4096" offheight="4096"/></visual>
  <asset>
    <texture name="sky" type="skybox" builtin="gradient" rgb1=".4 .6 .8" rgb2="0 0 0" width="256" height="256"/>
    <texture name="grid" type="2d" builtin="checker" rgb1=".1 .2 .3" rgb2=".2 .3 .4" width="300" height="300"/>
    <material name="grid" texture="grid" texrepeat="1 1" texuniform="true" reflectance=".2"/>
    <material name="body" rgba=".7 .5 .3 1"/>
    <material name="rail" rgba=".3 .5 .7 1"/>
  </asset>
  <worldbody>
    <light pos="0 -1 5" dir="0 .2 -1" directional="true"/>
    <geom name="floor" type="plane" size="5 5 .1" pos="0 0 -1.3" material="grid"/>
)";

// CartPole-v1: track of +-2.4 m, pole of 1 m whose angle is positive to the right.
constexpr const char* kCartpole = R"(
    <geom name="track" type="capsule" fromto="-2.4 0 0 2.4 0 0" size=".02" material="rail"/>
    <body name="cart">
      <joint name="x" type="slide" axis="1 0 0" range="-2.4 2.4" limited="true"/>
      <geom name="cart" type="box" size=".25 .15 .1" material="body"/>
      <body name="pole">
        <joint name="theta" axis="0 1 0" range="-1.57 1.57" limited="true"/>
        <geom name="pole" type="capsule" fromto="0 0 .1 0 0 1" size=".045" material="body"/>
      </body>
    </body>
  </worldbody>
</mujoco>)";

// Pendulum-v1: a rod of 1 m, upright at 0, its angle positive to the left.
constexpr const char* kPendulum = R"(
    <geom name="axle" type="cylinder" fromto="0 -.12 0 0 .12 0" size=".06" material="rail"/>
    <body name="rod">
      <joint name="theta" axis="0 -1 0"/>
      <geom name="rod" type="capsule" fromto="0 0 0 0 0 1" size=".06" material="body"/>
    </body>
  </worldbody>
</mujoco>)";

struct Row {
  std::string_view task;
  const char* bodies;
  std::array<int, 2> qpos_from, qvel_from;
  std::size_t joints;
};
constexpr Row kRows[] = {{"cartpole-v1", kCartpole, {0, 2}, {1, 3}, 2}, {"pendulum-v1", kPendulum, {0, 0}, {1, 0}, 1}};

}  // namespace

OwnScene own_scene(std::string_view task) {
  for (const Row& row : kRows) {
    if (row.task != task) continue;
    std::array<char, 500> message{};
    const std::string xml = std::string(kAround) + row.bodies;
    mjSpec* spec = mj_parseXMLString(xml.c_str(), nullptr, message.data(), static_cast<int>(message.size()));
    OwnScene scene;
    if (spec != nullptr) scene.model.reset(mj_compile(spec, nullptr));
    mj_deleteSpec(spec);
    scene.qpos_from.assign(row.qpos_from.begin(), row.qpos_from.begin() + static_cast<std::ptrdiff_t>(row.joints));
    scene.qvel_from.assign(row.qvel_from.begin(), row.qvel_from.begin() + static_cast<std::ptrdiff_t>(row.joints));
    return scene;
  }
  throw Error("nothing says how the task '" + std::string(task) + "' is drawn", "it has no MuJoCo model",
              "add its scene to viewer/own_scene.cpp");
}

}  // namespace lockstep::viewer
