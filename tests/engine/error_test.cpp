// Errors carry what, where and how to mend it, and know the nearest name.
#include "engine/error.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep {
namespace {

const std::vector<std::string> kTasks = {"cartpole-balance", "cartpole-swingup", "pendulum-swingup"};

TEST(Error, ShowsItsThreePartsOnThreeLines) {
  const Error error("horizon = 0 is outside [1, 100]", "run.toml, line 3", "set horizon within [1, 100]");
  EXPECT_STREQ(error.what(),
               "horizon = 0 is outside [1, 100]\n  where: run.toml, line 3\n  fix: set horizon within [1, 100]");
}

TEST(NearestName, FindsTheNameWithAMissingLetter) { EXPECT_EQ(nearest_name("cartpole-swinup", kTasks), kTasks[1]); }

TEST(NearestName, PrefersTheFewestEdits) { EXPECT_EQ(nearest_name("pendulum-swing", kTasks), kTasks[2]); }

TEST(NearestName, IsSilentWhenNothingIsNear) { EXPECT_EQ(nearest_name("humanoid", kTasks), ""); }

TEST(NearestName, IsSilentWithoutCandidates) { EXPECT_EQ(nearest_name("humanoid", {}), ""); }

}  // namespace
}  // namespace lockstep
