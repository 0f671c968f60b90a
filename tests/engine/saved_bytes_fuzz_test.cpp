// Feeds mutated configuration and checkpoint bytes to their readers: Error or success, never a crash (run under asan).
#include "engine/checkpoint.h"
#include "engine/error.h"
#include "engine/run_folder.h"
#include "engine/settings.h"
#include "engine/sha256.h"
#include "tests/mutation.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace lockstep {
namespace {

using tests::mutated;

constexpr int kCases = 20000;

struct FuzzedConfig {
  int horizon = 15;
  double step = 0.5;
  std::string mode = "fast";
  void describe(Fields& fields) {
    fields.add("planner.horizon", horizon, "steps", {1, 100});
    fields.add("step", step, "size", {0, 1});
    fields.add_choice("mode", mode, "how", {"fast", "exact"});
  }
};

constexpr const char* kToml =
    "# comment\nmode = \"fast\"\nstep = 1.5e-1\n[planner]\nhorizon = 0x1f\n[a.'b c']\nd = \"\"\"x\ny\"\"\"\ne = "
    "\"\\u00e9\\n\"\nf = [1, {g = 2}]\nh = 1979-05-27T07:32:00Z\n";

TEST(TomlFuzz, MutatedFilesGiveErrorOrSettingsThatComeBack) {
  std::mt19937 random(1);
  for (int k = 0; k < kCases; ++k) {
    try {
      const Settings settings = Settings::from_toml(mutated(kToml, random), "fuzz");
      (void)configured<FuzzedConfig>(settings);
    } catch (const Error& error) {
      EXPECT_FALSE(error.problem().empty());
    }
  }
}

TEST(SetFuzz, MutatedArgumentsGiveErrorOrAValue) {
  std::mt19937 random(2);
  for (int k = 0; k < kCases; ++k) {
    try {
      Settings settings;
      settings.set_from_argument(mutated("planner.horizon=\"30 steps\"", random));
      EXPECT_EQ(settings.values().size(), 1u);
      (void)configured<FuzzedConfig>(settings);
    } catch (const Error& error) {
      EXPECT_FALSE(error.problem().empty());
    }
  }
}

std::string checkpoint_text() {
  const std::vector<std::byte> bytes = encode_checkpoint(
      {{"agent", std::vector<std::byte>(200, std::byte{7})}, {"progress", std::vector<std::byte>(20)}});
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(CheckpointFuzz, MutatedFilesAreRefused) {
  const std::string whole = checkpoint_text();
  std::mt19937 random(3);
  for (int k = 0; k < kCases; ++k) {
    const std::string damaged = mutated(whole, random);
    if (damaged == whole) continue;
    EXPECT_THROW((void)decode_checkpoint(std::as_bytes(std::span(damaged)), "fuzz"), Error);
  }
}

// With the header's checksum put right, so that the reader of the header itself is reached: sizes and counts at will.
TEST(CheckpointFuzz, MutatedHeadersWithARightChecksumNeverCrash) {
  const std::string whole = checkpoint_text();
  constexpr size_t kFixed = 16, kDigest = 32;  // magic, format, header size
  const size_t header_size = whole.size() - kFixed - kDigest - 220;
  std::mt19937 random(4);
  int accepted = 0;
  for (int k = 0; k < kCases; ++k) {
    const std::string header = mutated(whole.substr(kFixed, header_size), random);
    const auto size = static_cast<std::uint32_t>(header.size());
    std::string file = whole.substr(0, 12) + std::string(reinterpret_cast<const char*>(&size), 4) + header;
    const Sha256 digest = sha256(std::as_bytes(std::span(file)));
    file.append(reinterpret_cast<const char*>(digest.data()), digest.size());
    file += whole.substr(whole.size() - 220);
    try {
      accepted += decode_checkpoint(std::as_bytes(std::span(file)), "fuzz").empty() ? 0 : 1;
    } catch (const Error& error) {
      EXPECT_FALSE(error.problem().empty());
    }
  }
  EXPECT_LT(accepted, kCases / 2);  // a changed section name or patch version may pass
}

TEST(MetricsFuzz, MutatedTablesGiveErrorOrEqualColumns) {
  std::mt19937 random(5);
  for (int k = 0; k < kCases; ++k) {
    try {
      const MetricsTable table =
          parse_metrics(mutated("iteration,return,error\n1,2.5,nan\n2,-1e300,inf\n3,0,0.1\n", random), "fuzz");
      for (const auto& column : table.columns) EXPECT_EQ(column.size(), table.num_rows());
    } catch (const Error& error) {
      EXPECT_FALSE(error.problem().empty());
    }
  }
}

}  // namespace
}  // namespace lockstep
