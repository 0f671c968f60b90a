// Tests where the task suites' model files are looked for.
#include "engine/task_models.h"
#include "engine/error.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace lockstep {
namespace {

class TaskModels : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) /
              (std::string("lockstep_models_") + testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_ / "dm_control" / "suite");
  }
  void TearDown() override {
    unsetenv("LOCKSTEP_MODELS");
    std::filesystem::remove_all(folder_);
  }
  std::filesystem::path folder_;
};

TEST_F(TaskModels, AreFoundInTheCache) {
  EXPECT_TRUE(std::filesystem::exists(task_model("dm_control/suite/cartpole.xml")));
  EXPECT_TRUE(std::filesystem::exists(task_model("gymnasium/envs/mujoco/assets/half_cheetah.xml")));
}

TEST_F(TaskModels, ComeFromTheEnvironmentVariableFirst) {
  const auto own = folder_ / "dm_control" / "suite" / "cartpole.xml";
  std::ofstream(own) << "<mujoco/>";
  setenv("LOCKSTEP_MODELS", folder_.c_str(), 1);
  EXPECT_EQ(task_model("dm_control/suite/cartpole.xml"), own);
}

TEST_F(TaskModels, FallBackToTheCacheForFilesTheVariablesFolderLacks) {
  setenv("LOCKSTEP_MODELS", folder_.c_str(), 1);
  EXPECT_NE(task_model("dm_control/suite/acrobot.xml").string().find("dm-control-"), std::string::npos);
}

TEST_F(TaskModels, SayWhereTheyWereLookedForWhenMissing) {
  setenv("LOCKSTEP_MODELS", folder_.c_str(), 1);
  try {
    (void)task_model("dm_control/suite/no_such.xml");
    FAIL() << "expected MissingResource";
  } catch (const MissingResource& error) {
    EXPECT_NE(error.problem().find("no_such.xml"), std::string::npos);
    EXPECT_NE(error.where().find(folder_.string()), std::string::npos);
    EXPECT_NE(error.fix().find("LOCKSTEP_MODELS"), std::string::npos);
  }
}

}  // namespace
}  // namespace lockstep
