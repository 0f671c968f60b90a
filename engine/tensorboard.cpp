// Encodes events by hand: four message types of protobuf's wire format, framed as records.
#include "engine/tensorboard.h"
#include "engine/protobuf.h"

#include <array>
#include <bit>
#include <chrono>
#include <cstring>

namespace lockstep {
namespace {

constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0u);
    table[byte] = crc;
  }
  return table;
}
constexpr auto kCrcTable = crc_table();

template <class Number>
std::string little_endian(Number value) {
  std::array<char, sizeof(Number)> bytes{};
  std::memcpy(bytes.data(), &value, sizeof value);
  return {bytes.data(), bytes.size()};
}

using protobuf::bytes_field, protobuf::double_field, protobuf::float_field, protobuf::integer_field;

// Event with a Summary (field 5) of one Value (field 1).
std::string summary_event(const std::string& value, std::int64_t step, double wall_time) {
  return double_field(1, wall_time) + integer_field(2, static_cast<std::uint64_t>(step)) +
         bytes_field(5, bytes_field(1, value));
}

double now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

}  // namespace

std::uint32_t crc32c(std::span<const std::byte> bytes) {
  std::uint32_t crc = 0xffffffffu;
  for (const std::byte byte : bytes) crc = (crc >> 8) ^ kCrcTable[(crc ^ std::to_integer<std::uint32_t>(byte)) & 0xff];
  return ~crc;
}

std::uint32_t masked_crc32c(std::span<const std::byte> bytes) { return std::rotr(crc32c(bytes), 15) + 0xa282ead8u; }

EventFile::EventFile(const std::filesystem::path& file, std::uint64_t keep_bytes) : file_(file, keep_bytes) {
  if (keep_bytes == 0) add_record(double_field(1, now()) + bytes_field(3, "brain.Event:2"));
}

void EventFile::add_scalar(std::string_view tag, double value, std::int64_t step, double wall_time) {
  add_record(summary_event(bytes_field(1, tag) + float_field(2, static_cast<float>(value)), step, wall_time));
}

void EventFile::add_text(std::string_view tag, std::string_view text, std::int64_t step, double wall_time) {
  constexpr std::uint64_t kStringType = 7;  // DT_STRING
  // TensorProto: dtype = 1, tensor_shape = 2 (one axis of size 1), string_val = 8.
  const std::string shape = bytes_field(2, integer_field(1, 1));
  const std::string tensor = integer_field(1, kStringType) + bytes_field(2, shape) + bytes_field(8, text);
  const std::string metadata = bytes_field(1, bytes_field(1, "text"));  // SummaryMetadata.plugin_data.plugin_name
  add_record(summary_event(bytes_field(1, tag) + bytes_field(8, tensor) + bytes_field(9, metadata), step, wall_time));
}

void EventFile::add_record(std::string_view event) {
  const std::string length = little_endian(std::uint64_t{event.size()});
  std::string record = length + little_endian(masked_crc32c(std::as_bytes(std::span(length))));
  record += event;
  record += little_endian(masked_crc32c(std::as_bytes(std::span(event))));
  file_.append(record);
}

}  // namespace lockstep
