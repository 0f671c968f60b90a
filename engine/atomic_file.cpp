// Writes beside the target, syncs and renames, so that a crash or a full disk leaves the old file as it was.
#include "engine/atomic_file.h"
#include "engine/error.h"
#include "engine/write_failure.h"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <string>
#include <system_error>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/stat.h>

namespace lockstep {
namespace {

[[noreturn]] void fail(std::string_view problem, const std::filesystem::path& target, int reason) {
  throw_write_failure(problem, target, reason, "the old file is intact");
}

std::filesystem::path folder_of(const std::filesystem::path& target) {
  return target.has_parent_path() ? target.parent_path() : std::filesystem::path(".");
}

// What open(2) would have given a new file: 0666 without the umask's bits (mkstemp gives 0600).
mode_t new_file_mode() {
  const mode_t mask = umask(0);
  umask(mask);
  return 0666 & ~mask;
}

// A rename survives a power cut only once its folder is on the disk; folders that cannot be synced are left at that.
void sync_folder(const std::filesystem::path& folder) {
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  fsync(descriptor);
  close(descriptor);
}

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path target) : target_(std::move(target)) {
  std::error_code ignored;
  if (std::filesystem::is_directory(target_, ignored)) fail("cannot write the file", target_, EISDIR);
  std::string name = (folder_of(target_) / fmt::format(".{}.XXXXXX.part", target_.filename().string())).string();
  descriptor_ = mkostemps(name.data(), 5, O_CLOEXEC);
  if (descriptor_ < 0) fail("cannot write the file", target_, errno);
  temporary_ = name;
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  close(descriptor_);
  unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("cannot write the file", target_, errno);
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
}

void AtomicFile::commit() {
  if (fchmod(descriptor_, new_file_mode()) != 0 || fsync(descriptor_) != 0)
    fail("cannot write the file", target_, errno);
  if (rename(temporary_.c_str(), target_.c_str()) != 0) fail("cannot put the new file in place", target_, errno);
  close(descriptor_);
  descriptor_ = -1;
  sync_folder(folder_of(target_));
}

void write_file(const std::filesystem::path& target, std::span<const std::byte> bytes) {
  AtomicFile file(target);
  file.write(bytes);
  file.commit();
}

void write_file(const std::filesystem::path& target, std::string_view text) {
  write_file(target, std::as_bytes(std::span(text)));
}

std::vector<std::byte> read_file(const std::filesystem::path& file) {
  std::error_code reason;
  const std::uintmax_t size = std::filesystem::file_size(file, reason);  // an error for what is no regular file
  std::vector<std::byte> bytes;
  if (!reason) {
    bytes.resize(size);
    std::ifstream stream(file, std::ios::binary);
    stream.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
    if (!stream.is_open()) {
      reason = std::error_code(errno, std::generic_category());
    } else if (!stream) {
      reason = std::make_error_code(std::errc::io_error);
    }
  }
  if (reason) {
    throw Error(fmt::format("cannot read the file: {}", reason.message()), file.string(),
                "check the path and its permissions");
  }
  return bytes;
}

}  // namespace lockstep
