// Worlds of a surrogate: starts, ends, time limits, faults, members side by side, threads, saving.
#include "agents/surrogate_worlds.h"
#include "engine/error.h"

#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::agents {
namespace {

// A point that is pushed: v' = u, x' = v. Its reward is -x^2.
TaskSpec point_task() {
  TaskSpec task;
  task.name = "point";
  task.observation_size = 2;
  task.action_size = 1;
  task.action_low = {-1};
  task.action_high = {1};
  task.observation_names = {"x", "v"};
  task.control_timestep = 0.1;
  task.episode_steps = 7;
  return task;
}

// Data of random pushes within x in [-1, 1] and v in [-1, 1].
TransitionData point_data() {
  TransitionData data(2, 1);
  for (int row = 0; row < 400; ++row) {
    const double x = std::sin(1.0 * row), v = std::cos(2.3 * row), u = std::sin(5.1 * row);
    const double after = v + 0.1 * u;
    const std::vector<double> seen{x, v}, action{u}, next{x + 0.1 * after, after};
    data.append({.x = seen, .u = action, .next = next, .reward = -next[0] * next[0], .done = true});
  }
  return data;
}

models::SparseSurrogate point_model(const char* combine = "median") {
  models::SurrogateConfig config;
  config.library = "affine(polynomial(1, states))";
  config.combine = combine;
  config.bootstrap.drop_features = 0;
  models::SparseSurrogate model(point_task(), config);
  model.fit(point_data());
  return model;
}

std::unique_ptr<SurrogateWorlds> worlds_at(const models::SparseSurrogate& model, const SurrogateWorldsConfig& config,
                                           std::vector<double> starts) {
  auto worlds = std::make_unique<SurrogateWorlds>(point_task(), config);
  worlds->follow(model, std::move(starts));
  return worlds;
}

void step_all(SurrogateWorlds& worlds, float action) {
  const std::vector<float> actions(static_cast<size_t>(worlds.config().num_worlds), action);
  worlds.step(view(actions.data(), worlds.config().num_worlds, 1));
}

TEST(SurrogateWorlds, MoveByTheModelsEquations) {
  const auto model = point_model();
  const auto worlds = worlds_at(model, {.num_worlds = 3}, {0.5, 0.2});
  step_all(*worlds, 1);
  EXPECT_NEAR(worlds->observation()(1, 1), 0.3, 1e-6);
  EXPECT_NEAR(worlds->observation()(1, 0), 0.53, 1e-6);
  EXPECT_NEAR(worlds->reward()[1], -0.53 * 0.53, 1e-3);
}

TEST(SurrogateWorlds, CutEpisodesAtTheTimeLimitAndBeginAgain) {
  const auto model = point_model();
  const auto worlds = worlds_at(model, {.num_worlds = 2}, {0.5, 0});
  for (int k = 0; k < 6; ++k) {
    step_all(*worlds, 0);
    EXPECT_EQ(worlds->truncated()[0], 0);
  }
  step_all(*worlds, 0);
  EXPECT_EQ(worlds->truncated()[0], 1);
  EXPECT_EQ(worlds->terminated()[0], 0);
  EXPECT_NEAR(worlds->final_return()[0], 7 * -0.25, 1e-2);
  EXPECT_FLOAT_EQ(worlds->observation()(0, 0), 0.5f);
}

TEST(SurrogateWorlds, LeavingEndsForGoodAndPaysTheLeastRewardForeverAfter) {
  const auto model = point_model();
  const double beyond = model.high()[0] - 0.01;
  const auto worlds = worlds_at(model, {.num_worlds = 1, .discount = 0.9}, {beyond, 0.9});
  step_all(*worlds, 1);
  EXPECT_EQ(worlds->terminated()[0], 1);
  EXPECT_NEAR(worlds->reward()[0], model.least_reward() / (1 - 0.9), 1e-4);
  EXPECT_LT(worlds->reward()[0], -5);
}

TEST(SurrogateWorlds, LeavingMayBeACutWhereTheEpisodeWas) {
  const auto model = point_model();
  const double beyond = model.high()[0] - 0.01;
  const auto worlds = worlds_at(model, {.num_worlds = 1, .leaving = Leaving::kCut}, {beyond, 0.9});
  step_all(*worlds, 1);
  EXPECT_EQ(worlds->terminated()[0], 0);
  EXPECT_EQ(worlds->truncated()[0], 1);
  EXPECT_FLOAT_EQ(worlds->final_observation()(0, 0), static_cast<float>(beyond));
}

TEST(SurrogateWorlds, CountAnActionThatIsNotANumberAsAFaultOfItsWorldAlone) {
  const auto model = point_model();
  const auto worlds = worlds_at(model, {.num_worlds = 40}, {0.5, 0});
  std::vector<float> actions(40, 0.0f);
  actions[17] = std::numeric_limits<float>::quiet_NaN();
  worlds->step(view(std::as_const(actions).data(), 40, 1));
  EXPECT_EQ(worlds->faults(), 1);
  EXPECT_EQ(worlds->truncated()[17], 1);
  for (const size_t neighbour : {size_t{16}, size_t{18}}) {
    EXPECT_EQ(worlds->truncated()[neighbour], 0);
    EXPECT_TRUE(std::isfinite(worlds->reward()[neighbour]));
  }
}

TEST(SurrogateWorlds, DoNotDependOnThreads) {
  const auto model = point_model("sample");
  const std::vector<double> starts{0.5, 0, -0.3, 0.1, 0, 0.4};
  const auto one = worlds_at(model, {.num_worlds = 500, .seed = 3, .threads = 1}, starts),
             two = worlds_at(model, {.num_worlds = 500, .seed = 3, .threads = 2}, starts);
  for (int k = 0; k < 20; ++k) {
    step_all(*one, 0.1f * static_cast<float>(k % 5));
    step_all(*two, 0.1f * static_cast<float>(k % 5));
  }
  EXPECT_EQ(one->save(), two->save());
}

TEST(SurrogateWorlds, GroupsOfWorldsFollowDifferentMembers) {
  models::SurrogateConfig config;
  config.library = "affine(polynomial(1, states))";
  config.combine = "sample";
  config.bootstrap.members = 4;
  config.bootstrap.drop_features = 0;
  TransitionData noisy(2, 1);
  const TransitionData data = point_data();
  for (int row = 0; row < data.size(); ++row) {
    std::vector<double> next(data.row(row).next.begin(), data.row(row).next.end());
    next[1] += 0.05 * std::sin(17.0 * row);
    noisy.append({.x = data.row(row).x, .u = data.row(row).u, .next = next, .reward = 0.01 * (row % 3), .done = true});
  }
  models::SparseSurrogate model(point_task(), config);
  model.fit(noisy);
  ASSERT_EQ(model.dynamics().size(), 4u);
  const auto worlds = worlds_at(model, {.num_worlds = 32}, {0.5, 0.2});
  step_all(*worlds, 0.5f);
  EXPECT_EQ(worlds->observation()(0, 1), worlds->observation()(15, 1));
  EXPECT_NE(worlds->observation()(0, 1), worlds->observation()(16, 1));
}

TEST(SurrogateWorlds, OfAGroupMayBeginAlike) {
  const auto model = point_model();
  std::vector<double> starts;
  for (int k = 0; k < 50; ++k) starts.insert(starts.end(), {0.02 * k, 0.0});
  const auto worlds = worlds_at(model, {.num_worlds = 12, .seed = 2, .group = 4, .groups_start_alike = true}, starts);
  for (int world = 0; world < 12; ++world)
    EXPECT_EQ(worlds->observation()(world, 0), worlds->observation()(world / 4 * 4, 0));
  EXPECT_NE(worlds->observation()(0, 0), worlds->observation()(4, 0));
}

TEST(SurrogateWorlds, ContinueFromSavedBytesToTheSameBits) {
  const auto model = point_model();
  const std::vector<double> starts{0.5, 0, -0.3, 0.1};
  const SurrogateWorldsConfig config{.num_worlds = 20, .seed = 1, .stagger_episodes = true};
  const auto straight = worlds_at(model, config, starts);
  for (int k = 0; k < 5; ++k) step_all(*straight, 0.3f);
  SurrogateWorlds resumed(point_task(), config);
  resumed.load(straight->save());
  resumed.follow(model, starts);
  for (int k = 0; k < 15; ++k) {
    step_all(*straight, -0.2f);
    step_all(resumed, -0.2f);
  }
  EXPECT_EQ(resumed.save(), straight->save());
}

// The derivative of the stage cost by the control: what a planner would follow.
TEST(SurrogateWorlds, OfferTheirDynamicsAndCostToPlanners) {
  const auto model = point_model();
  const auto worlds = worlds_at(model, {.num_worlds = 1}, {0.5, 0});
  const auto dynamics = worlds->dynamics();
  const std::vector<double> x{0.4, 0.1}, u{0.5};
  std::vector<double> next(2), value(1);
  dynamics->step(view(x.data(), 1, 2), view(u.data(), 1, 1), view(next.data(), 1, 2));
  EXPECT_NEAR(next[1], 0.15, 1e-6);
  worlds->cost()->stage(view(x.data(), 1, 2), view(u.data(), 1, 1), View<double, 1>(value.data(), 1));
  EXPECT_NEAR(value[0], 1 + next[0] * next[0], 1e-3);
}

TEST(SurrogateWorlds, RefuseATaskWithoutATimeLimit) {
  TaskSpec task = point_task();
  task.episode_steps = 0;
  EXPECT_THROW(SurrogateWorlds(task, {}), Error);
}

}  // namespace
}  // namespace lockstep::agents
