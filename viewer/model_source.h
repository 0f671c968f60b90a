// Worlds of a MuJoCo model file, without a task.
#pragma once

#include "viewer/scene_source.h"

#include <filesystem>

namespace lockstep::viewer {

// `num_worlds` copies of the model in `path`, all started from its first key frame or its initial state.
// Throws Error for a file that cannot be read or compiled.
std::unique_ptr<SceneSource> make_model_source(const std::filesystem::path& path, int num_worlds);

}  // namespace lockstep::viewer
