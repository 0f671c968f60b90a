// Where this user's files that can be made again are kept.
#pragma once

#include <filesystem>

namespace lockstep {

// LOCKSTEP_CACHE where that is set, else ~/.cache/lockstep; empty where there is no home. It need not exist.
[[nodiscard]] std::filesystem::path user_cache();

}  // namespace lockstep
