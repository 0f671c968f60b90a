// Tests that checkpoints come back exactly, and that damaged or foreign ones are refused.
#include "engine/checkpoint.h"
#include "engine/atomic_file.h"
#include "engine/error.h"
#include "tests/engine/temporary_folder.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace lockstep {
namespace {

std::vector<std::byte> random_bytes(size_t size) {
  std::mt19937 random(static_cast<unsigned>(size) + 1);
  std::vector<std::byte> bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random() & 0xff);
  return bytes;
}

CheckpointSections example() { return {{"agent", random_bytes(3000)}, {"empty", {}}, {"progress", random_bytes(40)}}; }

TEST(Checkpoint, ComesBackExactly) {
  const TemporaryFolder folder;
  save_checkpoint(folder / "checkpoint", example());
  EXPECT_EQ(load_checkpoint(folder / "checkpoint"), example());
}

TEST(Checkpoint, IsTheSameFileForTheSameSections) {
  EXPECT_EQ(encode_checkpoint(example()), encode_checkpoint(example()));
}

TEST(Checkpoint, IsRefusedWhereverItIsCutShort) {
  const std::vector<std::byte> whole = encode_checkpoint(example());
  for (size_t cut = 0; cut < 64; ++cut) {
    const size_t size = cut * (whole.size() - 1) / 63;  // from nothing to all but the last byte
    EXPECT_THROW((void)decode_checkpoint(std::span(whole).first(size), "test"), Error) << size << " bytes";
  }
}

TEST(Checkpoint, IsRefusedWithAnyFlippedBit) {
  const std::vector<std::byte> whole = encode_checkpoint(example());
  std::mt19937 random(7);
  for (int flip = 0; flip < 1000; ++flip) {
    std::vector<std::byte> damaged = whole;
    const size_t bit = random() % (8 * whole.size());
    damaged[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    EXPECT_THROW((void)decode_checkpoint(damaged, "test"), Error) << "bit " << bit;
  }
}

TEST(Checkpoint, IsRefusedWithAnyFlippedBitOfItsHeader) {
  const std::vector<std::byte> whole = encode_checkpoint({{"agent", random_bytes(8)}});
  for (size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    std::vector<std::byte> damaged = whole;
    damaged[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    EXPECT_THROW((void)decode_checkpoint(damaged, "test"), Error) << "bit " << bit;
  }
}

TEST(Checkpoint, IsRefusedWithBytesAfterItsEnd) {
  std::vector<std::byte> longer = encode_checkpoint(example());
  longer.push_back(std::byte{0});
  EXPECT_THROW((void)decode_checkpoint(longer, "test"), Error);
}

TEST(Checkpoint, OfAnotherReleaseIsRefusedByName) {
  const std::vector<std::byte> foreign = encode_checkpoint(example(), "97.3.1");
  try {
    (void)decode_checkpoint(foreign, "runs/x/checkpoint");
    FAIL() << "expected Error";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find("97.3.1"), std::string::npos);
    EXPECT_NE(error.problem().find(std::string(program_version())), std::string::npos);
    EXPECT_EQ(error.where(), "runs/x/checkpoint");
    EXPECT_NE(error.fix().find("97.3.1"), std::string::npos);
  }
}

TEST(Checkpoint, OfAnotherPatchReleaseIsAccepted) {
  const std::string version(program_version());
  const std::string patched = version.substr(0, version.rfind('.')) + ".999";
  EXPECT_EQ(decode_checkpoint(encode_checkpoint(example(), patched), "test"), example());
}

TEST(Checkpoint, SaysWhichSectionIsMissing) {
  try {
    (void)checkpoint_section(example(), "agnt", "file");
    FAIL() << "expected Error";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find("'agnt'"), std::string::npos);
  }
}

TEST(Checkpoint, ThatIsNoneSaysSo) {
  const TemporaryFolder folder;
  write_file(folder / "checkpoint", "hello, this is a text file");
  try {
    (void)load_checkpoint(folder / "checkpoint");
    FAIL() << "expected Error";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find("not a checkpoint"), std::string::npos);
  }
}

}  // namespace
}  // namespace lockstep
