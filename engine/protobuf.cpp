// Encodes the four wire types that our messages use.
#include "engine/protobuf.h"

#include <array>
#include <bit>
#include <cstring>

namespace lockstep::protobuf {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are copied as they lie in memory");

template <class Number>
std::string little_endian(Number value) {
  std::array<char, sizeof(Number)> bytes{};
  std::memcpy(bytes.data(), &value, sizeof value);
  return {bytes.data(), bytes.size()};
}

std::string tag_of(unsigned field, unsigned wire_type) { return varint((field << 3) | wire_type); }

}  // namespace

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>((value & 0x7f) | 0x80);
  return bytes += static_cast<char>(value);
}

std::string integer_field(unsigned field, std::uint64_t value) { return tag_of(field, 0) + varint(value); }
std::string double_field(unsigned field, double value) { return tag_of(field, 1) + little_endian(value); }
std::string float_field(unsigned field, float value) { return tag_of(field, 5) + little_endian(value); }
std::string bytes_field(unsigned field, std::string_view bytes) {
  return tag_of(field, 2) + varint(bytes.size()) + std::string(bytes);
}

}  // namespace lockstep::protobuf
