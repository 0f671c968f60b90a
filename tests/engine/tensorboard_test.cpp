// Tests event files by a reader of its own: bitwise CRC-32C, and protobuf decoded field by field.
#include "engine/tensorboard.h"
#include "engine/atomic_file.h"
#include "tests/engine/temporary_folder.h"

#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep {
namespace {

// CRC-32C one bit at a time, from its polynomial (RFC 3720, appendix B.4), independent of the writer's table.
std::uint32_t crc_bit_by_bit(const std::string& bytes) {
  std::uint32_t crc = 0xffffffffu;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82f63b78u : crc >> 1;
  }
  return ~crc;
}
std::uint32_t masked(const std::string& bytes) {
  const std::uint32_t crc = crc_bit_by_bit(bytes);
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

template <class Number>
Number take(std::string& bytes) {
  if (bytes.size() < sizeof(Number)) throw std::runtime_error("cut short");
  Number value;
  std::memcpy(&value, bytes.data(), sizeof value);
  bytes.erase(0, sizeof value);
  return value;
}
std::string take_bytes(std::string& bytes, size_t size) {
  if (bytes.size() < size) throw std::runtime_error("cut short");
  std::string front = bytes.substr(0, size);
  bytes.erase(0, size);
  return front;
}

std::vector<std::string> read_records(std::string file) {
  std::vector<std::string> records;
  while (!file.empty()) {
    const std::string length_bytes = file.substr(0, 8);
    const auto length = take<std::uint64_t>(file);
    if (take<std::uint32_t>(file) != masked(length_bytes)) throw std::runtime_error("checksum of the length");
    records.push_back(take_bytes(file, length));
    if (take<std::uint32_t>(file) != masked(records.back())) throw std::runtime_error("checksum of the record");
  }
  return records;
}

std::uint64_t take_varint(std::string& bytes) {
  std::uint64_t value = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = take<unsigned char>(bytes);
    value |= std::uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return value;
  }
}

// Field number -> raw bytes of its last value (varints as 8 bytes).
std::map<std::uint64_t, std::string> read_message(std::string bytes) {
  std::map<std::uint64_t, std::string> fields;
  while (!bytes.empty()) {
    const std::uint64_t tag = take_varint(bytes);
    std::string& field = fields[tag >> 3];
    switch (tag & 7) {
      case 0: {
        const std::uint64_t value = take_varint(bytes);
        field.assign(reinterpret_cast<const char*>(&value), 8);
        break;
      }
      case 1:
        field = take_bytes(bytes, 8);
        break;
      case 2:
        field = take_bytes(bytes, take_varint(bytes));
        break;
      case 5:
        field = take_bytes(bytes, 4);
        break;
      default:
        throw std::runtime_error("unknown wire type");
    }
  }
  return fields;
}

std::vector<std::string> records_of(const std::filesystem::path& file) {
  const std::vector<std::byte> bytes = read_file(file);
  return read_records({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

TEST(Crc32c, MatchesTheStandardsExamples) {
  const std::string zeros(32, '\0');
  EXPECT_EQ(crc32c(std::as_bytes(std::span(zeros))), 0x8a9136aau);  // RFC 3720, appendix B.4
  const std::string digits = "123456789";
  EXPECT_EQ(crc32c(std::as_bytes(std::span(digits))), 0xe3069283u);
}

TEST(EventFile, BeginsWithItsVersion) {
  const TemporaryFolder folder;
  { const EventFile events(folder / "events", 0); }
  const auto records = records_of(folder / "events");
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(read_message(records[0]).at(3), "brain.Event:2");
}

TEST(EventFile, GivesScalarsBack) {
  const TemporaryFolder folder;
  {
    EventFile events(folder / "events", 0);
    events.add_scalar("train/return", 812.5, 300, 1700000000.25);
  }
  const auto records = records_of(folder / "events");
  ASSERT_EQ(records.size(), 2u);
  auto event = read_message(records[1]);
  EXPECT_EQ(take<double>(event.at(1)), 1700000000.25);
  EXPECT_EQ(take<std::int64_t>(event.at(2)), 300);
  auto value = read_message(read_message(event.at(5)).at(1));
  EXPECT_EQ(value.at(1), "train/return");
  EXPECT_EQ(take<float>(value.at(2)), 812.5f);
}

TEST(EventFile, GivesTextsBack) {
  const TemporaryFolder folder;
  {
    EventFile events(folder / "events", 0);
    events.add_text("equations", "x' = 2 x", 1, 0);
  }
  const auto value = read_message(read_message(read_message(records_of(folder / "events").at(1)).at(5)).at(1));
  EXPECT_EQ(read_message(value.at(8)).at(8), "x' = 2 x");
  EXPECT_EQ(read_message(read_message(value.at(9)).at(1)).at(1), "text");
}

TEST(EventFile, ContinuesWhereItWasCut) {
  const TemporaryFolder folder;
  std::uint64_t kept = 0;
  {
    EventFile events(folder / "events", 0);
    events.add_scalar("a", 1, 1, 0);
    kept = events.size();
    events.add_scalar("a", 2, 2, 0);
  }
  EventFile(folder / "events", kept).add_scalar("a", 3, 2, 0);
  const auto records = records_of(folder / "events");
  ASSERT_EQ(records.size(), 3u);  // version, step 1, the new step 2
  auto value = read_message(read_message(read_message(records[2]).at(5)).at(1));
  EXPECT_EQ(take<float>(value.at(2)), 3.0f);
}

}  // namespace
}  // namespace lockstep
