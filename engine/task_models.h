// Finds the model files of the task suites (dm_control, Gymnasium, mjlab) on this machine.
#pragma once

#include <filesystem>
#include <string_view>

namespace lockstep {

// The file `package_path` of a suite's Python package, for example "dm_control/suite/cartpole.xml" or
// "gymnasium/envs/mujoco/assets/half_cheetah.xml". Looked for in this order: $LOCKSTEP_MODELS (a folder with
// dm_control/, gymnasium/ and mjlab/ in it, as a Python site-packages has), the cache folder that configure saw, the
// cache folder of this user ($LOCKSTEP_CACHE or ~/.cache/lockstep). Throws MissingResource, naming every place looked
// at, where no such file is found.
std::filesystem::path task_model(std::string_view package_path);

}  // namespace lockstep
