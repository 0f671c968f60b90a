// Tests XLand tasks behind the interface that every task has: names, episodes, faults, saving.
#include "engine/error.h"
#include "envs/env.h"
#include "envs/xland/grid_environment.h"
#include "envs/xland/ruleset_file.h"
#include "envs/xland/ruleset_generator.h"
#include "envs/xland/tasks.h"
#include "tests/envs/stepped_environment.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::envs {
namespace {

constexpr const char* kTask = "xland-r1-9x9";

std::unique_ptr<Environment> make(EnvironmentConfig config, const std::string& task = kTask) {
  return make_environment(task, config);
}
std::vector<float> actions_of(const Environment& env, int step) {
  std::vector<float> actions;
  for (int world = 0; world < env.config().num_worlds; ++world) {
    const std::uint32_t h = static_cast<std::uint32_t>(world * 7919 + step * 104729) * 0x9e3779b9u;
    actions.push_back(static_cast<float>((h >> 16) % 6));
  }
  return actions;
}
void run(Environment& env, int first, int last) {
  for (int k = first; k < last; ++k) step(env, actions_of(env, k));
}
std::string problem_of(const std::string& task) {
  try {
    (void)make({}, task);
  } catch (const Error& error) {
    return error.problem() + " | " + error.where() + " | " + error.fix();
  }
  return "";
}

TEST(XlandTasks, AreMadeByNameInAnySpelling) {
  EXPECT_EQ(make({}, "xland-r4-13x13")->spec().name, "xland-r4-13x13");
  EXPECT_EQ(make({}, "XLand-MiniGrid-R9-16x16")->spec().name, "xland-r9-16x16");
  EXPECT_EQ(xland::parse_task("xland-r2-11x11-small-occluded").name, "xland-r2-11x11-small-occluded");
  EXPECT_TRUE(xland::parse_task("xland-r2-11x11-occluded").occluded);
  EXPECT_EQ(xland::parse_task("xland-r2-11x11").set, "trivial");
  for (const xland::ListedTask& task : xland::listed_tasks()) EXPECT_EQ(xland::parse_task(task.name).name, task.name);
}

TEST(XlandTasks, RefuseNamesAndSizesThatAreNone) {
  for (const char* const name : {"xland-", "xland-r3-9x9", "xland-r4", "xland-r4-13x12", "xland-r4-9x9-trivial-more",
                                 "xland-r1-9x9-small:file"}) {
    EXPECT_NE(problem_of(name).find("xland-r4-13x13"), std::string::npos) << name << ": " << problem_of(name);
  }
  EXPECT_NE(problem_of("xland-r4-13x13-hihg").find("'high'"), std::string::npos);
  EXPECT_NE(problem_of("xland-r9-14x14").find("3 k + 4"), std::string::npos);
  EXPECT_NE(problem_of("xland-r1-999x999").find("255"), std::string::npos);
  EXPECT_NE(problem_of("xland-r1-9x9:nowhere.rulesets").find("nowhere.rulesets"), std::string::npos);
  EXPECT_THROW((void)make({.backend = "cuda"}), Error);
  EXPECT_THROW((void)make({.num_worlds = 0}), Error);
  EXPECT_THROW((void)make({.randomise = "body_mass *= uniform(1, 2)"}), Error);
  EXPECT_THROW((void)make({.wrapping = {.frame_stack = 2}}), Error);
}

TEST(XlandTasks, TakeRulesetsFromAFile) {
  const std::filesystem::path file = std::filesystem::path(testing::TempDir()) / "Xland_Environment.rulesets";
  xland::save_rulesets(file, xland::generate_rulesets(xland::published_set("small"), 7, 3));
  const auto env = make({}, "XLAND-R1-9x9:" + file.string());
  EXPECT_NE(env->backend_report().find("7 rulesets"), std::string::npos) << env->backend_report();
  std::filesystem::remove(file);
}

TEST(XlandEnvironment, DescribesItselfCompletely) {
  const auto env = make({});
  const TaskSpec& spec = env->spec();
  const auto nx = static_cast<std::size_t>(spec.state_size);
  EXPECT_EQ(nx, 5u + 2 * 81);
  EXPECT_EQ(spec.observation_size, 50);
  EXPECT_EQ(spec.discrete_actions, 6);
  EXPECT_EQ(spec.episode_steps, 243);
  EXPECT_EQ(spec.state_names.size(), nx);
  EXPECT_EQ(spec.state_is_angle.size(), nx);
  EXPECT_EQ(spec.state_low.size(), nx);
  EXPECT_EQ(spec.state_high.size(), nx);
  EXPECT_EQ(spec.observation_names.size(), 50u);
}

TEST(XlandEnvironment, ShowsTheBytesOfTheWorldsAsNumbers) {
  const xland::GridEnvironment env(xland::parse_task(kTask), {.num_worlds = 300});
  for (int world = 0; world < 300; ++world) {
    for (int i = 0; i < 50; ++i) {
      ASSERT_EQ(env.observation()(world, i), env.worlds().observation()[static_cast<std::size_t>(50 * world + i)]);
    }
  }
}

TEST(XlandEnvironment, StartsTheFirstEpisodeByItselfAndByTheFirstReset) {
  const auto env = make({.num_worlds = 5, .seed = 3});
  const auto before = state(*env, 4);
  env->reset();
  EXPECT_EQ(state(*env, 4), before);
  env->reset();
  EXPECT_NE(state(*env, 4), before);
  EXPECT_NE(state(*make({.num_worlds = 5, .seed = 4}), 4), before);
}

TEST(XlandEnvironment, EndsAnEpisodeOnceAndStartsTheNext) {
  const auto env = make({.num_worlds = 9, .seed = 5});
  const auto twin = make({.num_worlds = 9, .seed = 5, .auto_reset = false});
  int steps = 0;
  while (env->terminated()[1] == 0 && env->truncated()[1] == 0) {
    const auto actions = actions_of(*env, steps++);
    step(*env, actions);
    step(*twin, actions);
    ASSERT_LE(steps, env->spec().episode_steps);
  }
  EXPECT_EQ(env->reward()[1], twin->reward()[1]);
  EXPECT_EQ(env->final_return()[1], env->reward()[1]);
  EXPECT_EQ(env->truncated()[1] != 0, steps == env->spec().episode_steps);
  EXPECT_EQ(env->reward()[1] > 0, env->terminated()[1] != 0);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(env->final_observation()(1, i), twin->observation()(1, i));
  EXPECT_NE(state(*env, 1), state(*twin, 1));
  run(*env, steps, steps + 1);
  EXPECT_EQ(env->final_return()[1], 0);
}

TEST(XlandEnvironment, EndsAWorldWithABadActionOrStateAndLeavesItsNeighboursAlone) {
  constexpr int kWorlds = 40;
  const auto calm = make({.num_worlds = kWorlds, .seed = 2});
  run(*calm, 0, 6);
  for (int bad = 0; bad < kWorlds; bad += 3) {
    const auto env = make({.num_worlds = kWorlds, .seed = 2});
    run(*env, 0, 3);
    auto actions = actions_of(*env, 3);
    if (bad % 2 == 0) {
      actions[static_cast<std::size_t>(bad)] = std::numeric_limits<float>::quiet_NaN();
    } else {
      auto x = state(*env, bad);
      x[static_cast<std::size_t>(bad)] = std::numeric_limits<double>::infinity();
      env->set_state(bad, x);
    }
    step(*env, actions);
    EXPECT_EQ(env->faults(), 1);
    EXPECT_EQ(env->truncated()[static_cast<std::size_t>(bad)], 1);
    EXPECT_EQ(env->terminated()[static_cast<std::size_t>(bad)], 0);
    EXPECT_EQ(env->reward()[static_cast<std::size_t>(bad)], 0);
    for (const double number : state(*env, bad)) EXPECT_TRUE(std::isfinite(number));
    run(*env, 4, 6);
    EXPECT_EQ(env->faults(), 1);
    for (int world = 0; world < kWorlds; ++world) {
      if (world == bad) continue;
      ASSERT_EQ(state(*env, world), state(*calm, world)) << world << " beside " << bad;
    }
  }
}

TEST(XlandEnvironment, CountsActionsThatDoNotExistAndPassesAStep) {
  xland::GridEnvironment env(xland::parse_task(kTask), {.num_worlds = 2});
  const auto before = state(env, 0);
  step(env, {6, 0});
  step(env, {-3, 0});
  step(env, {1e9f, 2.4f});
  EXPECT_EQ(state(env, 0), before);
  EXPECT_EQ(env.worlds().bad_actions(), 3);
  EXPECT_EQ(env.faults(), 0);
}

TEST(XlandEnvironment, ComesBackFromItsState) {
  const auto env = make({.num_worlds = 3, .seed = 8});
  run(*env, 0, 20);
  const auto other = make({.num_worlds = 3, .seed = 1});
  other->set_state(2, state(*env, 2));
  EXPECT_EQ(state(*other, 2), state(*env, 2));
  EXPECT_EQ(observation(*other, 2), observation(*env, 2));
}

TEST(XlandEnvironment, ContinuesBitForBitWhereItWasSaved) {
  const auto env = make({.num_worlds = 21, .seed = 9});
  run(*env, 0, 300);
  const auto bytes = env->save();
  const auto other = make({.num_worlds = 21, .seed = 1, .threads = 2});
  run(*other, 0, 7);
  other->load(bytes);
  EXPECT_EQ(other->save(), bytes);
  run(*env, 300, 600);
  run(*other, 300, 600);
  EXPECT_EQ(other->save(), env->save());
  for (int world = 0; world < 21; ++world) EXPECT_EQ(observation(*other, world), observation(*env, world));
}

TEST(XlandEnvironment, RefusesASavedStateThatIsNotItsOwn) {
  const auto env = make({.num_worlds = 3});
  const auto bytes = env->save();
  for (const std::size_t size : {std::size_t{0}, bytes.size() / 2, bytes.size() - 1}) {
    EXPECT_THROW(env->load(std::span(bytes).first(size)), Error) << size << " bytes";
  }
  EXPECT_THROW(make({.num_worlds = 4})->load(bytes), Error);
  EXPECT_THROW(make({.num_worlds = 3}, "xland-r1-9x9-small")->load(bytes), Error);
  EXPECT_THROW(make({.num_worlds = 3, .precision = "double"})->load(bytes), Error);
}

TEST(XlandEnvironment, StaggersFirstEpisodesFromTheSameStarts) {
  constexpr int kWorlds = 300;
  const auto usual = make({.num_worlds = kWorlds, .seed = 5});
  const auto staggered = make({.num_worlds = kWorlds, .seed = 5, .stagger_episodes = true});
  EXPECT_EQ(state(*usual, 7), state(*staggered, 7));
  int ended = 0;
  for (int k = 0; k < 81; ++k) {
    run(*staggered, k, k + 1);
    ended += static_cast<int>(std::ranges::count(staggered->truncated(), 1));
  }
  EXPECT_NEAR(ended, kWorlds / 3, 50);
}

TEST(XlandEnvironment, SaysThatAGridHasNothingToPlanWith) {
  EXPECT_THROW((void)make({})->dynamics(), Error);
  EXPECT_THROW((void)make({})->cost(), Error);
}

}  // namespace
}  // namespace lockstep::envs
