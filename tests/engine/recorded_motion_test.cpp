// Recorded motion: what its columns mean, where trajectories begin, and errors that name the line.
#include "engine/recorded_motion.h"
#include "engine/error.h"

#include <cmath>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace lockstep {
namespace {

TEST(RecordedMotion, PairsRowsThatFollowEachOther) {
  const RecordedMotion motion = parse_motion(
      "# from a pendulum\n"
      "t, th, w, u0\n"
      "0, 1, 2, 0.5\r\n"
      "0.1, 1.5, 3, 0.25\n"
      "\n"
      "0.2, 2, 4, 0\n",
      "test");
  EXPECT_EQ(motion.state_names, (std::vector<std::string>{"th", "w"}));
  EXPECT_EQ(motion.control_names, std::vector<std::string>{"u0"});
  EXPECT_NEAR(motion.timestep, 0.1, 1e-15);
  ASSERT_EQ(motion.data.size(), 2);
  EXPECT_EQ(motion.data.x()(1, 0), 1.5);
  EXPECT_EQ(motion.data.next()(1, 1), 4);
  EXPECT_EQ(motion.data.u()(1, 0), 0.25);
  EXPECT_TRUE(motion.data.is_continued(0));
}

TEST(RecordedMotion, BeginsATrajectoryWhereItsNumberChangesOrTimeGoesBack) {
  const RecordedMotion numbered = parse_motion("t,trajectory,x\n0,7,1\n1,7,2\n2,8,3\n3,8,4\n", "test");
  EXPECT_EQ(numbered.data.segments(), (std::vector<std::pair<int, int>>{{0, 1}, {1, 2}}));
  EXPECT_EQ(numbered.data.x()(1, 0), 3);
  const RecordedMotion timed = parse_motion("t,x\n0,1\n1,2\n0,3\n1,4\n", "test");
  EXPECT_EQ(timed.data.segments(), (std::vector<std::pair<int, int>>{{0, 1}, {1, 2}}));
}

TEST(RecordedMotion, TakesTheTimeStepAndControlsThatAreGiven) {
  const RecordedMotion motion =
      parse_motion("x,torque,u_wind\n1,2,3\n4,5,6\n", "test", {.controls = {"torque"}, .timestep = 0.5});
  EXPECT_EQ(motion.state_names, (std::vector<std::string>{"x", "u_wind"}));
  EXPECT_EQ(motion.control_names, std::vector<std::string>{"torque"});
  EXPECT_EQ(motion.timestep, 0.5);
}

struct BadTable {
  const char* name;
  const char* text;
  const char* said;   // in the problem
  const char* where;  // in the place
};

void PrintTo(const BadTable& table, std::ostream* out) { *out << table.name; }

class RecordedMotionRefuses : public testing::TestWithParam<BadTable> {};

TEST_P(RecordedMotionRefuses, AndNamesTheLine) {
  try {
    (void)parse_motion(GetParam().text, "data.csv");
    FAIL() << "no Error";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find(GetParam().said), std::string::npos) << error.what();
    EXPECT_NE(error.where().find(GetParam().where), std::string::npos) << error.what();
    EXPECT_FALSE(error.fix().empty());
  }
}

INSTANTIATE_TEST_SUITE_P(
    Tables, RecordedMotionRefuses,
    testing::Values(BadTable{"AnEmptyFile", "", "no two rows", "data.csv"},
                    BadTable{"OneRow", "t,x\n0,1\n", "no two rows", "data.csv"},
                    BadTable{"NoNames", "0,1\n1,2\n", "'0' is no name", "line 1"},
                    BadTable{"NamesTwice", "t,x,x\n0,1,2\n", "two columns", "line 1"},
                    BadTable{"NoTime", "x,y\n0,1\n1,2\n", "0 of time", "line 1"},
                    BadTable{"OnlyControls", "t,u0\n0,1\n1,2\n", "0 columns of states", "line 1"},
                    BadTable{"AWord", "t,x\n0,1\n1,two\n", "x = 'two'", "line 3"},
                    BadTable{"ANumberWithATail", "t,x\n0,1\n1,2.5m\n", "'2.5m'", "line 3"},
                    BadTable{"NotFinite", "t,x\n0,1\n1,nan\n", "x = 'nan'", "line 3"},
                    BadTable{"AShortLine", "t,x,y\n0,1,2\n1,2\n", "2 cells under 3 names", "line 3"},
                    BadTable{"UnevenTime", "t,x\n0,1\n1,2\n2.5,3\n", "a time step of 1.5 s", "line 4"},
                    BadTable{"AFractionOfATrajectory", "t,trajectory,x\n0,0.5,1\n", "trajectory = 0.5", "line 2"}),
    [](const auto& tested) { return std::string(tested.param.name); });

// Mutated tables give an Error or a table of finite numbers, never a crash.
TEST(RecordedMotionFuzz, GivesAnErrorOrFiniteRows) {
  const std::string table = "t,trajectory,x,u0\n0,0,1.5,-2e-3\n0.1,0,2,3\n# note\n0.2,1,4,5\n0.3,1,6,7\n";
  std::mt19937 random(11);
  int read = 0;
  for (int k = 0; k < 5000; ++k) {
    std::string text = table;
    for (int edit = 0; edit < 3; ++edit) {
      const size_t at = random() % text.size();
      if (random() % 2 == 0) {
        text[at] = static_cast<char>(random() % 256);
      } else {
        text.erase(at, 1 + random() % 3);
      }
    }
    try {
      const RecordedMotion motion = parse_motion(text, "fuzz");
      for (int row = 0; row < motion.data.size(); ++row) {
        for (int i = 0; i < motion.data.state_size(); ++i) ASSERT_TRUE(std::isfinite(motion.data.next()(row, i)));
      }
      ++read;
    } catch (const Error&) {
    }
  }
  EXPECT_GT(read, 100);
}

}  // namespace
}  // namespace lockstep
