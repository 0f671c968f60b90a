// Code compiled for one model: it moves worlds as the kernels do, is found again in the cache, and where it cannot be
// made the kernels go on.
#include "engine/batch.h"
#include "engine/compiled_source.h"
#include "engine/error.h"
#include "engine/specialised_kernels.h"
#include "tests/engine/mujoco_reference.h"
#include "tests/engine/temporary_folder.h"

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace lockstep {
namespace {

class Specialised : public testing::Test {
 protected:
  Specialised() { setenv("LOCKSTEP_CACHE", cache_.path().c_str(), 1); }
  void SetUp() override {
    if (system_compiler().empty()) GTEST_SKIP() << "no C++ compiler on this machine";
  }
  void TearDown() override {
    unsetenv("LOCKSTEP_CACHE");
    unsetenv("LOCKSTEP_CXX");
  }

  static std::unique_ptr<Batch> batch(const std::shared_ptr<const Model>& model, Precision precision,
                                      const std::string& specialise) {
    auto made = Batch::make(model, {.num_worlds = 16, .precision = precision, .specialise = specialise});
    std::vector<double> qpos(model->mj()->qpos0, model->mj()->qpos0 + model->nq());
    std::vector<double> qvel(static_cast<std::size_t>(model->nv())), ctrl(static_cast<std::size_t>(model->nu()));
    for (int world = 0; world < 16; ++world) {
      for (std::size_t i = 0; i < qvel.size(); ++i) qvel[i] = std::sin(static_cast<double>(i) + world);
      for (std::size_t i = 0; i < ctrl.size(); ++i) ctrl[i] = 0.5 * std::cos(static_cast<double>(i) + world);
      made->set_state(world, qpos, qvel, std::vector<double>(static_cast<std::size_t>(model->na())));
      made->set_ctrl(world, ctrl);
    }
    return made;
  }

  // Largest difference of a position after `steps` steps, over the worlds.
  static double apart(Batch& a, Batch& b, int steps) {
    a.step(steps);
    b.step(steps);
    const Model& model = a.model();
    const auto nq = static_cast<std::size_t>(model.nq()), nv = static_cast<std::size_t>(model.nv());
    std::vector<double> qa(nq), qb(nq), v(nv), act(static_cast<std::size_t>(model.na()));
    double largest = 0;
    for (int world = 0; world < 16; ++world) {
      a.get_state(world, qa, v, act);
      b.get_state(world, qb, v, act);
      for (std::size_t i = 0; i < nq; ++i) largest = std::max(largest, std::abs(qa[i] - qb[i]));
    }
    return largest;
  }

  TemporaryFolder cache_;
};

constexpr const char* kArm = R"(
<mujoco>
  <option timestep="0.005"/>
  <worldbody>
    <geom type="plane" size="5 5 0.1"/>
    <body pos="0 0 0.4"><freejoint/><geom type="capsule" size="0.05" fromto="0 0 0 0.3 0 0"/>
      <body pos="0.3 0 0"><joint name="elbow" axis="0 1 0" damping="0.5" range="-1 1" limited="true"/>
        <geom type="capsule" size="0.04" fromto="0 0 0 0.3 0 0"/></body></body>
  </worldbody>
  <actuator><motor joint="elbow" gear="2"/></actuator>
</mujoco>)";

TEST_F(Specialised, MovesWorldsAsTheKernelsDo) {
  const auto model = Model::from_xml(kArm);
  const auto generic = batch(model, Precision::kDouble, "off"), ours = batch(model, Precision::kDouble, "require");
  EXPECT_NE(ours->report().find("specialised: "), std::string::npos) << ours->report();
  EXPECT_LT(apart(*generic, *ours, 200), 1e-7);  // a second on the floor: contacts, limits, friction
  const auto generic_float = batch(model, Precision::kFloat, "off"),
             ours_float = batch(model, Precision::kFloat, "require");
  EXPECT_LT(apart(*generic_float, *ours_float, 10), 1e-4);
}

TEST_F(Specialised, MovesAPlanarSuiteModelAsTheKernelsDo) {
  const auto model = Model::from_file(task_model("gymnasium/envs/mujoco/assets/half_cheetah.xml"));
  const auto generic = batch(model, Precision::kDouble, "off"), ours = batch(model, Precision::kDouble, "require");
  EXPECT_LT(apart(*generic, *ours, 50), 1e-8);
}

TEST_F(Specialised, IsTheSameForAnyLaneWidth) {
  const auto model = Model::from_xml(kArm);
  const auto with_lanes = [&](int lanes) {
    auto made = Batch::make(
        model, {.num_worlds = 16, .precision = Precision::kDouble, .lanes = lanes, .specialise = "require"});
    made->step(100);
    return made;
  };
  const auto wide = with_lanes(0), narrow = with_lanes(wide->lanes() / 2);
  EXPECT_EQ(apart(*wide, *narrow, 1), 0);
}

TEST_F(Specialised, IsFoundAgainInTheCache) {
  const auto model = Model::from_xml(kArm);
  EXPECT_NE(batch(model, Precision::kDouble, "require")->report().find("compiled now"), std::string::npos);
  EXPECT_NE(batch(model, Precision::kDouble, "require")->report().find("from the cache"), std::string::npos);
}

TEST_F(Specialised, IsMadeAgainWhereTheCachedFileIsCutShort) {
  const auto model = Model::from_xml(kArm);
  batch(model, Precision::kDouble, "require");
  for (const auto& entry : std::filesystem::directory_iterator(cache_ / "specialised")) {
    if (entry.path().extension() == ".so") std::filesystem::resize_file(entry.path(), entry.file_size() / 2);
  }
  EXPECT_NE(batch(model, Precision::kDouble, "require")->report().find("compiled now"), std::string::npos);
}

TEST_F(Specialised, LeavesNothingBesideLibraryAndDigest) {
  batch(Model::from_xml(kArm), Precision::kDouble, "require");
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(cache_ / "specialised")) {
    files += entry.path().extension() == ".so" || entry.path().extension() == ".sha256" ? 1 : 10;
  }
  EXPECT_EQ(files, 2);
}

TEST_F(Specialised, IsAnErrorWithoutACompilerOnlyWhereItIsRequired) {
  setenv("LOCKSTEP_CXX", "/nowhere/c++", 1);
  const auto model = Model::from_xml(kArm);
  EXPECT_THROW(batch(model, Precision::kDouble, "require"), MissingResource);
  const auto generic = batch(model, Precision::kDouble, "off"), ours = batch(model, Precision::kDouble, "auto");
  EXPECT_EQ(apart(*generic, *ours, 20), 0);
}

TEST_F(Specialised, NamesTheCompilerThatFails) {
  std::ofstream(cache_ / "broken") << "#!/bin/sh\necho no such option\nexit 1\n";
  std::filesystem::permissions(cache_ / "broken", std::filesystem::perms::owner_all);
  setenv("LOCKSTEP_CXX", (cache_ / "broken").c_str(), 1);
  try {
    batch(Model::from_xml(kArm), Precision::kDouble, "require");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find("no such option"), std::string::npos) << error.problem();
    EXPECT_NE(error.where().find("broken"), std::string::npos) << error.where();
  }
}

TEST_F(Specialised, NamesACacheThatCannotBeWritten) {
  setenv("LOCKSTEP_CACHE", "/proc/lockstep", 1);
  try {
    batch(Model::from_xml(kArm), Precision::kDouble, "require");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(error.where().find("/proc/lockstep"), std::string::npos) << error.where();
  }
}

TEST_F(Specialised, EndsItsCompilerWhenTheBatchIsGone) {
  std::ofstream(cache_ / "slow") << "#!/bin/sh\nsleep 600\n";
  std::filesystem::permissions(cache_ / "slow", std::filesystem::perms::owner_all);
  setenv("LOCKSTEP_CXX", (cache_ / "slow").c_str(), 1);
  const auto begin = std::chrono::steady_clock::now();
  batch(Model::from_xml(kArm), Precision::kDouble, "auto");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(60));
}

TEST(Specialise, RefusesUnknownWordsAndOtherBackends) {
  const auto model = Model::from_xml(kArm);
  EXPECT_THROW(Batch::make(model, {.specialise = "sometimes"}), Error);
  EXPECT_THROW(Batch::make(model, {.backend = "mujoco", .specialise = "require"}), Error);
}

}  // namespace
}  // namespace lockstep
