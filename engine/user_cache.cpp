// The cache is a folder that the environment names, else one in the home folder.
#include "engine/user_cache.h"

#include <cstdlib>

namespace lockstep {

std::filesystem::path user_cache() {
  if (const char* cache = std::getenv("LOCKSTEP_CACHE"); cache != nullptr && *cache != '\0') return cache;
  if (const char* home = std::getenv("HOME"); home != nullptr) {
    return std::filesystem::path(home) / ".cache" / "lockstep";
  }
  return {};
}

}  // namespace lockstep
