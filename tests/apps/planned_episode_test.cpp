// Tests the episodes that `lockstep plan` and `lockstep bench closed-loop` run.
#include "apps/planned_episode.h"
#include "engine/error.h"

#include <string>

#include <gtest/gtest.h>

namespace lockstep::apps {
namespace {

PlannedEpisodeConfig pendulum(const std::string& backend) {
  PlannedEpisodeConfig config{.task = "pendulum-swingup", .seed = 4, .backend = backend};
  config.settings.set_from_argument("planner.iterations=2");
  config.settings.set_from_argument("mpc.horizon=60");
  return config;
}

TEST(PlannedEpisode, ActsInMujocoOnWhatIsPlannedNatively) {
  const PlannedEpisode native = run_planned_episode(pendulum("cpu")), acted = run_planned_episode(pendulum("mujoco"));
  EXPECT_NE(acted.backend.find("backend mujoco"), std::string::npos) << acted.backend;
  EXPECT_NE(native.backend.find("backend cpu"), std::string::npos) << native.backend;
  EXPECT_EQ(acted.steps, 1000);
  EXPECT_EQ(acted.timing.plans, 1000);
  // Both physics agree to rounding, and a pendulum on its way up forgets it: the reward counts whole steps.
  EXPECT_NEAR(acted.episode_return, native.episode_return, 20);
  EXPECT_GE(acted.episode_return, 700);
  EXPECT_GT(acted.cpu_seconds, 0);
}

TEST(PlannedEpisode, RepeatsItselfWhereItWaitsForItsPlans) {
  const PlannedEpisode first = run_planned_episode(pendulum("mujoco")),
                       second = run_planned_episode(pendulum("mujoco"));
  EXPECT_EQ(first.episode_return, second.episode_return);
  EXPECT_EQ(first.cost, second.cost);
}

TEST(PlannedEpisode, RefusesDiscreteActions) {
  EXPECT_THROW((void)run_planned_episode({.task = "cartpole-v1"}), Error);
}

}  // namespace
}  // namespace lockstep::apps
