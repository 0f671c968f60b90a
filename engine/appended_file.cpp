// Appends to a file that a resumed run cuts back to where its checkpoint left it.
#include "engine/appended_file.h"
#include "engine/error.h"
#include "engine/write_failure.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>
#include <sys/stat.h>

namespace lockstep {
namespace {

constexpr std::string_view kConsequence = "what was written before is kept";

}  // namespace

AppendedFile::AppendedFile(std::filesystem::path file, std::uint64_t keep_bytes) : file_(std::move(file)) {
  descriptor_ = open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (descriptor_ < 0) throw_write_failure("cannot write the file", file_, errno, kConsequence);
  struct stat status {};
  const bool known = fstat(descriptor_, &status) == 0;
  const bool too_short = known && static_cast<std::uint64_t>(status.st_size) < keep_bytes;
  if (!known || too_short || (S_ISREG(status.st_mode) && ftruncate(descriptor_, static_cast<off_t>(keep_bytes)) != 0)) {
    const int reason = errno;
    close(std::exchange(descriptor_, -1));
    if (!too_short) throw_write_failure("cannot write the file", file_, reason, kConsequence);
    throw Error(fmt::format("the file has {} bytes, its run's checkpoint remembers {}", status.st_size, keep_bytes),
                file_.string(), "put the file back as the run left it, or start a new run");
  }
  size_ = keep_bytes;
}

AppendedFile::~AppendedFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

AppendedFile::AppendedFile(AppendedFile&& other) noexcept
    : file_(std::move(other.file_)), descriptor_(std::exchange(other.descriptor_, -1)), size_(other.size_) {}

void AppendedFile::append(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_write_failure("cannot write the file", file_, errno, kConsequence);
    bytes = bytes.subspan(static_cast<size_t>(written));
    size_ += static_cast<std::uint64_t>(written);
  }
}

void AppendedFile::sync() {
  if (fdatasync(descriptor_) != 0 && errno != EINVAL)
    throw_write_failure("cannot write the file", file_, errno, kConsequence);
}

}  // namespace lockstep
