// Saved state as bytes: header, checksum and bounds of ByteWriter and ByteReader.
#include "engine/byte_stream.h"
#include "engine/error.h"

#include <algorithm>
#include <array>

#include <zlib.h>

namespace lockstep {
namespace {

constexpr std::array<char, 4> kMagic{'L', 'S', 'T', 'P'};

std::uint32_t checksum(std::span<const std::byte> bytes) {
  return static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace

ByteWriter::ByteWriter(std::string_view kind, std::uint32_t version) {
  append(kMagic.data(), kMagic.size());
  write(kind);
  write(version);
}

void ByteWriter::append(const void* data, std::size_t size) {
  const auto* first = static_cast<const std::byte*>(data);
  bytes_.insert(bytes_.end(), first, first + size);
}

std::vector<std::byte> ByteWriter::finish() && {
  write(checksum(bytes_));
  return std::move(bytes_);
}

ByteReader::ByteReader(std::span<const std::byte> bytes, std::string_view kind, std::uint32_t version,
                       std::string where)
    : rest_(bytes), where_(std::move(where)) {
  if (bytes.size() < kMagic.size() || std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) != 0) {
    fail("these bytes were not saved by Lockstep");
  }
  constexpr std::size_t kSumSize = sizeof(std::uint32_t);
  if (bytes.size() < kMagic.size() + kSumSize) fail("the saved state is cut short");
  rest_ = bytes.first(bytes.size() - kSumSize);
  std::uint32_t saved = 0;
  std::memcpy(&saved, bytes.data() + rest_.size(), kSumSize);
  if (saved != checksum(rest_)) fail("the saved state is damaged or cut short: its checksum does not match");
  rest_ = rest_.subspan(kMagic.size());
  check_header(kind, version);
}

void ByteReader::check_header(std::string_view kind, std::uint32_t version) {
  const std::string found_kind = read_string();
  if (found_kind != kind) {
    throw Error("the saved state is of '" + found_kind + "', expected '" + std::string(kind) + "'", where_,
                "load it where it was saved from, or start anew");
  }
  const auto found_version = read<std::uint32_t>();
  if (found_version != version) {
    throw Error("the saved state has version " + std::to_string(found_version) + ", this program reads version " +
                    std::to_string(version),
                where_, "use the release that saved it, or start anew");
  }
}

std::string ByteReader::read_string() {
  std::string text(checked_length(read<std::uint64_t>(), 1), '\0');
  take(text.data(), text.size());
  return text;
}

void ByteReader::expect_end() const {
  if (!rest_.empty()) fail("the saved state has " + std::to_string(rest_.size()) + " bytes too many");
}

void ByteReader::fail(const std::string& problem) const {
  throw Error(problem, where_, "use an undamaged copy, or start anew");
}

void ByteReader::take(void* out, std::size_t size) {
  if (size > rest_.size()) fail("the saved state is cut short");
  if (size != 0) std::memcpy(out, rest_.data(), size);
  rest_ = rest_.subspan(size);
}

std::size_t ByteReader::checked_length(std::uint64_t length, std::size_t element_size) const {
  if (length > rest_.size() / element_size) fail("the saved state is cut short");
  return static_cast<std::size_t>(length);
}

void ByteReader::expect_length(std::uint64_t found, std::size_t expected) const {
  if (found != expected) {
    fail("the saved state has an array of " + std::to_string(found) + " elements where " + std::to_string(expected) +
         " belong");
  }
}

}  // namespace lockstep
