// Tests `check`: what it says of models that are native and of models that are not, and that it sees wrong physics.
#include "apps/model_check.h"
#include "engine/task_models.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <mujoco/mujoco.h>

namespace lockstep::apps {
namespace {

bool contains(const std::vector<std::string>& list, const std::string& text) {
  return std::any_of(list.begin(), list.end(), [&](const auto& item) { return item.find(text) != std::string::npos; });
}

TEST(ModelCheck, ComparesEveryStageOfANativeModel) {
  const ModelCheck check = check_model(Model::from_file(task_model("dm_control/suite/cartpole.xml")), 20, 0);
  EXPECT_TRUE(check.native);
  EXPECT_TRUE(check.fallback_features.empty());
  EXPECT_TRUE(contains(check.native_features, "1 slide joint"));
  EXPECT_TRUE(contains(check.native_features, "integrator RK4"));
  std::vector<std::string> stages;
  for (const StageDeviation& stage : check.stages) {
    stages.push_back(stage.stage);
    EXPECT_LE(stage.deviation, stage.allowed) << stage.stage;
  }
  EXPECT_EQ(stages,
            (std::vector<std::string>{"xpos", "xmat", "M", "qfrc_bias", "qfrc_passive", "qfrc_actuator",
                                      "qfrc_constraint", "qacc", "qacc, float, of 99.9 %", "qpos after a step",
                                      "qvel after a step", "qpos after a step, float", "qvel after a step, float"}));
  EXPECT_TRUE(check.passed());
}

TEST(ModelCheck, NamesTheFeatureThatNeedsMujoco) {
  const auto implicit = [](mjModel& m) { m.opt.integrator = mjINT_IMPLICIT; };
  const ModelCheck check = check_model(Model::from_file(task_model("dm_control/suite/humanoid.xml"), implicit), 5, 0);
  EXPECT_FALSE(check.native);
  EXPECT_TRUE(contains(check.fallback_features, "integrator"));
  EXPECT_TRUE(check.stages.empty());
}

TEST(ModelCheck, ComparesModelsWithContactsToo) {
  const ModelCheck check = check_model(Model::from_file(task_model("dm_control/suite/humanoid.xml")), 10, 1);
  EXPECT_TRUE(check.native);
  for (const StageDeviation& stage : check.stages) EXPECT_LE(stage.deviation, stage.allowed) << stage.stage;
}

TEST(ModelCheck, SaysThatAModelOfAnotherSolverIsSolvedByNewton) {
  const ModelCheck check =
      check_model(Model::from_file(task_model("gymnasium/envs/mujoco/assets/humanoid.xml")), 10, 1);
  EXPECT_TRUE(check.native);
  EXPECT_TRUE(contains(check.native_features, "solver PGS: solved by Newton, to the optimum"));
  EXPECT_TRUE(check.passed());
}

TEST(ModelCheck, ReportsApartWhatContactsOfIterativePairsMake) {
  const char* const drop = R"(
    <mujoco><worldbody><geom type="box" size="3 3 3" pos="0 0 -3"/>
      <body pos="0 0 .2"><freejoint/><geom type="ellipsoid" size=".2 .3 .4"/></body></worldbody></mujoco>)";
  const ModelCheck check = check_model(Model::from_xml(drop), 30, 0);
  EXPECT_GT(check.iterative_states, 0);
  EXPECT_LT(check.iterative_states, 30);
  const auto apart = std::find_if(check.stages.begin(), check.stages.end(),
                                  [](const auto& stage) { return stage.stage == "qacc, iterative contacts"; });
  ASSERT_NE(apart, check.stages.end());
  EXPECT_FALSE(apart->is_judged());
  EXPECT_TRUE(check.passed());
}

TEST(ModelCheck, ANumberThatIsNoneFailsEvenWhereItIsNotJudged) {
  const StageDeviation stage{"qacc", std::nan(""), std::numeric_limits<double>::infinity()};
  EXPECT_FALSE(stage.passed());
}

TEST(ModelCheck, FailsWhereAStageIsBeyondWhatIsAllowed) {
  ModelCheck check{
      .model = "m", .native = true, .native_features = {}, .fallback_features = {}, .silent_sensors = {}, .stages = {}};
  check.stages = {{"qacc", 1e-12, 1e-8}};
  EXPECT_TRUE(check.passed());
  check.stages.push_back({"qvel", 1e-3, 1e-8});
  EXPECT_FALSE(check.passed());
}

}  // namespace
}  // namespace lockstep::apps
