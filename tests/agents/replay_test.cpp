// Tests of replay: what a transition says at the ends of episodes, n-step sums, the ring, saved bytes, draws.
#include "agents/replay.h"
#include "engine/error.h"

#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::agents {
namespace {

// A world whose observation is its clock (and a number beside it), whose action is minus the clock.
struct ClockWorld {
  float clock = 0;

  void step(Replay& replay, int world, float reward, bool is_terminated = false, bool is_cut = false) {
    const std::vector<float> now{clock, 100}, action{-clock}, after{clock + 1, 100};
    replay.add(world, {.observation = now,
                       .action = action,
                       .next_observation = after,
                       .reward = reward,
                       .is_terminated = is_terminated,
                       .is_last = is_terminated || is_cut});
    clock += 1;
  }
};

// All transitions that many draws find, by the observation they begin at.
struct Found {
  float action, reward, discount, next;
  bool operator==(const Found&) const = default;
};
std::map<float, Found> all_of(const Replay& replay) {
  std::map<float, Found> found;
  Minibatch<float> rows(64, 2, 1);
  for (std::uint32_t draw = 0; draw < 50; ++draw) {
    replay.sample({1, 2}, draw, rows);
    const Transitions<float> batch = rows.transitions();
    for (int k = 0; k < 64; ++k) {
      const auto i = static_cast<size_t>(k);
      EXPECT_EQ(batch.observations(k, 1), 100);
      found[batch.observations(k, 0)] = {batch.actions(k, 0), batch.rewards[i], batch.discounts[i],
                                         batch.next_observations(k, 0)};
    }
  }
  return found;
}

TEST(Replay, BootstrapsAfterATimeLimitAndNotAfterATermination) {
  Replay replay({.capacity = 100, .discount = 0.5}, 1, 2, 1);
  ClockWorld world;
  world.step(replay, 0, 1);
  world.step(replay, 0, 2, false, true);
  world.step(replay, 0, 3, true);
  const std::map<float, Found> expected{{0, {0, 1, 0.5f, 1}}, {1, {-1, 2, 0.5f, 2}}, {2, {-2, 3, 0, 3}}};
  EXPECT_EQ(all_of(replay), expected);
}

TEST(Replay, SumsDiscountedRewardsAheadAndFewerAtTheEndOfAnEpisode) {
  Replay replay({.capacity = 100, .lookahead = 3, .discount = 0.5}, 1, 2, 1);
  ClockWorld world;
  for (const float reward : {1.0f, 2.0f, 4.0f}) world.step(replay, 0, reward);
  EXPECT_EQ(replay.size(), 1);  // the later two still wait for rewards
  world.step(replay, 0, 8, true);
  // 1 + 2/2 + 4/4 = 3 to the state after three steps; 2 + 4/2 + 8/4 = 6, 4 + 8/2 = 8 and 8 to the end.
  const std::map<float, Found> expected{
      {0, {0, 3, 0.125f, 3}}, {1, {-1, 6, 0, 4}}, {2, {-2, 8, 0, 4}}, {3, {-3, 8, 0, 4}}};
  EXPECT_EQ(all_of(replay), expected);
}

TEST(Replay, KeepsWorldsApartWhileTheyWait) {
  Replay replay({.capacity = 100, .lookahead = 2, .discount = 1}, 2, 2, 1);
  ClockWorld first, second{.clock = 50};
  first.step(replay, 0, 1);
  second.step(replay, 1, 10);
  first.step(replay, 0, 2);
  second.step(replay, 1, 20);
  const std::map<float, Found> expected{{0, {0, 3, 1, 2}}, {50, {-50, 30, 1, 52}}};
  EXPECT_EQ(all_of(replay), expected);
}

TEST(Replay, ForgetsTheOldestWhereItIsFull) {
  Replay replay({.capacity = 3, .discount = 1}, 1, 2, 1);
  ClockWorld world;
  for (int k = 0; k < 5; ++k) world.step(replay, 0, 0);
  EXPECT_EQ(replay.size(), 3);
  std::set<float> starts;
  for (const auto& [start, unused] : all_of(replay)) starts.insert(start);
  EXPECT_EQ(starts, (std::set<float>{2, 3, 4}));
}

TEST(Replay, DropsAndCountsWhatLeadsToNumbersThatAreNotFinite) {
  Replay replay({.capacity = 100, .lookahead = 3, .discount = 1}, 1, 2, 1);
  ClockWorld world;
  world.step(replay, 0, 1);
  world.step(replay, 0, std::numeric_limits<float>::quiet_NaN(), false, true);
  EXPECT_EQ(replay.size(), 0);
  EXPECT_EQ(replay.dropped(), 2);
  world.step(replay, 0, 1, true);
  EXPECT_EQ(all_of(replay).size(), 1u);
}

TEST(Replay, DrawsEveryTransitionAboutEquallyOften) {
  Replay replay({.capacity = 10, .discount = 1}, 1, 2, 1);
  ClockWorld world;
  for (int k = 0; k < 10; ++k) world.step(replay, 0, 0);
  std::vector<int> counts(10);
  Minibatch<float> rows(100, 2, 1);
  for (std::uint32_t draw = 0; draw < 100; ++draw) {
    replay.sample({7, 1}, draw, rows);
    for (int k = 0; k < 100; ++k) ++counts[static_cast<size_t>(rows.transitions().observations(k, 0))];
  }
  double chi_square = 0;
  for (const int count : counts) chi_square += (count - 1000.0) * (count - 1000.0) / 1000;
  EXPECT_LT(chi_square, 27.9);  // 9 degrees of freedom: exceeded by chance once in a thousand
}

TEST(Replay, ContinuesFromSavedBytes) {
  const ReplayConfig config{.capacity = 9000, .lookahead = 2, .discount = 0.9};  // more than two chunks
  Replay straight(config, 2, 2, 1), resumed(config, 2, 2, 1);
  ClockWorld worlds[2];
  const auto run = [&](Replay& replay, ClockWorld* pair, int steps) {
    for (int k = 0; k < steps; ++k) {
      for (int world = 0; world < 2; ++world) pair[world].step(replay, world, static_cast<float>(k), false, k % 7 == 6);
    }
  };
  run(straight, worlds, 5001);
  ByteWriter out("replay", 1);
  straight.save(out);
  const auto bytes = std::move(out).finish();
  ByteReader in(bytes, "replay", 1, "a test");
  resumed.load(in);
  in.expect_end();
  ClockWorld copies[2] = {worlds[0], worlds[1]};
  run(straight, worlds, 100);
  run(resumed, copies, 100);
  Minibatch<float> expected(256, 2, 1), found(256, 2, 1);
  straight.sample({3, 3}, 1, expected);
  resumed.sample({3, 3}, 1, found);
  for (int k = 0; k < 256; ++k) {
    EXPECT_EQ(found.transitions().observations(k, 0), expected.transitions().observations(k, 0));
    EXPECT_EQ(found.transitions().rewards[static_cast<size_t>(k)],
              expected.transitions().rewards[static_cast<size_t>(k)]);
  }
}

TEST(Replay, RefusesSavedBytesOfAnotherCapacity) {
  Replay large({.capacity = 50}, 1, 2, 1), small({.capacity = 5}, 1, 2, 1);
  ClockWorld world;
  for (int k = 0; k < 20; ++k) world.step(large, 0, 0);
  ByteWriter out("replay", 1);
  large.save(out);
  const auto bytes = std::move(out).finish();
  ByteReader in(bytes, "replay", 1, "a test");
  EXPECT_THROW(small.load(in), Error);
}

TEST(Replay, RefusesToDrawFromNothing) {
  const Replay replay({}, 1, 2, 1);
  Minibatch<float> rows(4, 2, 1);
  EXPECT_THROW(replay.sample({1, 1}, 0, rows), Error);
}

}  // namespace
}  // namespace lockstep::agents
