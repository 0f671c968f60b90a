// The agent of a run folder as a window plays it: its evaluation episodes, and what it says of its model.
#pragma once

#include "viewer/followed_run.h"

#include <filesystem>
#include <functional>
#include <string_view>

namespace lockstep::apps {

// Loads the last checkpoint of `folder` and plays `episodes` (>= 1) evaluation episodes, those of `lockstep train`.
// on_progress is called often with the stage and the share of it done, and may throw to end this early. Throws Error
// where the folder is no run, has no checkpoint, or is of another version.
[[nodiscard]] viewer::PlayedPolicy play_policy(const std::filesystem::path& folder, int episodes,
                                               const std::function<void(std::string_view, double)>& on_progress);

// play_policy() for a window that follows the run.
[[nodiscard]] viewer::PolicyPlayer policy_player(int episodes);

}  // namespace lockstep::apps
