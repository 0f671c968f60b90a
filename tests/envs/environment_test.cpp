// Tests what every environment promises, task by task: episodes, resets, faults, saving, and independence of how it
// runs.
#include "engine/error.h"
#include "engine/isa.h"
#include "envs/env.h"
#include "tests/envs/stepped_environment.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::envs {
namespace {

// Number `i` of a world's action at a step, somewhere in its range: a hash, the same for any number of worlds.
float action_of(const TaskSpec& spec, int world, int step, int i) {
  std::uint32_t h = static_cast<std::uint32_t>(world) * 0x9e3779b9u + static_cast<std::uint32_t>(step) * 0x85ebca6bu +
                    static_cast<std::uint32_t>(i) * 0xc2b2ae35u;
  h = (h ^ (h >> 15)) * 0x2c1b3c6du;
  h = (h ^ (h >> 12)) * 0x297a2d39u;
  const double share = static_cast<double>(h ^ (h >> 15)) * 0x1p-32;
  if (spec.discrete_actions > 0) return std::floor(static_cast<float>(share * spec.discrete_actions));
  const auto number = static_cast<std::size_t>(i);
  return static_cast<float>(spec.action_low[number] + (spec.action_high[number] - spec.action_low[number]) * share);
}

std::vector<float> actions_of(const Environment& env, int step) {
  std::vector<float> actions;
  for (int world = 0; world < env.config().num_worlds; ++world) {
    for (int i = 0; i < env.spec().action_size; ++i) actions.push_back(action_of(env.spec(), world, step, i));
  }
  return actions;
}

void run(Environment& env, int first, int last) {
  for (int k = first; k < last; ++k) step(env, actions_of(env, k));
}

// All that is seen of one world after a step.
struct Seen {
  std::vector<double> state;
  std::vector<float> observation;
  float reward, final_return;
  int terminated, truncated;
  bool operator==(const Seen&) const = default;
};
Seen see(const Environment& env, int world) {
  const auto w = static_cast<std::size_t>(world);
  return {state(env, world),     observation(env, world), env.reward()[w],
          env.final_return()[w], env.terminated()[w],     env.truncated()[w]};
}

class EnvironmentOf : public testing::TestWithParam<std::string> {
 protected:
  static std::unique_ptr<Environment> make(EnvironmentConfig config) { return make_environment(GetParam(), config); }
};

TEST_P(EnvironmentOf, StartsTheFirstEpisodeByItselfAndByTheFirstReset) {
  const auto env = make({.num_worlds = 5, .seed = 3});
  const auto before = see(*env, 4);
  env->reset();
  EXPECT_EQ(see(*env, 4), before);
  env->reset();
  EXPECT_NE(see(*env, 4).state, before.state) << "the second episode starts as the first did";
}

TEST_P(EnvironmentOf, DrawsAnotherStartForAnotherSeedAndWorld) {
  const auto one = make({.num_worlds = 2, .seed = 1}), two = make({.num_worlds = 2, .seed = 2});
  EXPECT_NE(state(*one, 0), state(*two, 0));
  EXPECT_NE(state(*one, 0), state(*one, 1));
}

TEST_P(EnvironmentOf, EndsAnEpisodeOnceAndStartsTheNext) {
  if (make({})->spec().episode_steps == 0) GTEST_SKIP() << "without a time limit random actions end no episode";
  const auto env = make({.num_worlds = 3, .seed = 5, .precision = "double"});
  const auto twin = make({.num_worlds = 3, .seed = 5, .precision = "double", .auto_reset = false});
  double sum = 0;
  int steps = 0;
  bool ended = false;
  while (!ended) {
    const auto actions = actions_of(*env, steps++);
    step(*env, actions);
    step(*twin, actions);
    sum += static_cast<double>(env->reward()[1]);
    ended = env->terminated()[1] != 0 || env->truncated()[1] != 0;
    ASSERT_EQ(env->reward()[1], twin->reward()[1]) << "step " << steps;
    ASSERT_LE(steps, env->spec().episode_steps);
  }
  EXPECT_EQ(env->truncated()[1] != 0, steps == env->spec().episode_steps);
  EXPECT_NEAR(env->final_return()[1], sum, 1e-6 * std::max(1.0, std::abs(sum)));
  for (int i = 0; i < env->spec().observation_size; ++i) {
    EXPECT_EQ(env->final_observation()(1, i), twin->observation()(1, i)) << "the last observation, " << i;
  }
  const auto fresh = make({.num_worlds = 3, .seed = 5, .precision = "double"});
  fresh->reset();
  fresh->reset();
  EXPECT_EQ(state(*env, 1), state(*fresh, 1)) << "the second episode's start";
  EXPECT_EQ(observation(*env, 1), observation(*fresh, 1));
  step(*env, actions_of(*env, steps));
  EXPECT_EQ(env->final_return()[1], 0) << "given again after the end";
}

TEST_P(EnvironmentOf, DoesNotDependOnThreadsOrNumberOfWorlds) {
  const auto few = make({.num_worlds = 37, .seed = 11});
  const auto many = make({.num_worlds = 530, .seed = 11, .threads = 2});
  for (int k = 0; k < 60; ++k) {
    run(*few, k, k + 1);
    run(*many, k, k + 1);
    for (int world = 0; world < 37; ++world) ASSERT_EQ(see(*few, world), see(*many, world)) << world << ", step " << k;
  }
}

// One world at every place in the lanes, and in the last, partly filled block.
TEST_P(EnvironmentOf, EndsAWorldWithABadActionAndLeavesItsNeighboursAlone) {
  constexpr int kWorlds = 19;
  const auto env = make({.num_worlds = kWorlds, .seed = 2});
  run(*env, 0, 3);
  const auto before = env->save();
  run(*env, 3, 4);
  run(*env, 4, 8);
  std::vector<Seen> calm;
  for (int world = 0; world < kWorlds; ++world) calm.push_back(see(*env, world));
  for (int bad = 0; bad < kWorlds; ++bad) {
    env->load(before);
    auto actions = actions_of(*env, 3);
    actions[static_cast<std::size_t>(bad * env->spec().action_size)] =
        bad % 2 == 0 ? std::numeric_limits<float>::quiet_NaN() : std::numeric_limits<float>::infinity();
    step(*env, actions);
    EXPECT_EQ(env->faults(), 1);
    EXPECT_EQ(env->truncated()[static_cast<std::size_t>(bad)], 1);
    EXPECT_EQ(env->terminated()[static_cast<std::size_t>(bad)], 0);
    EXPECT_EQ(env->reward()[static_cast<std::size_t>(bad)], 0);
    for (const float number : observation(*env, bad)) EXPECT_TRUE(std::isfinite(number));
    run(*env, 4, 8);
    for (int world = 0; world < kWorlds; ++world) {
      if (world == bad) continue;
      ASSERT_EQ(see(*env, world), calm[static_cast<std::size_t>(world)]) << "world " << world << " beside " << bad;
    }
  }
}

TEST_P(EnvironmentOf, EndsAWorldWithABadStateAndLeavesItsNeighboursAlone) {
  constexpr int kWorlds = 19;
  const auto env = make({.num_worlds = kWorlds, .seed = 2});
  const auto before = env->save();
  run(*env, 0, 5);
  std::vector<Seen> calm;
  for (int world = 0; world < kWorlds; ++world) calm.push_back(see(*env, world));
  for (int bad = 0; bad < kWorlds; ++bad) {
    env->load(before);
    auto x = state(*env, bad);
    x[static_cast<std::size_t>(bad) % x.size()] =
        bad % 2 == 0 ? std::numeric_limits<double>::quiet_NaN() : std::numeric_limits<double>::infinity();
    env->set_state(bad, x);
    run(*env, 0, 1);
    EXPECT_EQ(env->faults(), 1) << "world " << bad;
    EXPECT_EQ(env->truncated()[static_cast<std::size_t>(bad)], 1);
    for (const double number : state(*env, bad)) EXPECT_TRUE(std::isfinite(number));
    run(*env, 1, 5);
    EXPECT_EQ(env->faults(), 1);
    for (int world = 0; world < kWorlds; ++world) {
      if (world == bad) continue;
      ASSERT_EQ(see(*env, world), calm[static_cast<std::size_t>(world)]) << "world " << world << " beside " << bad;
    }
  }
}

TEST_P(EnvironmentOf, ContinuesBitForBitWhereItWasSaved) {
  const auto env = make({.num_worlds = 21, .seed = 9});
  run(*env, 0, 40);
  const auto bytes = env->save();
  const auto other = make({.num_worlds = 21, .seed = 1, .threads = 2});
  run(*other, 0, 7);
  other->load(bytes);
  EXPECT_EQ(other->save(), bytes);
  for (int world = 0; world < 21; ++world) EXPECT_EQ(see(*other, world), see(*env, world));
  run(*env, 40, 90);
  run(*other, 40, 90);
  for (int world = 0; world < 21; ++world) EXPECT_EQ(see(*other, world), see(*env, world)) << "world " << world;
  EXPECT_EQ(other->save(), env->save());
}

TEST_P(EnvironmentOf, RefusesASavedStateThatIsCutShortOrOfAnotherSize) {
  const auto env = make({.num_worlds = 3});
  const auto bytes = env->save();
  for (const std::size_t size : {std::size_t{0}, std::size_t{3}, bytes.size() / 2, bytes.size() - 1}) {
    EXPECT_THROW(env->load(std::span(bytes).first(size)), Error) << size << " bytes";
  }
  EXPECT_THROW(make({.num_worlds = 4})->load(bytes), Error);
  EXPECT_THROW(make({.num_worlds = 3, .precision = "double"})->load(bytes), Error);
}

TEST_P(EnvironmentOf, DescribesItselfCompletely) {
  const auto env = make({});
  const TaskSpec& spec = env->spec();
  const auto nx = static_cast<std::size_t>(spec.state_size);
  EXPECT_EQ(spec.state_names.size(), nx);
  EXPECT_EQ(spec.state_is_angle.size(), nx);
  EXPECT_EQ(spec.state_low.size(), nx);
  EXPECT_EQ(spec.state_high.size(), nx);
  EXPECT_EQ(spec.action_low.size(), static_cast<std::size_t>(spec.action_size));
  EXPECT_EQ(spec.action_high.size(), static_cast<std::size_t>(spec.action_size));
  EXPECT_EQ(spec.observation_names.size(), static_cast<std::size_t>(spec.observation_size));
  EXPECT_FALSE(spec.summary.empty());
  EXPECT_FALSE(spec.source.empty());
  EXPECT_GT(spec.control_timestep, 0);
  EXPECT_NE(env->backend_report(), "");
}

std::vector<std::string> task_names() {
  std::vector<std::string> names;
  // Systems share all but their equations: three of them will do.
  for (const Entry* const entry : entries()) {
    if (entry->system == nullptr) names.emplace_back(entry->name);
  }
  for (const char* const system : {"duffing-controlled", "lorenz63-controlled", "chua-controlled"}) {
    names.emplace_back(system);
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(Tasks, EnvironmentOf, testing::ValuesIn(task_names()), [](const auto& task) {
  std::string name = task.param;
  std::ranges::replace(name, '-', '_');
  return name;
});

// Cut at times of their own, from the same starts as ever; the episodes after those are whole.
TEST(Stagger, CutsFirstEpisodesEarlyAndNoneAfterThem) {
  constexpr int kWorlds = 40, kLimit = 200;  // of the pendulum
  const auto usual = make_environment("pendulum-v1", {.num_worlds = kWorlds, .seed = 5});
  const auto staggered = make_environment("pendulum-v1", {.num_worlds = kWorlds, .seed = 5, .stagger_episodes = true});
  EXPECT_TRUE(std::equal(usual->observation().data_handle(), usual->observation().data_handle() + 3 * kWorlds,
                         staggered->observation().data_handle()));
  std::vector<int> first(kWorlds), second(kWorlds);
  for (int k = 1; k <= 2 * kLimit; ++k) {
    step(*staggered, actions_of(*staggered, k));
    for (std::size_t world = 0; world < kWorlds; ++world) {
      if (staggered->truncated()[world] == 0) continue;
      EXPECT_EQ(staggered->terminated()[world], 0);
      if (first[world] == 0) {
        first[world] = k;
      } else if (second[world] == 0) {
        second[world] = k;
      }
    }
  }
  for (std::size_t world = 0; world < kWorlds; ++world) {
    EXPECT_GE(first[world], 1);
    EXPECT_LE(first[world], kLimit);
    EXPECT_EQ(second[world], first[world] + kLimit);
  }
  std::ranges::sort(first);
  EXPECT_LT(first[4], 60);    // a tenth of them within the first three tenths,
  EXPECT_GT(first[35], 140);  // and as many in the last ones
}

TEST(MakeEnvironment, UnderstandsTheSuitesOwnSpelling) {
  EXPECT_EQ(find("CartPole-v1").name, "cartpole-v1");
  EXPECT_EQ(find("MountainCarContinuous-v0").name, "mountain-car-continuous-v0");
  EXPECT_EQ(find("cartpole/swingup").name, "cartpole-swingup");
  EXPECT_EQ(find("cartpole_swingup_sparse").name, "cartpole-swingup_sparse");
  EXPECT_EQ(find("InvertedPendulum-v5").name, "inverted-pendulum-v5");
  EXPECT_EQ(find("HumanoidStandup-v5").name, "humanoid-standup-v5");
  EXPECT_EQ(find("ball_in_cup/catch").name, "ball_in_cup-catch");
}

TEST(MakeEnvironment, RefusesAnUnknownTaskAndSaysTheNearest) {
  try {
    (void)make_environment("cartpole-swinup", {});
    FAIL() << "expected Error";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find("cartpole-swinup"), std::string::npos);
    EXPECT_NE(error.fix().find("'cartpole-swingup'"), std::string::npos);
  }
}

TEST(MakeEnvironment, RefusesBadSettings) {
  EXPECT_THROW((void)make_environment("pendulum-v1", {.num_worlds = 0}), Error);
  EXPECT_THROW((void)make_environment("pendulum-v1", {.precision = "half"}), Error);
  EXPECT_THROW((void)make_environment("pendulum-v1", {.backend = "gpu"}), Error);
  EXPECT_THROW((void)make_environment("pendulum-v1", {.threads = 0}), Error);
  EXPECT_THROW((void)make_environment("pendulum-v1", {.backend = "mujoco"}), Error);
}

// Both backends follow the same equations; the fallback's blocks also run the kernels of other lane widths.
TEST(MakeEnvironment, GivesTheSameMotionOnMujocoItself) {
  const EnvironmentConfig config{.num_worlds = 5, .seed = 8, .backend = "cpu", .precision = "double"};
  EnvironmentConfig other = config;
  other.backend = "mujoco";
  const auto native = make_environment("cartpole-swingup", config);
  const auto fallback = make_environment("cartpole-swingup", other);
  EXPECT_NE(native->backend_report(), fallback->backend_report());
  for (int k = 0; k < 50; ++k) {
    run(*native, k, k + 1);
    run(*fallback, k, k + 1);
    for (int world = 0; world < 5; ++world) {
      const auto x = state(*native, world), y = state(*fallback, world);
      for (std::size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(x[i], y[i], 1e-10) << "world " << world << ", step " << k;
      ASSERT_NEAR(native->reward()[static_cast<std::size_t>(world)],
                  fallback->reward()[static_cast<std::size_t>(world)], 1e-6);
    }
  }
}

// What tasks read beside the state, from both backends: arrays of mjData, contact forces, places and touch; starts that
// are chosen by contacts. The solvers stop at tolerances of 1e-8, which ten steps of contacts amplify.
TEST(MakeEnvironment, GivesTheSameObservationsOnMujocoItself) {
  for (const char* const task : {"ant-v5", "reacher-v5", "hopper-hop", "finger-turn_easy", "walker-walk",
                                 "quadruped-walk", "quadruped-escape"}) {
    const auto native = make_environment(task, {.num_worlds = 3, .seed = 8, .backend = "cpu", .precision = "double"});
    const auto fallback =
        make_environment(task, {.num_worlds = 3, .seed = 8, .backend = "mujoco", .precision = "double"});
    for (int k = 0; k < 10; ++k) {
      for (int world = 0; world < 3; ++world) {
        const auto found = observation(*fallback, world), expected = observation(*native, world);
        for (std::size_t i = 0; i < expected.size(); ++i) {
          ASSERT_NEAR(found[i], expected[i], 1e-5f * std::max(1.0f, std::abs(expected[i])))
              << task << ", world " << world << ", step " << k << ", " << native->spec().observation_names[i];
        }
      }
      run(*native, k, k + 1);
      run(*fallback, k, k + 1);
    }
  }
}

// Draws are the same words in every instruction set; a start is a sum of them, and may be rounded once more or less.
TEST(MakeEnvironment, StartsTheSameEpisodesInEveryInstructionSet) {
  const auto starts = [](const char* task, const char* isa) {
    setenv("LOCKSTEP_ISA", isa, 1);
    const auto env = make_environment(task, {.num_worlds = 21, .seed = 8});
    unsetenv("LOCKSTEP_ISA");
    env->reset();
    env->reset();
    std::vector<double> numbers;
    for (int world = 0; world < 21; ++world) {
      const auto x = state(*env, world);
      numbers.insert(numbers.end(), x.begin(), x.end());
    }
    return numbers;
  };
  for (const char* const task : {"cartpole-v1", "pendulum-v1", "acrobot-swingup", "quadrotor", "walker-walk"}) {
    SCOPED_TRACE(task);
    const auto baseline = starts(task, "baseline");
    for (int isa = 1; isa <= static_cast<int>(best_isa()); ++isa) {
      const auto found = starts(task, std::string(isa_name(static_cast<Isa>(isa))).c_str());
      ASSERT_EQ(found.size(), baseline.size());
      for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], baseline[i], 1e-6) << i;
    }
  }
}

TEST(MakeEnvironment, RefusesAModelWithoutTheSensorThatTheTaskReads) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "lockstep_model_without_sensor";
  std::filesystem::create_directories(folder / "dm_control" / "suite");
  std::ofstream(folder / "dm_control" / "suite" / "cheetah.xml")
      << "<mujoco><worldbody><body><joint/><geom size='0.1'/></body></worldbody></mujoco>";
  setenv("LOCKSTEP_MODELS", folder.c_str(), 1);
  std::string problem, where;
  try {
    (void)make_environment("cheetah-run", {});
  } catch (const Error& error) {
    problem = error.problem();
    where = error.where();
  }
  unsetenv("LOCKSTEP_MODELS");
  std::filesystem::remove_all(folder);
  EXPECT_NE(problem.find("torso_subtreelinvel"), std::string::npos) << problem;
  EXPECT_NE(where.find("cheetah.xml"), std::string::npos) << where;
}

TEST(MakeEnvironment, RefusesAModelWithoutAPartThatTheSuiteTakesOut) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "lockstep_model_without_part";
  std::filesystem::create_directories(folder / "dm_control" / "suite");
  std::ofstream(folder / "dm_control" / "suite" / "stacker.xml")
      << "<mujoco><worldbody><body><joint/><geom size='0.1'/></body></worldbody></mujoco>";
  setenv("LOCKSTEP_MODELS", folder.c_str(), 1);
  std::string problem, where;
  try {
    (void)make_environment("stacker-stack_2", {});
  } catch (const Error& error) {
    problem = error.problem();
    where = error.where();
  }
  unsetenv("LOCKSTEP_MODELS");
  std::filesystem::remove_all(folder);
  EXPECT_NE(problem.find("body 'box2'"), std::string::npos) << problem;
  EXPECT_NE(where.find("stacker.xml"), std::string::npos) << where;
}

TEST(MakeEnvironment, RefusesAModelThatIsNotTheSuites) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "lockstep_other_model";
  std::filesystem::create_directories(folder / "dm_control" / "suite");
  std::ofstream(folder / "dm_control" / "suite" / "pendulum.xml")
      << "<mujoco><option timestep='0.01'/><worldbody><body><joint name='hinge' axis='0 1 0'/><geom size='0.1'/></body>"
         "</worldbody><actuator><motor joint='hinge' ctrlrange='-1 1'/></actuator></mujoco>";
  setenv("LOCKSTEP_MODELS", folder.c_str(), 1);
  std::string problem, where;
  try {
    (void)make_environment("pendulum-swingup", {});
  } catch (const Error& error) {
    problem = error.problem();
    where = error.where();
  }
  unsetenv("LOCKSTEP_MODELS");
  std::filesystem::remove_all(folder);
  EXPECT_NE(problem.find("timestep 0.01"), std::string::npos) << problem;
  EXPECT_NE(where.find("pendulum.xml"), std::string::npos) << where;
}

TEST(MakeEnvironment, RefusesTheSavedStateOfAnotherTask) {
  const auto bytes = make_environment("pendulum-v1", {})->save();
  try {
    make_environment("cartpole-v1", {})->load(bytes);
    FAIL() << "expected Error";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find("pendulum-v1"), std::string::npos);
  }
}

}  // namespace
}  // namespace lockstep::envs
