// Tests reading a state from JSON and running it natively, against MuJoCo from the same numbers.
#include "apps/model_state.h"
#include "engine/error.h"
#include "engine/task_models.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <mujoco/mujoco.h>

namespace lockstep::apps {
namespace {

constexpr const char* kBallOnFloor = R"(<mujoco><worldbody><geom type="plane" size="1 1 1"/>
  <body pos="0 0 0.099"><freejoint/><geom size="0.1"/></body>
  <body pos="1 0 1"><joint name="j"/><geom size="0.1" pos="0.2 0 0"/></body></worldbody>
  <actuator><general joint="j" dyntype="filter" dynprm="0.1" gainprm="2"/></actuator></mujoco>)";

std::string written(const std::string& text) {
  std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
  std::replace(name.begin(), name.end(), '/', '_');
  const std::string file = testing::TempDir() + "lockstep_state_" + name + ".json";
  std::ofstream(file) << text;
  return file;
}

TEST(ModelState, RunsNativelyToWhereMujocoGoes) {
  const auto model = Model::from_xml(kBallOnFloor);
  const mjModel& m = *model->mj();
  const ModelState state = read_model_state(
      written(R"({"qpos": [0, 0, 0.098, 1, 0, 0, 0, 0.3], "qvel": [0.5, 0, -0.2, 1, 2, 0, 3], "act": [0.4],
                  "ctrl": [-0.7], "steps": 5})"),
      *model);
  const NativeMotion motion = run_natively(model, state);
  const std::unique_ptr<mjData, decltype(&mj_deleteData)> d(mj_makeData(&m), mj_deleteData);
  std::copy(state.qpos.begin(), state.qpos.end(), d->qpos);
  std::copy(state.qvel.begin(), state.qvel.end(), d->qvel);
  d->act[0] = 0.4;
  d->ctrl[0] = -0.7;
  mj_forward(&m, d.get());
  for (int i = 0; i < m.nv; ++i) EXPECT_NEAR(motion.qacc[static_cast<std::size_t>(i)], d->qacc[i], 1e-9);
  for (int step = 0; step < 5; ++step) mj_step(&m, d.get());
  for (int i = 0; i < m.nq; ++i) EXPECT_NEAR(motion.qpos[static_cast<std::size_t>(i)], d->qpos[i], 1e-12);
  for (int i = 0; i < m.nv; ++i) EXPECT_NEAR(motion.qvel[static_cast<std::size_t>(i)], d->qvel[i], 1e-10);
  EXPECT_NEAR(motion.act[0], d->act[0], 1e-14);
  EXPECT_FALSE(motion.fault);
}

TEST(ModelState, KnowsForcesFromOutsideAndMocapBodies) {
  const auto model = Model::from_xml(R"(<mujoco><worldbody><body mocap="true" pos="0 0 1">
    <body><joint axis="0 1 0"/><geom type="capsule" size="0.02" fromto="0 0 0 0.3 0 0"/></body></body></worldbody>
    </mujoco>)");
  const mjModel& m = *model->mj();
  const ModelState state = read_model_state(
      written(R"({"qpos": [0.2], "mocap_pos": [1, 2, 3], "mocap_quat": [0.8, 0, 0.6, 0], "qfrc_applied": [0.3],
                  "xfrc_applied": [0,0,0,0,0,0, 0,0,0,0,0,0, 1,0,2,0,-0.5,0], "steps": 4})"),
      *model);
  const NativeMotion motion = run_natively(model, state);
  const std::unique_ptr<mjData, decltype(&mj_deleteData)> d(mj_makeData(&m), mj_deleteData);
  d->qpos[0] = 0.2;
  std::copy(state.mocap_pos.begin(), state.mocap_pos.end(), d->mocap_pos);
  std::copy(state.mocap_quat.begin(), state.mocap_quat.end(), d->mocap_quat);
  d->qfrc_applied[0] = 0.3;
  std::copy(state.xfrc_applied.begin(), state.xfrc_applied.end(), d->xfrc_applied);
  mj_forward(&m, d.get());
  EXPECT_NEAR(motion.qacc[0], d->qacc[0], 1e-9);
  for (int step = 0; step < 4; ++step) mj_step(&m, d.get());
  EXPECT_NEAR(motion.qpos[0], d->qpos[0], 1e-12);
}

TEST(ModelState, WhatTheFileLeavesOutIsAsAfterAReset) {
  const auto model = Model::from_xml(kBallOnFloor);
  const ModelState state = read_model_state(written(R"({"ctrl": [1]})"), *model);
  EXPECT_EQ(state.qpos[2], 0.099);
  EXPECT_EQ(state.ctrl[0], 1);
  EXPECT_EQ(state.steps, 1);
}

struct BadState {
  const char* name;
  const char* text;
  const char* says;
};
class BadModelState : public testing::TestWithParam<BadState> {};
TEST_P(BadModelState, IsAnErrorThatNamesTheKey) {
  const auto model = Model::from_xml(kBallOnFloor);
  try {
    (void)read_model_state(written(GetParam().text), *model);
    FAIL() << "expected Error";
  } catch (const Error& error) {
    EXPECT_NE((error.problem() + error.fix()).find(GetParam().says), std::string::npos)
        << error.problem() << " / " << error.fix();
  }
}
INSTANTIATE_TEST_SUITE_P(Files, BadModelState,
                         testing::Values(BadState{"Truncated", R"({"qpos": [0, )", "no JSON object"},
                                         BadState{"WrongLength", R"({"qvel": [1, 2]})", "array of 7 numbers"},
                                         BadState{"UnknownKey", R"({"qpso": []})", "did you mean 'qpos'"},
                                         BadState{"NotANumber", R"({"ctrl": ["x"]})", "ctrl[0]"},
                                         BadState{"TooLarge", R"({"ctrl": [1e999]})", "no JSON object"},
                                         BadState{"NegativeSteps", R"({"steps": -1})", "steps is -1"}),
                         [](const auto& parameter) { return std::string(parameter.param.name); });

TEST(ModelState, AModelThatIsNotNativeIsAnErrorThatNamesTheFeature) {
  const auto model = Model::from_xml(
      "<mujoco><option integrator='implicit'/><worldbody><body><joint/><geom size='0.1'/></body></worldbody></mujoco>");
  try {
    (void)run_natively(model, {});
    FAIL() << "expected Error";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find("integrator"), std::string::npos);
  }
}

}  // namespace
}  // namespace lockstep::apps
