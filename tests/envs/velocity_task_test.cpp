// Tests the legged robots that follow commands: their terms against mjlab's own functions, what an episode does to
// commands and pushes, and that a robot stands.
#include "engine/environment.h"
#include "engine/error.h"
#include "engine/mjlab_robots.h"
#include "envs/env.h"
#include "envs/g1_velocity.h"
#include "envs/go1_velocity.h"
#include "envs/option_values.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <mujoco/mujoco.h>
#include <nlohmann/json.hpp>

namespace lockstep::envs {
namespace {

using Go1 = go1_velocity::Task;
using G1 = g1_velocity::Task;

nlohmann::json recorded_rows(const std::string& robot) {
  std::ifstream file(LOCKSTEP_TEST_DATA "/envs/" + robot + "-velocity-terms.json");
  return nlohmann::json::parse(file).at("rows");
}

template <class Task>
typename Task::template Now<double> recorded_scene(const nlohmann::json& row, const OptionValues& values) {
  typename Task::template Now<double> now;
  now.options = &values;
  for (int i = 0; i < Task::kStates; ++i) now.x[i] = row.at("state").at(static_cast<std::size_t>(i));
  for (int i = 0; i < Task::kSensed; ++i) now.sensed[i] = row.at("sensed").at(static_cast<std::size_t>(i));
  return now;
}

// The reward of a recorded row with one weight of 1 and all others 0, per second.
template <class Task>
double term(const nlohmann::json& row, const std::string& name) {
  OptionValues values = default_options<Task>();
  int place = 0;
  for (const OptionField& option : Task::kOptions) {
    const std::string weight = option.name;
    if (weight.ends_with("_weight")) values.numbers[place][0] = weight == name + "_weight" ? 1 : 0;
    ++place;
  }
  const double action[Task::kActions] = {};
  return Task::reward(recorded_scene<Task>(row, values), action) / 0.02;
}

template <class Task>
void expect_terms(const std::string& robot, int count) {
  int rows = 0;
  for (const nlohmann::json& row : recorded_rows(robot)) {
    for (const auto& [name, value] : row.at("terms").items()) {
      const double expected = value.template get<double>();
      EXPECT_NEAR(term<Task>(row, name), expected, 1e-9 * (1 + std::abs(expected))) << name << ", " << rows;
    }
    ++rows;
  }
  EXPECT_EQ(rows, count);
}
TEST(VelocityTasks, HaveTheTermsOfMjlabsOwnFunctions) {
  expect_terms<Go1>("go1", 12);
  expect_terms<G1>("g1", 8);
}

template <class Task>
void expect_observations(const std::string& robot) {
  const OptionValues values = default_options<Task>();
  for (const nlohmann::json& row : recorded_rows(robot)) {
    double observation[Task::kObservations];
    Task::observe(recorded_scene<Task>(row, values), observation);
    for (int i = 0; i < Task::kObservations; ++i) {
      EXPECT_NEAR(observation[i], row.at("observation").at(static_cast<std::size_t>(i)).template get<double>(), 1e-9)
          << i;
    }
  }
}
TEST(VelocityTasks, ObserveWhatMujocosSensorsSay) {
  expect_observations<Go1>("go1");
  expect_observations<G1>("g1");
}

struct DeleteData {
  void operator()(mjData* d) const { mj_deleteData(d); }
};
using Data = std::unique_ptr<mjData, DeleteData>;

// Actions are set-points about the first pose: a quarter of the angle that holds a servo's largest torque each.
TEST(VelocityTasks, ActOnTheServosOfMjlabsRobots) {
  for (const std::string robot : {"go1", "g1"}) {
    const auto env = make_environment(robot + "-velocity", {});
    const mjModel& ours = *env->mujoco_model();
    const auto model = mjlab_robot(robot);
    const mjModel& theirs = *model->mj();
    ASSERT_EQ(ours.nu, theirs.nu);
    const Data d(mj_makeData(&ours)), e(mj_makeData(&theirs));
    for (const auto& [m, data] : {std::pair{&ours, d.get()}, std::pair{&theirs, e.get()}}) {
      mj_resetDataKeyframe(m, data, 0);
      for (int i = 0; i < m->nv; ++i) data->qvel[i] = std::sin(1.3 * i);
    }
    for (int a = 0; a < ours.nu; ++a) {
      d->ctrl[a] = std::cos(2.1 * a);
      const double reach = 0.25 * theirs.actuator_forcerange[2 * a + 1] / theirs.actuator_gainprm[mjNGAIN * a];
      e->ctrl[a] = theirs.key_ctrl[a] + d->ctrl[a] * reach;
    }
    mj_forward(&ours, d.get());
    mj_forward(&theirs, e.get());
    for (int i = 0; i < ours.nv; ++i) {
      EXPECT_NEAR(d->qacc[i], e->qacc[i], 1e-8 * (1 + std::abs(e->qacc[i]))) << robot << ", " << i;
    }
  }
}

// Controls of zero hold the first pose: Go1 stands in it, G1 sways before it falls.
TEST(VelocityTasks, BeginInTheirFirstPose) {
  struct Stand {
    const char* task;
    double height;
    int steps;
  };
  for (const Stand stand : {Stand{"go1-velocity", 0.278, 100}, Stand{"g1-velocity", 0.76, 10}}) {
    EnvironmentConfig config{.num_worlds = 4, .seed = 5, .precision = "double"};
    config.options.set("push", {0.0, "test"});
    config.options.set("standing_share", {1.0, "test"});
    const auto env = make_environment(stand.task, config);
    const std::vector<float> still(static_cast<std::size_t>(4 * env->spec().action_size));
    for (int i = 0; i < stand.steps; ++i) env->step(View<const float, 2>(still.data(), 4, env->spec().action_size));
    for (int world = 0; world < 4; ++world) {
      std::vector<double> x(static_cast<std::size_t>(env->spec().state_size));
      env->get_state(world, x);
      EXPECT_NEAR(x[2], stand.height, 0.04) << stand.task;
      EXPECT_GT(x[3] * x[3] + x[6] * x[6], 0.99) << stand.task;  // turned about the vertical alone
      EXPECT_EQ(env->terminated()[static_cast<std::size_t>(world)], 0) << stand.task;
    }
  }
}

class Go1World : public testing::Test {
 protected:
  static std::unique_ptr<Environment> make(int worlds, const std::vector<std::pair<std::string, double>>& options,
                                           const std::string& randomise = "") {
    EnvironmentConfig config{.num_worlds = worlds, .seed = 5, .precision = "double", .threads = 2};
    for (const auto& [name, value] : options) config.options.set(name, {value, "test"});
    config.randomise = randomise;
    return make_environment("go1-velocity", config);
  }
  static void step(Environment& env, int steps) {
    const std::vector<float> still(static_cast<std::size_t>(env.config().num_worlds) * Go1::kActions);
    for (int i = 0; i < steps; ++i)
      env.step(View<const float, 2>(still.data(), env.config().num_worlds, Go1::kActions));
  }
  static double state(const Environment& env, int world, int number) {
    std::vector<double> x(Go1::kStates);
    env.get_state(world, x);
    return x[static_cast<std::size_t>(number)];
  }
};

TEST_F(Go1World, IsPushedAndCommandedAnewWhenItsTimeHasCome) {
  const auto env = make(64, {{"standing_share", 0}, {"heading_share", 0}, {"forward_share", 0}});
  int commands = 0, pushes = 0;
  for (int i = 0; i < 150; ++i) {
    std::vector<double> left, push;
    for (int world = 0; world < 64; ++world) {
      left.push_back(state(*env, world, Go1::kCommandLeft));
      push.push_back(state(*env, world, Go1::kPushLeft));
    }
    step(*env, 1);
    for (int world = 0; world < 64; ++world) {
      const auto w = static_cast<std::size_t>(world);
      if (env->terminated()[w] != 0) continue;
      commands += state(*env, world, Go1::kCommandLeft) > left[w] ? 1 : 0;
      pushes += state(*env, world, Go1::kPushLeft) > push[w] ? 1 : 0;
      EXPECT_LE(std::abs(state(*env, world, Go1::kCommand)), 1);
      EXPECT_LE(std::abs(state(*env, world, Go1::kCommand + 2)), 0.5);
    }
  }
  // In 3 s: no more than one command and three pushes, and most worlds are pushed.
  EXPECT_LE(commands, 64);
  EXPECT_GT(pushes, 64);
  EXPECT_LE(pushes, 3 * 64);
}

TEST_F(Go1World, KeepsTheHeadingThatItIsAskedFor) {
  const auto env = make(8, {{"heading_share", 1}, {"standing_share", 0}, {"forward_share", 0}, {"push", 0}});
  step(*env, 1);
  for (int world = 0; world < 8; ++world) {
    const double w = state(*env, world, 3), a = state(*env, world, 4), b = state(*env, world, 5),
                 c = state(*env, world, 6);
    const double heading = std::atan2(2 * (w * c + a * b), 1 - 2 * (b * b + c * c));
    const double error = std::remainder(state(*env, world, Go1::kHeading) - heading, 2 * M_PI);
    EXPECT_NEAR(state(*env, world, Go1::kCommand + 2), std::clamp(0.5 * error, -0.5, 0.5), 1e-12);
  }
}

TEST_F(Go1World, IsDrawnWithItsOwnFrictionWhereItIsAskedFor) {
  const auto same = make(8, {}), drawn = make(8, {}, "task"), again = make(8, {}, "task");
  step(*same, 20);
  step(*drawn, 20);
  step(*again, 20);
  int differ = 0;
  for (int world = 0; world < 8; ++world) {
    differ += state(*same, world, 2) != state(*drawn, world, 2) ? 1 : 0;
    EXPECT_EQ(state(*drawn, world, 2), state(*again, world, 2));
  }
  EXPECT_EQ(differ, 8);
}

TEST_F(Go1World, IsSeenThroughTheNoiseThatItLists) {
  EnvironmentConfig config{.num_worlds = 400, .seed = 5, .precision = "double"};
  const auto clear = make_environment("go1-velocity", config);
  config.wrapping.observation_noise = 2;
  const auto noisy = make_environment("go1-velocity", config);
  config.threads = 2;
  const auto again = make_environment("go1-velocity", config);
  for (int k = 0; k < 3; ++k) {
    step(*clear, 1), step(*noisy, 1), step(*again, 1);
    for (int i = 0; i < Go1::kObservations; ++i) {
      const double width = 2 * Go1::kObservationNoise[static_cast<std::size_t>(i)];
      double sum = 0, largest = 0;
      for (int world = 0; world < 400; ++world) {
        const double error = static_cast<double>(noisy->observation()(world, i) - clear->observation()(world, i));
        EXPECT_EQ(noisy->observation()(world, i), again->observation()(world, i));
        sum += error;
        largest = std::max(largest, std::abs(error));
      }
      EXPECT_LE(largest, width * (1 + 1e-6) + 1e-6) << i;
      EXPECT_GE(largest, 0.97 * width) << i;
      EXPECT_LE(std::abs(sum / 400), 5 * width / std::sqrt(3.0 * 400) + 1e-7) << i;
    }
    EXPECT_EQ(state(*noisy, 7, 2), state(*clear, 7, 2));
  }
  EXPECT_THROW(make_environment("pendulum-v1", {.wrapping = {.observation_noise = 1}}), Error);
}

TEST_F(Go1World, FallsAndStartsAgainWithParametersOfItsNextEpisode) {
  const auto env = make(4, {}, "task");
  std::vector<double> x(Go1::kStates);
  env->get_state(1, x);
  x[3] = 0;
  x[4] = 1;  // on its back
  x[5] = x[6] = 0;
  x[2] = 0.5;
  env->set_state(1, x);
  step(*env, 1);
  EXPECT_EQ(env->terminated()[1], 1);
  EXPECT_EQ(env->terminated()[0], 0);
  EXPECT_NEAR(state(*env, 1, 2), 0.278 + 0.03, 0.021);
  // What was saved goes on with the same parameters.
  const std::vector<std::byte> saved = env->save();
  step(*env, 30);
  const double height = state(*env, 1, 2);
  env->load(saved);
  step(*env, 30);
  EXPECT_EQ(state(*env, 1, 2), height);
}

}  // namespace
}  // namespace lockstep::envs
