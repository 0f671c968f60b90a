// A file that only grows, and can be cut back to a known size: metrics and events of a run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

namespace lockstep {

// Errors: Error naming the file and the system's reason; MissingResource where the disk or quota is full.
class AppendedFile {
 public:
  // Opens or creates the file and drops everything after its first `keep_bytes` bytes. Throws Error where it is
  // shorter.
  AppendedFile(std::filesystem::path file, std::uint64_t keep_bytes);
  ~AppendedFile();
  AppendedFile(AppendedFile&& other) noexcept;
  AppendedFile& operator=(AppendedFile&&) = delete;

  // Hands the bytes to the system at once: they outlive this process, if it is killed.
  void append(std::span<const std::byte> bytes);
  void append(std::string_view text) { append(std::as_bytes(std::span(text))); }
  // Waits until they are on the disk: they outlive the machine's power.
  void sync();
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  std::filesystem::path file_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace lockstep
