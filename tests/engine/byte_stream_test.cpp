// Tests saved bytes: what is written is read back, and damaged, foreign or cut bytes are refused with an Error.
#include "engine/byte_stream.h"
#include "engine/error.h"

#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

namespace lockstep {
namespace {

std::vector<std::byte> sample(std::uint32_t version = 3) {
  ByteWriter writer("sample", version);
  writer.write(std::int32_t{-7});
  writer.write(std::string_view("cart"));
  const std::vector<double> values{1.5, std::numeric_limits<double>::quiet_NaN(), -0.0};
  writer.write_array(std::span(values));
  writer.write(0.25f);
  return std::move(writer).finish();
}

void read_sample(std::span<const std::byte> bytes) {
  ByteReader reader(bytes, "sample", 3, "test");
  (void)reader.read<std::int32_t>();
  (void)reader.read_string();
  (void)reader.read_vector<double>();
  (void)reader.read<float>();
  reader.expect_end();
}

// The problem that reading `bytes` is refused with.
std::string refusal(std::span<const std::byte> bytes) {
  try {
    read_sample(bytes);
  } catch (const Error& error) {
    EXPECT_EQ(error.where(), "test");
    return error.problem();
  }
  return "";
}

TEST(ByteStream, GivesBackWhatWasWritten) {
  const auto bytes = sample();
  ByteReader reader(bytes, "sample", 3, "test");
  EXPECT_EQ(reader.read<std::int32_t>(), -7);
  EXPECT_EQ(reader.read_string(), "cart");
  std::vector<double> values(3);
  reader.read_array(std::span(values));
  EXPECT_EQ(values[0], 1.5);
  EXPECT_TRUE(std::isnan(values[1]));
  EXPECT_TRUE(std::signbit(values[2]));
  EXPECT_EQ(reader.read<float>(), 0.25f);
  reader.expect_end();
}

TEST(ByteStream, IsLittleEndian) {
  ByteWriter writer("", 0x01020304);
  const auto bytes = std::move(writer).finish();
  ASSERT_EQ(bytes.size(), 4u + 8 + 4 + 4);
  EXPECT_EQ(bytes[12], std::byte{4});
  EXPECT_EQ(bytes[15], std::byte{1});
}

TEST(ByteStream, RefusesEveryTruncation) {
  const auto bytes = sample();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_NE(refusal(std::span(bytes).first(size)), "") << size << " of " << bytes.size() << " bytes";
  }
}

TEST(ByteStream, RefusesEveryFlippedBit) {
  auto bytes = sample();
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    const auto flip = static_cast<std::byte>(1u << (bit % 8));
    bytes[bit / 8] ^= flip;
    EXPECT_NE(refusal(bytes), "") << "bit " << bit;
    bytes[bit / 8] ^= flip;
  }
}

TEST(ByteStream, SaysWhichVersionWasFound) {
  EXPECT_NE(refusal(sample(4)).find("version 4"), std::string::npos);
  EXPECT_NE(refusal(sample(4)).find("version 3"), std::string::npos);
}

TEST(ByteStream, SaysWhichKindWasFound) {
  const auto bytes = sample();
  try {
    const ByteReader reader(bytes, "environment", 3, "test");
    FAIL() << "expected Error";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find("'sample'"), std::string::npos);
    EXPECT_NE(error.problem().find("'environment'"), std::string::npos);
  }
}

TEST(ByteStream, ChecksALengthBeforeItAllocates) {
  ByteWriter writer("sample", 3);
  writer.write(std::numeric_limits<std::uint64_t>::max() / 2);  // a length that no memory holds
  const auto bytes = std::move(writer).finish();
  ByteReader reader(bytes, "sample", 3, "test");
  EXPECT_THROW((void)reader.read_vector<double>(), Error);
}

TEST(ByteStream, RefusesAnArrayOfAnotherLength) {
  ByteWriter writer("sample", 3);
  const std::vector<float> values(4);
  writer.write_array(std::span(values));
  const auto bytes = std::move(writer).finish();
  ByteReader reader(bytes, "sample", 3, "test");
  std::vector<float> out(3);
  EXPECT_THROW(reader.read_array(std::span(out)), Error);
}

TEST(ByteStream, RefusesBytesLeftOver) {
  const auto bytes = sample();
  ByteReader reader(bytes, "sample", 3, "test");
  (void)reader.read<std::int32_t>();
  EXPECT_THROW(reader.expect_end(), Error);
}

}  // namespace
}  // namespace lockstep
