// Tests what stands between an agent and a task's worlds: delayed, noisy and repeated actions, time limits, normalised
// and stacked observations, normalised rewards.
#include "engine/error.h"
#include "envs/env.h"
#include "tests/envs/stepped_environment.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::envs {
namespace {

// Number `i` of a world's action at a decision, in the middle half of its range: the same for any number of worlds.
float action_of(const TaskSpec& spec, int world, int decision, int i) {
  const double share = 0.5 + 0.25 * std::sin(1.0 + 2.3 * world + 1.7 * decision + 0.9 * i);
  if (spec.discrete_actions > 0) return std::floor(static_cast<float>(share * spec.discrete_actions));
  const auto number = static_cast<std::size_t>(i);
  return static_cast<float>(spec.action_low[number] + (spec.action_high[number] - spec.action_low[number]) * share);
}
std::vector<float> actions_of(const Environment& env, int decision) {
  std::vector<float> actions;
  for (int world = 0; world < env.config().num_worlds; ++world) {
    for (int i = 0; i < env.spec().action_size; ++i) actions.push_back(action_of(env.spec(), world, decision, i));
  }
  return actions;
}
void run(Environment& env, int first, int last) {
  for (int k = first; k < last; ++k) step(env, actions_of(env, k));
}
std::vector<float> row(View<const float, 2> rows, int world) {
  return {&rows(world, 0), &rows(world, 0) + rows.extent(1)};
}
bool has_ended(const Environment& env, std::size_t world) {
  return env.terminated()[world] != 0 || env.truncated()[world] != 0;
}

TEST(ActionDelay, ShiftsActionsByAsManyDecisions) {
  const auto plain = make_environment("half-cheetah-v5", {.num_worlds = 3, .seed = 2});
  const auto delayed =
      make_environment("half-cheetah-v5", {.num_worlds = 3, .seed = 2, .wrapping = {.action_delay = 2}});
  const std::vector<float> none(18, 0.0f);
  for (int k = 0; k < 12; ++k) {
    step(*plain, k < 2 ? none : actions_of(*plain, k - 2));
    step(*delayed, actions_of(*delayed, k));
    for (int world = 0; world < 3; ++world) {
      EXPECT_EQ(state(*delayed, world), state(*plain, world)) << "decision " << k;
    }
  }
}

TEST(ActionDelay, ForgetsWhatWaitsWhereAnEpisodeEnds) {
  const EnvironmentConfig usual{.num_worlds = 1, .seed = 2, .episode_steps = 5};
  EnvironmentConfig with_delay = usual;
  with_delay.wrapping.action_delay = 3;
  const auto plain = make_environment("pendulum-v1", usual), delayed = make_environment("pendulum-v1", with_delay);
  for (int k = 0; k < 15; ++k) {
    step(*plain, k % 5 < 3 ? std::vector<float>{0} : actions_of(*plain, k - 3));
    step(*delayed, actions_of(*delayed, k));
    EXPECT_EQ(state(*delayed, 0), state(*plain, 0)) << "decision " << k;
  }
}

// From rest upright, where gravity does nothing, the pendulum turns by what acts in one step: 0.15 rad/s per
// N m. Its range is 2 N m.
std::vector<double> noisy_torques(int worlds, std::uint64_t seed, int threads, int decision) {
  const auto env = make_environment("pendulum-v1", {.num_worlds = worlds,
                                                    .seed = seed,
                                                    .precision = "double",
                                                    .threads = threads,
                                                    .wrapping = {.action_noise = 0.25}});
  const std::vector<float> none(static_cast<std::size_t>(worlds), 0.0f);
  for (int k = 0; k < decision; ++k) step(*env, none);
  for (int world = 0; world < worlds; ++world) env->set_state(world, std::vector<double>{0, 0});
  step(*env, none);
  std::vector<double> torques;
  for (int world = 0; world < worlds; ++world) torques.push_back(state(*env, world)[1] / 0.15);
  return torques;
}

TEST(ActionNoise, HasTheDeviationThatIsAskedFor) {
  const std::vector<double> torques = noisy_torques(4000, 1, 1, 0);
  const double mean = std::accumulate(torques.begin(), torques.end(), 0.0) / 4000;
  double square = 0;
  for (const double torque : torques) square += (torque - mean) * (torque - mean) / 4000;
  EXPECT_NEAR(mean, 0, 4 * 0.5 / std::sqrt(4000));  // four deviations of the mean
  EXPECT_NEAR(std::sqrt(square), 0.5, 4 * 0.5 / std::sqrt(2 * 4000));
}

TEST(ActionNoise, DependsOnSeedWorldAndDecisionAlone) {
  const std::vector<double> few = noisy_torques(5, 1, 1, 3), many = noisy_torques(700, 1, 2, 3);
  EXPECT_TRUE(std::equal(few.begin(), few.end(), many.begin()));
  EXPECT_NE(few[0], few[1]);
  EXPECT_NE(few, noisy_torques(5, 2, 1, 3));
  EXPECT_NE(few, noisy_torques(5, 1, 1, 4));
}

TEST(ActionNoise, StaysInTheActionsRange) {
  const auto env = make_environment(
      "pendulum-v1", {.num_worlds = 200, .seed = 1, .precision = "double", .wrapping = {.action_noise = 50}});
  for (int world = 0; world < 200; ++world) env->set_state(world, std::vector<double>{0, 0});
  step(*env, std::vector<float>(200, 0.0f));
  for (int world = 0; world < 200; ++world) EXPECT_LE(std::abs(state(*env, world)[1]), 2 * 0.15 + 1e-12);
}

TEST(ActionNoise, IsRefusedForDiscreteActions) {
  try {
    (void)make_environment("cartpole-v1", {.wrapping = {.action_noise = 0.1}});
    FAIL() << "expected Error";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find("cartpole-v1 are discrete"), std::string::npos) << error.problem();
  }
}

// Tasks that terminate, that have a start in physics, a target, or their own dynamics; limits that no repeat divides.
class ActionRepeat : public testing::TestWithParam<std::string> {
 protected:
  static EnvironmentConfig config(int num_worlds, int repeat) {
    return {.num_worlds = num_worlds, .seed = 3, .episode_steps = 20, .wrapping = {.action_repeat = repeat}};
  }
};

TEST_P(ActionRepeat, SumsRewardsUntilTheEpisodeEnds) {
  const auto plain = make_environment(GetParam(), config(1, 1));
  const auto repeated = make_environment(GetParam(), config(1, 3));
  EXPECT_EQ(repeated->spec().episode_steps, 7);
  EXPECT_NEAR(repeated->spec().control_timestep, 3 * plain->spec().control_timestep, 1e-12);
  int ends = 0;
  for (int k = 0; k < 30; ++k) {
    const std::vector<float> actions = actions_of(*plain, k);
    float reward = 0;
    for (int i = 0; i < 3; ++i) {
      step(*plain, actions);
      reward += plain->reward()[0];
      if (has_ended(*plain, 0)) break;
    }
    step(*repeated, actions);
    ASSERT_EQ(repeated->reward()[0], reward) << "decision " << k;
    ASSERT_EQ(repeated->terminated()[0], plain->terminated()[0]);
    ASSERT_EQ(repeated->truncated()[0], plain->truncated()[0]);
    ASSERT_EQ(repeated->final_return()[0], plain->final_return()[0]);
    ASSERT_EQ(state(*repeated, 0), state(*plain, 0));
    ASSERT_EQ(row(repeated->observation(), 0), row(plain->observation(), 0));
    if (!has_ended(*plain, 0)) continue;
    ++ends;
    ASSERT_EQ(row(repeated->final_observation(), 0), row(plain->final_observation(), 0));
  }
  EXPECT_GE(ends, 3);
}

TEST_P(ActionRepeat, DoesNotDependOnWorldsThatEndBesideIt) {
  const auto few = make_environment(GetParam(), config(2, 3)), many = make_environment(GetParam(), config(41, 3));
  for (int k = 0; k < 25; ++k) {
    run(*few, k, k + 1);
    run(*many, k, k + 1);
    for (int world = 0; world < 2; ++world) {
      ASSERT_EQ(state(*few, world), state(*many, world)) << "world " << world << ", decision " << k;
      ASSERT_EQ(few->reward()[static_cast<std::size_t>(world)], many->reward()[static_cast<std::size_t>(world)]);
      ASSERT_EQ(row(few->observation(), world), row(many->observation(), world));
    }
  }
}

TEST_P(ActionRepeat, LeavesAWorldAtItsLastStateWhereNothingResets) {
  EnvironmentConfig by_hand = config(9, 3);
  by_hand.auto_reset = false;
  const auto env = make_environment(GetParam(), by_hand);
  EnvironmentConfig single = config(9, 1);
  single.auto_reset = false;
  const auto plain = make_environment(GetParam(), single);
  for (int k = 0; k < 6; ++k) run(*env, k, k + 1);
  if (std::ranges::any_of(env->terminated(), [](std::uint8_t mark) { return mark != 0; })) return;
  run(*env, 6, 7);
  for (int k = 0; k < 20; ++k) step(*plain, actions_of(*plain, k / 3));
  for (int world = 0; world < 9; ++world) {
    EXPECT_EQ(env->truncated()[static_cast<std::size_t>(world)], 1);
    EXPECT_EQ(state(*env, world), state(*plain, world));
  }
}

INSTANTIATE_TEST_SUITE_P(Tasks, ActionRepeat,
                         testing::Values("cartpole-v1", "hopper-v5", "reacher-v5", "finger-turn_easy", "pendulum-v1"),
                         [](const auto& task) {
                           std::string name = task.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST(ActionRepeat, IsPartOfTheDynamicsThatPlannersSee) {
  const auto one = make_environment("inverted-pendulum-v5", {.precision = "double"})->dynamics();
  const auto three =
      make_environment("inverted-pendulum-v5", {.precision = "double", .wrapping = {.action_repeat = 3}})->dynamics();
  EXPECT_NEAR(three->timestep(), 3 * one->timestep(), 1e-15);
  std::vector<double> x{0.1, 0.05, -0.2, 0.3}, next(4), A(16), B(4), differences_A(16), differences_B(4);
  const double u = 0.4;
  const View<const double, 2> control(&u, 1, 1);
  three->step(View<const double, 2>(x.data(), 1, 4), control, View<double, 2>(next.data(), 1, 4));
  three->jacobian(View<const double, 2>(x.data(), 1, 4), control, View<double, 3>(A.data(), 1, 4, 4),
                  View<double, 3>(B.data(), 1, 4, 1));
  three->Dynamics::jacobian(View<const double, 2>(x.data(), 1, 4), control,
                            View<double, 3>(differences_A.data(), 1, 4, 4),
                            View<double, 3>(differences_B.data(), 1, 4, 1));
  for (int k = 0; k < 3; ++k) {
    std::vector<double> after(4);
    one->step(View<const double, 2>(x.data(), 1, 4), control, View<double, 2>(after.data(), 1, 4));
    x = after;
  }
  EXPECT_EQ(next, x);
  // Both are centred differences with steps of 6e-6, whose errors are of the order of 1e-10 in numbers up to 20.
  for (std::size_t i = 0; i < 16; ++i) EXPECT_NEAR(A[i], differences_A[i], 1e-7) << i;
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(B[i], differences_B[i], 1e-7) << i;
}

TEST(TimeLimit, IsTheConfigurationsWhereItSaysOne) {
  const auto env = make_environment("pendulum-v1", {.num_worlds = 2, .episode_steps = 7});
  EXPECT_EQ(env->spec().episode_steps, 7);
  for (int k = 1; k <= 21; ++k) {
    run(*env, k, k + 1);
    EXPECT_EQ(env->truncated()[1], k % 7 == 0 ? 1 : 0) << "step " << k;
  }
}

TEST(FrameStack, FillsTheFirstFramesOfAnEpisodeAndShiftsThem) {
  const EnvironmentConfig usual{.num_worlds = 3, .seed = 7, .episode_steps = 6};
  EnvironmentConfig with_stack = usual;
  with_stack.wrapping.frame_stack = 3;
  const auto plain = make_environment("reacher-v5", usual), stacked = make_environment("reacher-v5", with_stack);
  ASSERT_EQ(stacked->spec().observation_size, 30);
  EXPECT_EQ(stacked->spec().observation_names[0], "cos(joint0) (2 before)");
  EXPECT_EQ(stacked->spec().observation_names[20], "cos(joint0)");
  std::vector<std::vector<float>> frames(3, row(plain->observation(), 1));
  const auto together = [&] {
    std::vector<float> all;
    for (const auto& frame : frames) all.insert(all.end(), frame.begin(), frame.end());
    return all;
  };
  EXPECT_EQ(row(stacked->observation(), 1), together());
  for (int k = 1; k <= 14; ++k) {
    run(*plain, k, k + 1);
    run(*stacked, k, k + 1);
    frames.erase(frames.begin());
    frames.push_back(row(k % 6 == 0 ? plain->final_observation() : plain->observation(), 1));
    if (k % 6 == 0) {
      EXPECT_EQ(row(stacked->final_observation(), 1), together()) << "step " << k;
      frames.assign(3, row(plain->observation(), 1));
    }
    EXPECT_EQ(row(stacked->observation(), 1), together()) << "step " << k;
  }
}

TEST(FrameStack, ShowsAStateThatWasSetInAllFrames) {
  const auto env = make_environment("pendulum-v1", {.num_worlds = 2, .wrapping = {.frame_stack = 2}});
  run(*env, 0, 3);
  env->set_state(1, std::vector<double>{0.5, 2.0});
  const std::vector<float> seen = row(env->observation(), 1);
  EXPECT_TRUE(std::equal(seen.begin(), seen.begin() + 3, seen.begin() + 3));
  EXPECT_NEAR(seen[5], 2, 1e-6);
}

// Mean and variance of one column of many rows, in two passes.
struct TwoPass {
  double mean = 0, variance = 0;
  TwoPass(const std::vector<std::vector<float>>& rows, std::size_t column) {
    for (const auto& r : rows) mean += static_cast<double>(r[column]) / static_cast<double>(rows.size());
    for (const auto& r : rows) {
      variance += std::pow(static_cast<double>(r[column]) - mean, 2) / static_cast<double>(rows.size());
    }
  }
};

TEST(NormalisedObservations, AreOnTheScaleOfAllThatWasSeen) {
  constexpr int kWorlds = 37;
  const auto plain = make_environment("hopper-v5", {.num_worlds = kWorlds, .seed = 5});
  const auto statistics = std::make_shared<RunningStatistics>();
  const auto env = make_environment(
      "hopper-v5",
      {.num_worlds = kWorlds, .seed = 5, .wrapping = {.normalise_observations = true}, .statistics = statistics});
  std::vector<std::vector<float>> seen;
  const auto see = [&] {
    for (int world = 0; world < kWorlds; ++world) seen.push_back(row(plain->observation(), world));
  };
  see();
  for (int k = 0; k < 40; ++k) {
    run(*plain, k, k + 1);
    run(*env, k, k + 1);
    see();
  }
  ASSERT_EQ(statistics->observations.count(), static_cast<double>(seen.size()));
  for (std::size_t i = 0; i < 11; ++i) {
    const TwoPass exact(seen, i);
    const int column = static_cast<int>(i);
    EXPECT_NEAR(statistics->observations.mean()[i], exact.mean, 1e-12 * std::max(1.0, std::abs(exact.mean)));
    EXPECT_NEAR(statistics->observations.variance(column), exact.variance, 1e-10 * std::max(1.0, exact.variance));
    const double scaled =
        (static_cast<double>(plain->observation()(4, column)) - exact.mean) / std::sqrt(exact.variance + 1e-8);
    EXPECT_NEAR(env->observation()(4, column), std::clamp(scaled, -10.0, 10.0), 1e-4);
  }
}

TEST(NormalisedObservations, OfAnEndAreOnTheSameScale) {
  EnvironmentConfig config{.num_worlds = 4, .seed = 5, .episode_steps = 9};
  const auto plain = make_environment("pendulum-v1", config);
  config.wrapping.normalise_observations = true;
  config.statistics = std::make_shared<RunningStatistics>();
  const auto env = make_environment("pendulum-v1", config);
  run(*plain, 0, 9);
  run(*env, 0, 9);
  const RunningMoments& known = config.statistics->observations;
  for (int i = 0; i < 3; ++i) {
    EXPECT_NEAR(env->final_observation()(2, i),
                (plain->final_observation()(2, i) - static_cast<float>(known.mean()[static_cast<std::size_t>(i)])) *
                    known.scale(i),
                1e-5);
  }
}

TEST(NormalisedObservations, AreSeenButNotLearnedByAnEnvironmentThatJudges) {
  const auto statistics = std::make_shared<RunningStatistics>();
  const EnvironmentConfig config{
      .num_worlds = 8, .wrapping = {.normalise_observations = true}, .statistics = statistics};
  const auto learner = make_environment("pendulum-v1", config);
  run(*learner, 0, 20);
  const double count = statistics->observations.count();
  EnvironmentConfig for_judge = config;
  for_judge.learns_statistics = false;
  const auto judge = make_environment("pendulum-v1", for_judge);
  run(*judge, 0, 5);
  EXPECT_EQ(statistics->observations.count(), count);
  const auto plain = make_environment("pendulum-v1", {.num_worlds = 8});
  run(*plain, 0, 5);
  const float expected = (plain->observation()(3, 2) - static_cast<float>(statistics->observations.mean()[2])) *
                         statistics->observations.scale(2);
  EXPECT_NEAR(judge->observation()(3, 2), expected, 1e-6);
}

TEST(NormalisedRewards, AreDividedByTheDeviationOfDiscountedReturns) {
  constexpr int kWorlds = 6;
  EnvironmentConfig config{.num_worlds = kWorlds, .seed = 5, .episode_steps = 11};
  const auto plain = make_environment("pendulum-v1", config);
  config.wrapping.normalise_rewards = true;
  config.wrapping.reward_discount = 0.9;
  const auto env = make_environment("pendulum-v1", config);
  std::vector<float> discounted(kWorlds);
  std::vector<std::vector<float>> seen;
  for (int k = 0; k < 30; ++k) {
    run(*plain, k, k + 1);
    run(*env, k, k + 1);
    for (std::size_t world = 0; world < kWorlds; ++world) {
      discounted[world] = plain->reward()[world] + 0.9f * discounted[world];
      seen.push_back({discounted[world]});
    }
    const double deviation = std::sqrt(TwoPass(seen, 0).variance + 1e-8);
    for (std::size_t world = 0; world < kWorlds; ++world) {
      const double expected = std::clamp(static_cast<double>(plain->reward()[world]) / deviation, -10.0, 10.0);
      ASSERT_NEAR(env->reward()[world], expected, 1e-5 * std::max(1.0, std::abs(expected))) << "step " << k;
      EXPECT_EQ(env->final_return()[world], plain->final_return()[world]) << "returns stay in the task's own unit";
      if (has_ended(*plain, world)) discounted[world] = 0;
    }
  }
}

EnvironmentConfig with_everything(int threads) {
  return {.num_worlds = 53,
          .seed = 6,
          .threads = threads,
          .stagger_episodes = true,
          .episode_steps = 31,
          .wrapping = {.action_delay = 2,
                       .action_noise = 0.2,
                       .action_repeat = 2,
                       .normalise_observations = true,
                       .normalise_rewards = true,
                       .frame_stack = 3}};
}

class Wrapped : public testing::TestWithParam<std::string> {};

TEST_P(Wrapped, DoesNotDependOnThreads) {
  const auto one = make_environment(GetParam(), with_everything(1)),
             three = make_environment(GetParam(), with_everything(3));
  run(*one, 0, 40);
  run(*three, 0, 40);
  EXPECT_EQ(one->save(), three->save());
}

TEST_P(Wrapped, ContinuesBitForBitWhereItWasSaved) {
  const auto env = make_environment(GetParam(), with_everything(1));
  run(*env, 0, 25);
  const auto bytes = env->save();
  EnvironmentConfig other_seed = with_everything(2);
  other_seed.seed = 1;
  const auto other = make_environment(GetParam(), other_seed);
  run(*other, 0, 3);
  other->load(bytes);
  EXPECT_EQ(other->save(), bytes);
  for (int world = 0; world < 53; ++world) {
    ASSERT_EQ(row(other->observation(), world), row(env->observation(), world));
  }
  run(*env, 25, 60);
  run(*other, 25, 60);
  for (int world = 0; world < 53; ++world) {
    ASSERT_EQ(row(other->observation(), world), row(env->observation(), world)) << "world " << world;
  }
  EXPECT_EQ(other->save(), env->save());
}

TEST_P(Wrapped, RefusesTheSavedStateOfAnEnvironmentThatIsNot) {
  EnvironmentConfig plain = with_everything(1);
  plain.wrapping = {};
  const auto bytes = make_environment(GetParam(), plain)->save();
  EXPECT_THROW(make_environment(GetParam(), with_everything(1))->load(bytes), Error);
}

INSTANTIATE_TEST_SUITE_P(Tasks, Wrapped,
                         testing::Values("pendulum-v1", "hopper-v5", "reacher-v5", "duffing-controlled"),
                         [](const auto& task) {
                           std::string name = task.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST(Wrapping, RefusesSettingsOutsideTheirRange) {
  EXPECT_THROW((void)make_environment("pendulum-v1", {.wrapping = {.action_repeat = 0}}), Error);
  EXPECT_THROW((void)make_environment("pendulum-v1", {.wrapping = {.frame_stack = 0}}), Error);
  EXPECT_THROW((void)make_environment("pendulum-v1", {.wrapping = {.action_delay = -1}}), Error);
  EXPECT_THROW((void)make_environment("pendulum-v1", {.episode_steps = -1}), Error);
}

}  // namespace
}  // namespace lockstep::envs
