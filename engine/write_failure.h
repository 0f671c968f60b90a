// The error for a write that the system refused.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace lockstep {

// Throws MissingResource where the disk, the quota or the size limit is used up, Error otherwise. `reason` is errno;
// `consequence` says what became of the file ("the old file is intact").
[[noreturn]] void throw_write_failure(std::string_view problem, const std::filesystem::path& file, int reason,
                                      std::string_view consequence);

}  // namespace lockstep
