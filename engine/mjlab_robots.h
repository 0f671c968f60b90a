// The Unitree robots of mjlab, set up as it does in Python: its MJCF with floor, actuators, contacts and options.
#pragma once

#include "engine/model.h"

#include <memory>
#include <string_view>

namespace lockstep {

// Robot "go1" or "g1" of mjlab 1.6.0 on its flat velocity task's floor (mjlab/asset_zoo/robots/*_constants.py,
// mjlab/tasks/velocity). Its MJCF carries neither floor nor actuators; added here through mjSpec:
// a plane, a position servo on every hinge (control: the angle to hold, rad, without range), the reflected inertia of
// motors as armature, the parameters of collision geoms, and the pose that episodes start from as keyframe 0
// "init_state", whose ctrl holds that pose.
// MissingResource where the wheel is not in the cache, Error for another name.
// `edit` adds to it before MuJoCo compiles it, `adjust` changes numbers after.
std::shared_ptr<const Model> mjlab_robot(std::string_view name, const Model::Adjust& adjust = {},
                                         const Model::Edit& edit = {});

}  // namespace lockstep
