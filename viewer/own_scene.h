// Scenes for tasks that have dynamics of their own and no MuJoCo model: a small model, and how a state poses it.
#pragma once

#include "viewer/world_scene.h"

#include <span>
#include <string_view>
#include <vector>

namespace lockstep::viewer {

// The drawing of one task. State field qpos_from[k] is joint k's position, qvel_from[k] its velocity.
struct OwnScene {
  ModelPtr model;
  std::vector<int> qpos_from;  // [nq]
  std::vector<int> qvel_from;  // [nv]
};

// The scene of a task by its name. Throws Error for a task that has none.
OwnScene own_scene(std::string_view task);

}  // namespace lockstep::viewer
