// Tells a full disk from a forbidden one.
#include "engine/write_failure.h"
#include "engine/error.h"

#include <cerrno>
#include <system_error>

#include <fmt/format.h>

namespace lockstep {

void throw_write_failure(std::string_view problem, const std::filesystem::path& file, int reason,
                         std::string_view consequence) {
  const std::string what = fmt::format("{}: {}", problem, std::generic_category().message(reason));
  if (reason == ENOSPC || reason == EDQUOT || reason == EFBIG)
    throw MissingResource(what, file.string(),
                          fmt::format("free space on this disk or raise the limit; {}", consequence));
  throw Error(what, file.string(), fmt::format("check that the folder exists and may be written; {}", consequence));
}

}  // namespace lockstep
