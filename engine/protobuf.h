// Protobuf's wire format, written by hand: messages are strings, fields are appended to them.
//
// A field is its number and wire type as a varint, then a varint (0), 8 bytes (1), a length and bytes (2) or 4 bytes
// (5) (protobuf.dev, "Encoding").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lockstep::protobuf {

[[nodiscard]] std::string varint(std::uint64_t value);

[[nodiscard]] std::string integer_field(unsigned field, std::uint64_t value);
[[nodiscard]] std::string double_field(unsigned field, double value);
[[nodiscard]] std::string float_field(unsigned field, float value);
// Bytes, texts and messages.
[[nodiscard]] std::string bytes_field(unsigned field, std::string_view bytes);

}  // namespace lockstep::protobuf
