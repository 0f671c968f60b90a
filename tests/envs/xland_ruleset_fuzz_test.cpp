// Feeds damaged files of rulesets to their reader: Error or rulesets that can be used, never a crash (run under asan).
#include "engine/byte_stream.h"
#include "engine/error.h"
#include "envs/xland/ruleset_file.h"
#include "envs/xland/ruleset_generator.h"
#include "tests/mutation.h"

#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::envs::xland {
namespace {

constexpr int kCases = 20000;

TEST(XlandRulesetFuzz, MutatedFilesAreRefused) {
  const std::vector<std::byte> bytes = encode_rulesets(generate_rulesets(published_set("medium"), 5, 1));
  const std::string whole(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::mt19937 random(1);
  for (int k = 0; k < kCases; ++k) {
    const std::string damaged = tests::mutated(whole, random);
    if (damaged == whole) continue;
    EXPECT_THROW((void)decode_rulesets(std::as_bytes(std::span(damaged)), "fuzz"), Error);
  }
}

std::vector<std::uint8_t> mutated(const std::vector<std::uint8_t>& values, std::mt19937& random) {
  const std::string text = tests::mutated(std::string(values.begin(), values.end()), random);
  return {text.begin(), text.end()};
}

// With a right checksum, so that counts, goals, rules and objects at will are read.
TEST(XlandRulesetFuzz, MutatedArraysWithARightChecksumGiveErrorOrRulesetsThatAreChecked) {
  std::mt19937 random(2);
  int accepted = 0;
  for (int k = 0; k < kCases; ++k) {
    std::vector<std::uint8_t> goals{3, 3, 1, 0, 0, 4, 3, 1, 4, 2}, rules{2, 3, 1, 4, 2, 0, 0},
        objects{3, 1, 4, 2, 5, 3};
    std::vector<std::uint32_t> rule_counts{0, 1}, object_counts{1, 2};
    if (k % 4 == 0) goals = mutated(goals, random);
    if (k % 4 == 1) rules = mutated(rules, random);
    if (k % 4 == 2) objects = mutated(objects, random);
    if (k % 4 == 3)
      (random() % 2 == 0 ? rule_counts : object_counts)[random() % 2] = static_cast<std::uint32_t>(random());
    ByteWriter writer("xland rulesets", 1);
    writer.write_array(std::span<const std::uint8_t>(goals));
    writer.write_array(std::span<const std::uint32_t>(rule_counts));
    writer.write_array(std::span<const std::uint8_t>(rules));
    writer.write_array(std::span<const std::uint32_t>(object_counts));
    writer.write_array(std::span<const std::uint8_t>(objects));
    const std::vector<std::byte> bytes = std::move(writer).finish();
    try {
      const std::vector<Ruleset> rulesets = decode_rulesets(bytes, "fuzz");
      for (const Ruleset& ruleset : rulesets) check(ruleset, "fuzz");
      accepted += rulesets.size() == 2 ? 1 : 0;
    } catch (const Error& error) {
      EXPECT_FALSE(error.problem().empty());
    }
  }
  EXPECT_GT(accepted, 0);  // another tile or colour may pass
  EXPECT_LT(accepted, kCases / 2);
}

}  // namespace
}  // namespace lockstep::envs::xland
