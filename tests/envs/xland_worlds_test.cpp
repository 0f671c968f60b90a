// Tests batches of XLand worlds: trials, resets, saving, and independence of threads, ranges and instruction sets.
#include "engine/error.h"
#include "envs/xland/ruleset_generator.h"
#include "envs/xland/worlds.h"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::envs::xland {
namespace {

// A world's action at a step, whatever the number of worlds.
std::uint8_t action_of(int world, int step) {
  std::uint32_t h = static_cast<std::uint32_t>(world) * 0x9e3779b9u + static_cast<std::uint32_t>(step) * 0x85ebca6bu;
  h = (h ^ (h >> 15)) * 0x2c1b3c6du;
  return static_cast<std::uint8_t>((h >> 16) % 6);
}
void run(Worlds& worlds, int first, int last) {
  std::vector<std::uint8_t> actions(static_cast<std::size_t>(worlds.config().num_worlds));
  for (int step = first; step < last; ++step) {
    for (int world = 0; world < worlds.config().num_worlds; ++world) {
      actions[static_cast<std::size_t>(world)] = action_of(world, step);
    }
    worlds.step(actions);
  }
}
const std::vector<Ruleset>& rulesets() {
  static const std::vector<Ruleset> kRulesets = generate_rulesets(published_set("high"), 300, 1);
  return kRulesets;
}
// Episodes of 40 steps in trials of 100: both end while a test looks on.
WorldsConfig short_trials(int num_worlds, int threads = 1) {
  return {.num_worlds = num_worlds, .side = 9, .max_steps = 40, .trial_steps = 100, .seed = 5, .threads = threads};
}

TEST(XlandWorlds, DoNotDependOnThreadsOrNumberOfWorlds) {
  Worlds few(short_trials(37), rulesets()), many(short_trials(700, 2), rulesets());
  for (int step = 0; step < 250; ++step) {
    run(few, step, step + 1);
    run(many, step, step + 1);
    for (int world = 0; world < 37; ++world) {
      ASSERT_EQ(few.get_state(world), many.get_state(world)) << "world " << world << ", step " << step;
    }
    ASSERT_TRUE(std::ranges::equal(few.observation(), many.observation().first(few.observation().size())));
    ASSERT_TRUE(std::ranges::equal(few.reward(), many.reward().first(37)));
  }
}

TEST(XlandWorlds, AreTheSameForEveryInstructionSet) {
  Worlds best(short_trials(70), rulesets());
  setenv("LOCKSTEP_ISA", "baseline", 1);
  Worlds baseline(short_trials(70), rulesets());
  unsetenv("LOCKSTEP_ISA");
  run(best, 0, 300);
  run(baseline, 0, 300);
  for (int world = 0; world < 70; ++world) ASSERT_EQ(best.get_state(world), baseline.get_state(world));
  EXPECT_TRUE(std::ranges::equal(best.observation(), baseline.observation()));
}

TEST(XlandWorlds, KeepTheirRulesetForATrialAndThenTakeAnother) {
  constexpr int kWorlds = 60;
  Worlds worlds(short_trials(kWorlds), rulesets());
  std::vector<int> before(kWorlds), trial(kWorlds);
  std::set<int> taken;
  int changed = 0;
  for (int step = 1; step <= 500; ++step) {
    for (int world = 0; world < kWorlds; ++world) {
      before[static_cast<std::size_t>(world)] = worlds.get_state(world).ruleset;
    }
    run(worlds, step, step + 1);
    for (int world = 0; world < kWorlds; ++world) {
      const auto w = static_cast<std::size_t>(world);
      ++trial[w];
      const int now = worlds.get_state(world).ruleset;
      taken.insert(now);
      if (now == before[w]) continue;
      ++changed;
      EXPECT_EQ(trial[w] % 100, 0) << "world " << world;
      EXPECT_EQ(worlds.step_type(world), StepType::kLast);
    }
  }
  EXPECT_GT(changed, 5 * kWorlds * 9 / 10);  // five trials each; one in 300 takes the same ruleset again
  EXPECT_GT(taken.size(), 150u);
}

TEST(XlandWorlds, KeepTheirRulesetForGoodWithoutTrials) {
  WorldsConfig config = short_trials(20);
  config.trial_steps = 0;
  Worlds worlds(config, rulesets());
  std::vector<int> first;
  for (int world = 0; world < 20; ++world) first.push_back(worlds.get_state(world).ruleset);
  run(worlds, 0, 300);
  for (int world = 0; world < 20; ++world)
    EXPECT_EQ(worlds.get_state(world).ruleset, first[static_cast<std::size_t>(world)]);
}

TEST(XlandWorlds, StartElsewhereInEveryEpisode) {
  Worlds worlds(short_trials(1), rulesets());
  std::set<std::vector<std::uint8_t>> grids;
  for (int episode = 0; episode < 20; ++episode) {
    grids.insert(worlds.get_state(0).grid);
    EXPECT_EQ(worlds.step_type(0), StepType::kFirst);
    worlds.reset();
  }
  EXPECT_EQ(grids.size(), 20u);
}

TEST(XlandWorlds, ContinueWhereTheyWereSaved) {
  Worlds worlds(short_trials(40), rulesets());
  run(worlds, 0, 130);
  ByteWriter writer("test", 1);
  worlds.save(writer);
  const std::vector<std::byte> bytes = std::move(writer).finish();
  WorldsConfig other_config = short_trials(40, 2);
  other_config.seed = 77;
  Worlds other(other_config, rulesets());
  run(other, 0, 11);
  ByteReader reader(bytes, "test", 1, "test");
  other.load(reader);
  run(worlds, 130, 400);
  run(other, 130, 400);
  for (int world = 0; world < 40; ++world) ASSERT_EQ(worlds.get_state(world), other.get_state(world));
}

TEST(XlandWorlds, RefuseASavedStateOfAnotherGridAndStayAsTheyWere) {
  Worlds small(short_trials(4), rulesets());
  WorldsConfig config = short_trials(4);
  config.side = 13;
  Worlds large(config, rulesets());
  const WorldState before = large.get_state(2);
  ByteWriter writer("test", 1);
  small.save(writer);
  const std::vector<std::byte> bytes = std::move(writer).finish();
  ByteReader reader(bytes, "test", 1, "test");
  EXPECT_THROW(large.load(reader), Error);
  EXPECT_EQ(large.get_state(2), before);
}

TEST(XlandWorlds, RefuseStatesThatCannotBe) {
  Worlds worlds(short_trials(2), rulesets());
  const WorldState good = worlds.get_state(1);
  const auto refused = [&](auto&& change) {
    WorldState bad = good;
    change(bad);
    EXPECT_THROW(worlds.set_state(1, bad), Error);
  };
  refused([](WorldState& s) { s.grid[10] = 13; });
  refused([](WorldState& s) { s.grid.pop_back(); });
  refused([](WorldState& s) { s.y = 9; });
  refused([](WorldState& s) { s.x = -1; });
  refused([](WorldState& s) { s.direction = 4; });
  refused([](WorldState& s) { s.pocket = {3, 12}; });
  refused([](WorldState& s) { s.ruleset = 300; });
  EXPECT_EQ(worlds.get_state(1), good);
  worlds.set_state(1, good);
  EXPECT_EQ(worlds.get_state(1), good);
}

TEST(XlandWorlds, RefuseSettingsThatCannotBe) {
  EXPECT_THROW(Worlds({.num_worlds = 0}, rulesets()), Error);
  EXPECT_THROW(Worlds({.max_steps = -1}, rulesets()), Error);
  EXPECT_THROW(Worlds({.side = 13}, {}), Error);
  EXPECT_THROW(Worlds({.layout = LayoutKind::kR9, .side = 14}, rulesets()), Error);
}

}  // namespace
}  // namespace lockstep::envs::xland
