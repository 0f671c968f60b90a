// TensorBoard event files: scalars and texts over steps, as TensorBoard and its readers expect them.
//
// A record is u64 length | u32 masked CRC-32C of the length | bytes | u32 masked CRC-32C of the bytes, little-endian
// (tensorflow/core/lib/io/record_writer.cc); the bytes are an Event in protobuf's wire format
// (tensorflow/core/util/event.proto: wall_time = 1, step = 2, file_version = 3, summary = 5).
#pragma once

#include "engine/appended_file.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace lockstep {

// CRC-32C (Castagnoli, reflected polynomial 0x82f63b78) and the mask that record files put on it.
[[nodiscard]] std::uint32_t crc32c(std::span<const std::byte> bytes);
[[nodiscard]] std::uint32_t masked_crc32c(std::span<const std::byte> bytes);

class EventFile {
 public:
  // Keeps the first `keep_bytes` of the file (engine/appended_file.h); an empty file gets its version record.
  EventFile(const std::filesystem::path& file, std::uint64_t keep_bytes);

  // value of `tag` ("return") at `step`; wall_time in seconds since 1970. TensorBoard holds values as float.
  void add_scalar(std::string_view tag, double value, std::int64_t step, double wall_time);
  // Markdown text, shown under TensorBoard's Text.
  void add_text(std::string_view tag, std::string_view text, std::int64_t step, double wall_time);

  void sync() { file_.sync(); }
  [[nodiscard]] std::uint64_t size() const { return file_.size(); }

 private:
  void add_record(std::string_view event);
  AppendedFile file_;
};

}  // namespace lockstep
