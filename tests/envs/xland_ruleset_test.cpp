// Tests rulesets of XLand worlds: what is refused, files of them, and the generator's statistics.
#include "engine/atomic_file.h"
#include "engine/error.h"
#include "envs/xland/layout.h"
#include "envs/xland/ruleset_file.h"
#include "envs/xland/ruleset_generator.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <string>
#include <tuple>

#include <gtest/gtest.h>

namespace lockstep::envs::xland {
namespace {

// The error of a call, its three parts in one; "" where there was none.
std::string refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_FALSE(error.fix().empty());
    return error.problem() + " | " + error.where() + " | " + error.fix();
  }
  return "";
}
std::string refusal(const Ruleset& ruleset) {
  return refusal([&] { check(ruleset, "ruleset 7"); });
}
bool says(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(XlandRuleset, RefusesWhatDoesNotExistAndSaysWhere) {
  EXPECT_EQ(refusal({.goal = {1, 3, 1}, .rules = {{3, 3, 1, 4, 2, 1, 7}, {}}, .init_tiles = {{3, 1}, {}}}), "");
  const std::string goal = refusal({.goal = {15}, .rules = {}, .init_tiles = {}});
  EXPECT_TRUE(says(goal, "unknown goal 15") && says(goal, "ruleset 7")) << goal;
  const std::string kind = refusal({.goal = {}, .rules = {{}, {12, 3, 1, 4, 2}}, .init_tiles = {}});
  EXPECT_TRUE(says(kind, "rule 1 of the list: unknown kind 12")) << kind;
  const std::string tile = refusal({.goal = {}, .rules = {{3, 3, 1, 13, 2, 4, 1}}, .init_tiles = {}});
  EXPECT_TRUE(says(tile, "tile 2: there is no tile 13")) << tile;
  const std::string product = refusal({.goal = {}, .rules = {{1, 3, 1, 4, 12}}, .init_tiles = {}});
  EXPECT_TRUE(says(product, "its product: there is no colour 12")) << product;
  EXPECT_TRUE(says(refusal({.goal = {4, 3, 1, 0, 0}, .rules = {}, .init_tiles = {}}), "there is no tile 0"));
  EXPECT_TRUE(says(refusal({.goal = {}, .rules = {}, .init_tiles = {{3, 1}, {3, 12}}}), "object 1"));
  EXPECT_TRUE(says(refusal({.goal = {}, .rules = std::vector<EncodedRule>(65), .init_tiles = {}}), "65 rules"));
  EXPECT_TRUE(says(refusal({.goal = {}, .rules = {}, .init_tiles = std::vector<EncodedTile>(256)}), "256 objects"));
}

TEST(XlandRuleset, RefusesMoreObjectsThanThereIsFloorFor) {
  const Geometry geometry = make_geometry(5, 5);
  const Ruleset ruleset{.goal = {}, .rules = {}, .init_tiles = std::vector<EncodedTile>(9, EncodedTile{3, 1})};
  const std::string text = refusal([&] { (void)pack({&ruleset, 1}, geometry, 9); });
  EXPECT_TRUE(says(text, "9 objects and the agent do not fit on 9 floor cells")) << text;
}

TEST(XlandRuleset, RefusesAGoalOutsideTheGrid) {
  const Ruleset ruleset{.goal = {6, 9, 2}, .rules = {}, .init_tiles = {}};
  const std::string text = refusal([&] { (void)pack({&ruleset, 1}, make_geometry(9, 5), 49); });
  EXPECT_TRUE(says(text, "(9, 2)") && says(text, "[0, 8]")) << text;
}

struct Statistics {
  double mean_rules = 0;
  std::size_t most_rules = 0, most_tiles = 0;
};
Statistics statistics(const std::vector<Ruleset>& rulesets) {
  Statistics s;
  for (const Ruleset& ruleset : rulesets) {
    s.mean_rules += static_cast<double>(ruleset.rules.size()) / static_cast<double>(rulesets.size());
    s.most_rules = std::max(s.most_rules, ruleset.rules.size());
    s.most_tiles = std::max(s.most_tiles, ruleset.init_tiles.size());
  }
  return s;
}

// Means and maxima over 200,000 rulesets of each published set. Here over 20,000: the mean is within 0.03 of that of
// many, the largest numbers of tiles are so rare that the most in this sample may be `rare` fewer (or more).
struct Published {
  const char* set;
  double mean_rules;
  std::size_t most_rules, most_tiles;
  int rare;
};
class XlandSets : public testing::TestWithParam<Published> {};
INSTANTIATE_TEST_SUITE_P(Published, XlandSets,
                         testing::Values(Published{"trivial", 0, 0, 5, 0}, Published{"small", 2.0, 4, 10, 0},
                                         Published{"medium", 4.5, 9, 16, 1}, Published{"high", 7.3, 18, 22, 2}),
                         [](const auto& one) { return std::string(one.param.set); });

TEST_P(XlandSets, HaveThePublishedStatistics) {
  const std::vector<Ruleset> rulesets = generate_rulesets(published_set(GetParam().set), 20000, 1);
  const Statistics s = statistics(rulesets);
  EXPECT_NEAR(s.mean_rules, GetParam().mean_rules, 0.07);
  EXPECT_EQ(s.most_rules, GetParam().most_rules);
  EXPECT_NEAR(static_cast<double>(s.most_tiles), static_cast<double>(GetParam().most_tiles), GetParam().rare);
  for (const Ruleset& ruleset : rulesets) check(ruleset, "generated");
}

TEST_P(XlandSets, HoldNoRulesetTwice) {
  std::vector<Ruleset> rulesets = generate_rulesets(published_set(GetParam().set), 15000, 2);
  const auto key = [](const Ruleset& r) { return std::tie(r.goal, r.rules, r.init_tiles); };
  std::ranges::sort(rulesets, [&](const Ruleset& a, const Ruleset& b) { return key(a) < key(b); });
  EXPECT_EQ(std::ranges::adjacent_find(rulesets), rulesets.end());
}

TEST(XlandGenerator, DrawsElevenKindsOfGoalsAlike) {
  int counts[kGoals] = {};
  constexpr int kCount = 20000;
  for (const Ruleset& ruleset : generate_rulesets(published_set("medium"), kCount, 3)) ++counts[ruleset.goal[0]];
  for (const int id : {0, 2, 5, 6}) EXPECT_EQ(counts[id], 0);
  for (const int id : {1, 3, 4, 7, 8, 9, 10, 11, 12, 13, 14}) EXPECT_NEAR(counts[id], kCount / 11.0, 210) << id;
}

// A rule's inputs can be had: each is an object of the start, or the product of another rule.
TEST(XlandGenerator, LeadsFromTheObjectsOfTheStartToTheGoal) {
  for (const Ruleset& ruleset : generate_rulesets(published_set("high"), 3000, 4)) {
    std::vector<EncodedTile> there = ruleset.init_tiles;
    // Products come after the rules that need them: a chain of depth 3 is complete after three rounds.
    for (int round = 0; round < 3; ++round) {
      for (const EncodedRule& rule : ruleset.rules) {
        const auto at = static_cast<std::size_t>(1 + 2 * rule_inputs(rule[0]));
        bool all = true;
        for (std::size_t i = 1; i < at; i += 2) {
          all = all && std::ranges::find(there, EncodedTile{rule[i], rule[i + 1]}) != there.end();
        }
        if (all) there.push_back({rule[at], rule[at + 1]});
      }
    }
    for (int i = 0; i < goal_tiles(ruleset.goal[0]); ++i) {
      const auto at = static_cast<std::size_t>(1 + 2 * i);
      EXPECT_NE(std::ranges::find(there, EncodedTile{ruleset.goal[at], ruleset.goal[at + 1]}), there.end());
    }
  }
}

TEST(XlandGenerator, GivesTheSameRulesetsWhateverTheirNumber) {
  const std::vector<Ruleset> few = generate_rulesets(published_set("small"), 100, 5);
  const std::vector<Ruleset> many = generate_rulesets(published_set("small"), 1000, 5);
  EXPECT_TRUE(std::equal(few.begin(), few.end(), many.begin()));
  EXPECT_NE(generate_rulesets(published_set("small"), 100, 6), few);
}

TEST(XlandGenerator, RefusesUnknownSetsAndImpossibleSettings) {
  EXPECT_TRUE(says(refusal([] { (void)published_set("hihg"); }), "'high'"));
  EXPECT_TRUE(says(refusal([] { (void)generate_rulesets({.name = "own", .prune = 2}, 3, 0); }), "prune = 2"));
  EXPECT_TRUE(says(refusal([] { (void)generate_rulesets({.name = "own", .chain_depth = 9}, 3, 0); }), "chain_depth"));
  const GeneratorConfig bare{.name = "bare", .chain_depth = 0, .prune = 0, .distractor_objects = 0};
  EXPECT_TRUE(says(refusal([&] { (void)generate_rulesets(bare, 100000, 0); }), "no more are found"));
}

TEST(XlandRulesetFile, ComesBackAsItWasSaved) {
  const std::filesystem::path file = std::filesystem::path(testing::TempDir()) / "xland_rulesets_test.rulesets";
  const std::vector<Ruleset> rulesets = generate_rulesets(published_set("medium"), 500, 8);
  save_rulesets(file, rulesets);
  EXPECT_EQ(load_rulesets(file), rulesets);
  std::filesystem::remove(file);
}

TEST(XlandRulesetFile, IsRefusedWhereItIsDamagedCutShortOrMissing) {
  const std::filesystem::path file = std::filesystem::path(testing::TempDir()) / "xland_damaged_test.rulesets";
  std::vector<std::byte> bytes = encode_rulesets(generate_rulesets(published_set("small"), 20, 8));
  bytes[bytes.size() / 2] ^= std::byte{4};
  write_file(file, bytes);
  EXPECT_TRUE(says(refusal([&] { (void)load_rulesets(file); }), file.string()));
  write_file(file, std::span<const std::byte>(bytes).first(bytes.size() - 9));
  EXPECT_NE(refusal([&] { (void)load_rulesets(file); }), "");
  std::filesystem::remove(file);
  EXPECT_NE(refusal([&] { (void)load_rulesets(file); }), "");
}

}  // namespace
}  // namespace lockstep::envs::xland
