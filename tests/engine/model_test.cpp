// Tests of loading models: what is refused and how it is said, and which features count as native.
#include "engine/model.h"
#include "engine/error.h"
#include "tests/engine/mujoco_reference.h"
#include "tests/engine/temporary_folder.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace lockstep {
namespace {

// The error of f, or a failed test.
template <class Function>
std::string error_of(Function&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return "";
}

void expect_holds(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << "'" << part << "' is not in: " << text;
}

std::string body_with(const std::string& joint_attributes, const std::string& more = "") {
  return "<mujoco><worldbody><body><joint " + joint_attributes + "/><geom size='0.1'/></body></worldbody>" + more +
         "</mujoco>";
}

TEST(Model, NamesTheFileThatIsNotThere) {
  const std::string text = error_of([] { Model::from_file("nowhere/at/all.xml"); });
  expect_holds(text, "no model file");
  expect_holds(text, "nowhere/at/all.xml");
}

TEST(Model, RefusesCompiledModelsAndSaysWhatToGiveInstead) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "model.MJB") << "anything";
  const std::string text = error_of([&] { Model::from_file(folder.path() / "model.MJB"); });
  expect_holds(text, "MJB");
  expect_holds(text, "MJCF (.xml)");
}

TEST(Model, PassesOnWhatMujocosCompilerSaysOfBrokenXml) {
  const std::string text = error_of([] { Model::from_xml("<mujoco><worldbody><body nam='x'/></worldbody></mujoco>"); });
  expect_holds(text, "nam");
  expect_holds(text, "line");
}

TEST(Model, RefusesTextThatIsCutShort) {
  (void)error_of([] { Model::from_xml("<mujoco><worldbody><body>"); });
  (void)error_of([] { Model::from_xml(""); });
}

TEST(Model, RefusesNumbersThatAreNotFiniteAndNamesTheArray) {
  expect_holds(error_of([] { Model::from_xml(body_with("damping='nan'")); }), "dof_damping");
  expect_holds(error_of([] { Model::from_xml(body_with("pos='0 nan 1'")); }), "jnt_pos");
}

TEST(Model, RefusesATimestepThatIsNotPositive) {
  expect_holds(error_of([] { Model::from_xml(body_with("", "<option timestep='-0.002'/>")); }), "timestep = -0.002");
}

TEST(Model, RefusesNegativeIterationsAndDamping) {
  expect_holds(error_of([] { Model::from_xml(body_with("", "<option iterations='-5'/>")); }), "-5");
  expect_holds(error_of([] { Model::from_xml(body_with("damping='-1'")); }), "joint damping = -1");
}

TEST(Model, LeavesNoLogFileInTheCurrentFolder) {
  const TemporaryFolder folder;
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  (void)error_of([] { Model::from_xml(body_with("damping='nan'")); });
  std::filesystem::current_path(before);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Model, AnErrorInsideMujocoThrowsInsteadOfEndingTheProcess) {
  const auto model = Model::from_xml(body_with(""));
  expect_holds(error_of([&] { mju_error("stack overflow in a test"); }), "stack overflow in a test");
}

TEST(Model, ReadsAssetsFromMemory) {
  const Model::Asset part{"part.xml", body_with("name='from_asset'")};
  const auto model = Model::from_xml("<mujoco><include file='part.xml'/></mujoco>", std::span(&part, 1));
  EXPECT_EQ(model->joint("from_asset"), 0);
}

TEST(Model, AnUnknownNameSuggestsTheNearest) {
  const auto model = Model::from_xml(body_with("name='shoulder'"));
  expect_holds(error_of([&] { (void)model->joint("sholder"); }), "did you mean 'shoulder'?");
}

TEST(Model, AdjustChangesTheModelBeforeItsConstantsAreTaken) {
  const auto model = Model::from_xml(body_with(""), {}, [](mjModel_& m) { m.opt.timestep = 0.25; });
  EXPECT_EQ(model->timestep(), 0.25);
  EXPECT_EQ(model->constants<double>().timestep, 0.25);
}

TEST(Model, AModelThatMovesInAPlaneIsKnownAsSuch) {
  EXPECT_TRUE(suite_model("dm_control/suite/cartpole.xml", true)->constants<double>().planar);
  EXPECT_TRUE(suite_model("gymnasium/envs/mujoco/assets/half_cheetah.xml", false)->constants<double>().planar);
  EXPECT_FALSE(Model::from_xml(kAllJoints)->constants<double>().planar);
}

// A model with one feature that the native kernels lack, and the words that name it.
struct Foreign {
  const char* name;
  std::string xml;
  const char* feature;
};

const std::string kTwoBodies =
    "<body><joint name='a'/><geom size='0.1'/></body><body pos='1 0 0'><joint name='b'/><geom size='0.1'/></body>";

const Foreign kForeign[] = {
    {"MovingSurface",
     "<mujoco><worldbody><geom type='plane' size='1 1 1' surfacevel='1 0 0 0 0 0'/>" + kTwoBodies +
         "</worldbody></mujoco>",
     "moving surfaces"},
    {"AdhesiveGeom",
     "<mujoco><worldbody><geom type='plane' size='1 1 1' adhesion='1'/>" + kTwoBodies + "</worldbody></mujoco>",
     "adhesion"},
    {"Fluid", body_with("", "<option density='1000' integrator='implicitfast'/>"), "fluid"},
    {"ImplicitIntegrator", body_with("", "<option integrator='implicit'/>"), "integrator"},
    {"MotorWithInternalState",
     body_with("name='j'", "<actuator><dcmotor joint='j' motorconst='1' resistance='1'/></actuator>"), "actuator gain"},
    {"Adhesion",
     "<mujoco><worldbody><body name='b'><joint/><geom size='0.1'/></body></worldbody><actuator><adhesion body='b' "
     "ctrlrange='0 1'/></actuator></mujoco>",
     "transmission"},
    {"TendonInsideWrap",
     "<mujoco><worldbody><geom name='g' size='0.1'/><site name='s' pos='0.01 0 0'/><site name='a' pos='1 0 0'/><body>"
     "<joint/><geom size='0.1' contype='0' conaffinity='0'/><site name='b' pos='0 1 0'/></body></worldbody><tendon>"
     "<spatial><site site='a'/><geom geom='g' sidesite='s'/><site site='b'/></spatial></tendon></mujoco>",
     "side site inside"},
    {"Sleep", body_with("", "<option><flag sleep='enable'/></option>"), "sleeping"},
    {"ActuatorDamping", body_with("type='ball' name='j'", "<actuator><motor joint='j' damping='1'/></actuator>"),
     "damping or armature"},
};

class NativeSupport : public testing::TestWithParam<Foreign> {};

TEST_P(NativeSupport, NamesTheFeatureThatIsMissing) {
  const auto model = Model::from_xml(GetParam().xml);
  std::string missing;
  for (const std::string& feature : model->native_support()) missing += feature + "; ";
  expect_holds(missing, GetParam().feature);
  EXPECT_THROW((void)model->constants<float>(), std::logic_error);
}
TEST(FallbackReason, NamesTheFirstElementAndCountsTheOthers) {
  const auto model = Model::from_xml(
      "<mujoco><worldbody><body><joint type='ball' name='hip'/><joint type='slide'/><geom size='0.1'/></body>"
      "<body pos='1 0 0'><joint type='ball'/><joint type='slide'/><geom size='0.1'/></body></worldbody></mujoco>");
  ASSERT_EQ(model->native_support().size(), 1u);
  expect_holds(model->native_support()[0], "(joint 'hip' and 1 more)");
}

INSTANTIATE_TEST_SUITE_P(Features, NativeSupport, testing::ValuesIn(kForeign),
                         [](const auto& parameter) { return std::string(parameter.param.name); });

}  // namespace
}  // namespace lockstep
