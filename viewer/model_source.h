// Worlds of a MuJoCo model file, without a task.
#pragma once

#include "viewer/scene_source.h"

#include <filesystem>
#include <memory>
#include <string>

namespace lockstep::viewer {

// `num_worlds` copies of the model in `path` in double precision, all started from its first key frame or its initial
// state, on a backend of engine/batch.h. Throws Error for a file that cannot be read, compiled or stepped.
std::unique_ptr<SceneSource> make_model_source(const std::filesystem::path& path, int num_worlds,
                                               const std::string& backend = "auto");

}  // namespace lockstep::viewer
