// What dm_control's Python code changes in its model files before it compiles them (dm_control 1.0.50, suite: the
// make_model functions).
#pragma once

#include <string>
#include <string_view>

struct mjSpec_;

namespace lockstep::envs {

// Takes out of the model what the task of that name does not use ("quadruped/walk": walls, ball, target, terrain),
// gives its floor the task's size, and makes a mocap body of what stands elsewhere in every episode (the manipulator's
// cup and slot): its pose is then part of each world's state. A name whose suite changes nothing leaves the model as it
// is. Error where the model has no such part; `file` stands for the model there.
void change_suite_model(mjSpec_& spec, std::string_view suite_name, const std::string& file);

}  // namespace lockstep::envs
