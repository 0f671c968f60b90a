// Tests the choice of the instruction set: the processor's best, or what LOCKSTEP_ISA names.
#include "engine/error.h"
#include "engine/isa.h"

#include <cstdlib>

#include <gtest/gtest.h>

namespace lockstep {
namespace {

struct ChosenIsa : testing::Test {
  void TearDown() override { unsetenv("LOCKSTEP_ISA"); }
};

TEST_F(ChosenIsa, IsTheBestWithoutAWish) {
  unsetenv("LOCKSTEP_ISA");
  EXPECT_EQ(chosen_isa(), best_isa());
}

TEST_F(ChosenIsa, IsWhatTheVariableNames) {
  setenv("LOCKSTEP_ISA", "baseline", 1);
  EXPECT_EQ(chosen_isa(), Isa::kBaseline);
}

TEST_F(ChosenIsa, RefusesAnUnknownNameAndSaysWhichThereAre) {
  setenv("LOCKSTEP_ISA", "v5", 1);
  try {
    (void)chosen_isa();
    FAIL() << "expected Error";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find("v5"), std::string::npos);
    EXPECT_NE(error.fix().find("baseline, v3 or v4"), std::string::npos);
  }
}

TEST_F(ChosenIsa, RefusesWhatTheProcessorLacks) {
  if (best_isa() == Isa::kV4) GTEST_SKIP() << "this processor has them all";
  setenv("LOCKSTEP_ISA", "v4", 1);
  EXPECT_THROW((void)chosen_isa(), Error);
}

}  // namespace
}  // namespace lockstep
