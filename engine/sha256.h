// SHA-256 (FIPS 180-4): the checksum of what we write.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace lockstep {

using Sha256 = std::array<std::byte, 32>;

// Digest of all bytes, big-endian words as in the standard.
[[nodiscard]] Sha256 sha256(std::span<const std::byte> bytes);
// 64 hexadecimal digits in lower case.
[[nodiscard]] std::string to_hex(const Sha256& digest);

}  // namespace lockstep
