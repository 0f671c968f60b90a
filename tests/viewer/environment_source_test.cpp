// Tests of viewer/environment_source.h: tasks and recorded episodes as worlds to show.
#include "viewer/environment_source.h"
#include "engine/error.h"
#include "envs/env.h"

#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::viewer {
namespace {

std::unique_ptr<SceneSource> cartpole(int worlds) {
  return make_environment_source(envs::make_environment, "cartpole-v1",
                                 {.num_worlds = worlds, .seed = 7, .precision = "double"});
}

// Every world gets the same control for `steps` steps.
void push(SceneSource& source, double control, int steps) {
  std::vector<double> controls(static_cast<std::size_t>(source.num_worlds()), control);
  for (int k = 0; k < steps; ++k) source.step(View<const double, 2>(controls.data(), source.num_worlds(), 1));
}

struct Pose {
  std::array<double, 2> qpos{}, qvel{};
  bool operator==(const Pose&) const = default;
};
Pose pose(const SceneSource& source, int world) {
  Pose p;
  source.read_pose(world, p.qpos, p.qvel);
  return p;
}

std::vector<double> signals(const SceneSource& source, int world) {
  std::vector<double> values(source.signals().size());
  source.read_signals(world, values);
  return values;
}

TEST(EnvironmentSource, PosesWhatTheStateSays) {
  const auto source = cartpole(2);
  source->reset();
  const Pose wanted{.qpos = {0.5, -0.1}, .qvel = {1.5, 0.25}};
  source->write_pose(1, wanted.qpos, wanted.qvel);
  EXPECT_EQ(pose(*source, 1), wanted);
  const std::vector<double> values = signals(*source, 1);  // reward, return, x, x_dot, theta, theta_dot, since end
  EXPECT_EQ(std::vector<double>(values.begin() + 2, values.end() - 1), (std::vector<double>{0.5, 1.5, -0.1, 0.25}));
}

TEST(EnvironmentSource, AddsUpTheReturnAndBeginsAnewAfterAnEpisode) {
  const auto source = cartpole(1);
  source->reset();
  double before = 0;
  int steps = 0, ends = 0;
  for (; steps < 60; ++steps) {  // pushed to one side the pole falls within 12 steps or so
    push(*source, 1, 1);
    const double now = signals(*source, 0)[1];
    if (now == 1 && before > 1) {
      ++ends;
    } else {
      EXPECT_EQ(now, before + 1);
    }
    before = now;
  }
  EXPECT_GE(ends, 3);
}

TEST(EnvironmentSource, GoesOnFromASavedMomentToTheSameStates) {
  const auto source = cartpole(5);
  source->reset();
  push(*source, 0, 5);
  const std::vector<std::byte> saved = source->save();
  push(*source, 1, 20);
  const Pose reached = pose(*source, 4);
  const std::vector<double> reached_signals = signals(*source, 4);
  source->load(saved);
  EXPECT_NE(pose(*source, 4), reached);
  push(*source, 1, 20);
  EXPECT_EQ(pose(*source, 4), reached);
  EXPECT_EQ(signals(*source, 4), reached_signals);
}

// An episode of cartpole-v1 whose cart moves 0.1 m a step; the model's prediction starts at step 1.
agents::Episode recorded(int steps) {
  const double none = std::numeric_limits<double>::quiet_NaN();
  agents::Episode episode;
  episode.state_size = 4;
  episode.action_size = 1;
  episode.steps = steps;
  for (int k = 0; k <= steps; ++k) {
    for (const double x : {0.1 * k, 0.0, 0.05 * k, 0.0}) episode.states.push_back(x);
    for (const double x : {0.2 * k, 0.0, 0.0, 0.0}) episode.predicted.push_back(k == 0 ? none : x);
    if (k == steps) break;
    episode.actions.push_back(k % 2);
    episode.rewards.push_back(2);
  }
  return episode;
}

TEST(EpisodeSource, PlaysStatesReturnsAndPredictions) {
  const auto source = make_episode_source(envs::make_environment, "cartpole-v1", {recorded(3)});
  source->reset();
  std::array<double, 2> ghost{};
  ASSERT_TRUE(source->read_ghost(0, ghost));
  EXPECT_TRUE(std::isnan(ghost[0])) << "nothing was predicted for the first moment";
  source->step({});
  source->step({});
  EXPECT_NEAR(pose(*source, 0).qpos[0], 0.2, 1e-12);
  EXPECT_NEAR(pose(*source, 0).qpos[1], 0.1, 1e-12);
  EXPECT_EQ(signals(*source, 0)[1], 4) << "two rewards of 2";
  ASSERT_TRUE(source->read_ghost(0, ghost));
  EXPECT_NEAR(ghost[0], 0.4, 1e-12);
}

TEST(EpisodeSource, AShorterEpisodeWaitsForTheLongestThenAllBeginAgain) {
  const auto source = make_episode_source(envs::make_environment, "cartpole-v1", {recorded(2), recorded(4)});
  source->reset();
  for (int k = 0; k < 4; ++k) source->step({});
  EXPECT_NEAR(pose(*source, 0).qpos[0], 0.2, 1e-12);
  EXPECT_NEAR(pose(*source, 1).qpos[0], 0.4, 1e-12);
  source->step({});
  EXPECT_EQ(pose(*source, 1).qpos[0], 0);
}

TEST(EpisodeSource, RefusesToShowNothing) {
  EXPECT_THROW(make_episode_source(envs::make_environment, "cartpole-v1", {}), Error);
}

TEST(OwnScene, SaysWhereToAddTheSceneOfANewTask) {
  try {
    own_scene("no-such-task");
    FAIL() << "a scene was made for a task that has none";
  } catch (const Error& error) {
    EXPECT_NE(error.fix().find("own_scene.cpp"), std::string::npos);
  }
}

}  // namespace
}  // namespace lockstep::viewer
