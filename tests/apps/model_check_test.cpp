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

const StageDeviation& stage_of(const ModelCheck& check, const std::string& name) {
  static const StageDeviation kMissing{"missing", std::nan(""), 0};
  const auto found =
      std::find_if(check.stages.begin(), check.stages.end(), [&](const auto& stage) { return stage.stage == name; });
  return found == check.stages.end() ? kMissing : *found;
}

const char* const kDrop = R"(
  <mujoco><worldbody><geom type="box" size="3 3 3" pos="0 0 -3"/><geom name="aside" pos="9 9 9" size=".1" contype="0"
    conaffinity="0"/>
    <body pos="0 0 .2"><freejoint/><geom type="ellipsoid" size=".2 .3 .4"/></body></worldbody></mujoco>)";

TEST(ModelCheck, ReportsApartWhatContactsOfIterativePairsMake) {
  const ModelCheck check = check_model(Model::from_xml(kDrop), 30, 0);
  EXPECT_GT(check.iterative_states, 0);
  EXPECT_LT(check.iterative_states, 30);
  EXPECT_FALSE(stage_of(check, "qacc, iterative contacts").is_judged());
  EXPECT_TRUE(check.passed());
}

TEST(ModelCheck, JudgesIterativeContactsByDepthNormalAndTheSolutionOnMujocosOwn) {
  const ModelCheck check = check_model(Model::from_xml(kDrop), 60, 0);
  for (const char* const name : {"depth of iterative contacts, of 99.9 %", "normal of iterative contacts, of 99.9 %",
                                 "qfrc_constraint on MuJoCo's contacts", "qacc on MuJoCo's contacts"}) {
    EXPECT_TRUE(stage_of(check, name).is_judged()) << name;
    EXPECT_TRUE(stage_of(check, name).passed()) << name << " " << stage_of(check, name).deviation;
  }
  EXPECT_LT(stage_of(check, "qacc on MuJoCo's contacts").deviation,
            stage_of(check, "qacc, iterative contacts").deviation);
}

TEST(ModelCheck, ANumberThatIsNoneFailsEvenWhereItIsNotJudged) {
  const StageDeviation stage{"qacc", std::nan(""), std::numeric_limits<double>::infinity()};
  EXPECT_FALSE(stage.passed());
}

TEST(Deviations, JudgesADistributionByAllButOneValueInAThousand) {
  Deviations deviations;
  for (int i = 0; i < 1998; ++i) deviations.add_to_distribution("depth", 1e-9, 1e-6);
  for (const double outlier : {0.5, 0.25}) deviations.add_to_distribution("depth", outlier, 1e-6);
  const std::vector<StageDeviation> list = deviations.list();
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].stage, "depth, of 99.9 %");
  EXPECT_EQ(list[0].deviation, 1e-9);
  EXPECT_TRUE(list[0].passed());
  EXPECT_FALSE(list[1].is_judged());
  EXPECT_EQ(list[1].deviation, 0.5);
  deviations.add_to_distribution("depth", 0.5, 1e-6);
  EXPECT_FALSE(deviations.list()[0].passed());
}

TEST(Deviations, DoNotForgetANumberThatIsNone) {
  Deviations deviations;
  for (const double value : {1e-9, std::nan(""), 1e-8}) {
    deviations.add("qacc", value, 1e-6);
    deviations.add_to_distribution("depth", value, 1e-6);
  }
  for (const StageDeviation& stage : deviations.list()) EXPECT_FALSE(stage.passed()) << stage.stage;
  const std::vector<double> ours{std::nan(""), 1}, theirs{1, 1};
  EXPECT_TRUE(std::isnan(relative_deviation(ours, theirs, 0)));
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
