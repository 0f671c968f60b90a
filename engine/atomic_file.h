// Files that appear whole or not at all: written beside the target, synced, then renamed over it; and whole reads.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace lockstep {

// A file being written. Until commit() the target keeps its old content; without commit() nothing is left behind.
// Errors: Error naming the target and the system's reason; MissingResource where the disk or quota is full.
class AtomicFile {
 public:
  // Creates the temporary file ".NAME.XXXXXX.part" in the target's folder, which must exist.
  explicit AtomicFile(std::filesystem::path target);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
  // Syncs file and folder to the disk and puts the file in the target's place. Call it once, last.
  void commit();

  // The temporary file, for programs that write it themselves (a video encoder) before commit().
  [[nodiscard]] const std::filesystem::path& temporary() const { return temporary_; }

 private:
  std::filesystem::path target_;
  std::filesystem::path temporary_;
  int descriptor_ = -1;
};

// The whole content of a file in one go.
void write_file(const std::filesystem::path& target, std::span<const std::byte> bytes);
void write_file(const std::filesystem::path& target, std::string_view text);

// All bytes of a regular file. Throws Error where it cannot be read.
[[nodiscard]] std::vector<std::byte> read_file(const std::filesystem::path& file);

}  // namespace lockstep
