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
  const TransitionData data = motion.transitions();
  ASSERT_EQ(data.size(), 2);
  EXPECT_EQ(data.x()(1, 0), 1.5);
  EXPECT_EQ(data.next()(1, 1), 4);
  EXPECT_EQ(data.u()(1, 0), 0.25);
  EXPECT_TRUE(data.is_continued(0));
}

TEST(RecordedMotion, BeginsATrajectoryWhereItsNumberChangesOrTimeGoesBack) {
  const RecordedMotion numbered = parse_motion("t,trajectory,x\n0,7,1\n1,7,2\n2,8,3\n3,8,4\n", "test");
  EXPECT_EQ(numbered.transitions().segments(), (std::vector<std::pair<int, int>>{{0, 1}, {1, 2}}));
  const TransitionData data = numbered.transitions();
  EXPECT_EQ(data.x()(1, 0), 3);
  const RecordedMotion timed = parse_motion("t,x\n0,1\n1,2\n0,3\n1,4\n", "test");
  EXPECT_EQ(timed.transitions().segments(), (std::vector<std::pair<int, int>>{{0, 1}, {1, 2}}));
}

TEST(RecordedMotion, TakesTheTimeStepAndControlsThatAreGiven) {
  const RecordedMotion motion =
      parse_motion("x,torque,u_wind\n1,2,3\n4,5,6\n", "test", {.controls = {"torque"}, .timestep = 0.5});
  EXPECT_EQ(motion.state_names, (std::vector<std::string>{"x", "u_wind"}));
  EXPECT_EQ(motion.control_names, std::vector<std::string>{"torque"});
  EXPECT_EQ(motion.timestep, 0.5);
}

RecordedColumns split() { return {.missing = "split"}; }

TEST(RecordedMotion, TakesUnitsOutOfTheNames) {
  const RecordedMotion motion =
      parse_motion("t [s];\"angle\" [rad];w (rad/s);u [N m]\n0;1;2;3\n1;2;3;4\n", "test", {.controls = {"u"}});
  EXPECT_EQ(motion.state_names, (std::vector<std::string>{"\"angle\"", "w"}));
  EXPECT_EQ(motion.state_units, (std::vector<std::string>{"rad", "rad/s"}));
  EXPECT_EQ(motion.control_units, std::vector<std::string>{"N m"});
}

TEST(RecordedMotion, EndsTrajectoriesAtMissingCellsAndGapsAndSaysSo) {
  const RecordedMotion motion =
      parse_motion("t,x\n0,1\n1,2\n2,nan\n3,\n4,5\n5,6\n8,7\n9,8\n10,9\n20,1\n", "data.csv", split());
  ASSERT_EQ(motion.trajectories.size(), 3u);
  EXPECT_EQ(motion.trajectories[1].time, (std::vector<double>{4, 5}));
  EXPECT_EQ(motion.trajectories[2].x, (std::vector<double>{7, 8, 9}));
  EXPECT_TRUE(motion.is_even);
  EXPECT_EQ(motion.notes,
            (std::vector<std::string>{"2 rows with missing cells left out (the first: data.csv, line 4, column x), "
                                      "trajectories end there",
                                      "2 gaps in time (the first: 3 s at data.csv, line 8), trajectories end there",
                                      "1 trajectory of a single row left out (the first: line 11)"}));
}

TEST(RecordedMotion, KeepsUnevenTimeAndSaysSo) {
  const RecordedMotion motion = parse_motion("t,x\n0,1\n1,2\n2.5,3\n3.1,4\n4.1,5\n", "data.csv", split());
  EXPECT_FALSE(motion.is_even);
  ASSERT_EQ(motion.trajectories.size(), 1u);
  EXPECT_EQ(motion.notes.size(), 1u);
  EXPECT_THROW((void)motion.transitions(), Error);
}

TEST(RecordedMotion, KeepsChosenStatesAndEveryNthRow) {
  RecordedColumns columns;
  columns.states = {"y"};
  columns.every = 2;
  const RecordedMotion motion = parse_motion("t,x,y\n0,1,2\n1,2,3\n2,3,4\n3,4,5\n4,5,6\n", "test", columns);
  EXPECT_EQ(motion.trajectories[0].x, (std::vector<double>{2, 4, 6}));
  EXPECT_EQ(motion.timestep, 2);
  EXPECT_EQ(motion.notes, std::vector<std::string>{"columns that are not used: x"});
  columns.states = {"z"};
  EXPECT_THROW((void)parse_motion("t,x,y\n0,1,2\n1,2,3\n", "test", columns), Error);
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
      for (const RecordedTrajectory& trajectory : motion.trajectories) {
        for (const double value : trajectory.x) ASSERT_TRUE(std::isfinite(value));
      }
      ++read;
    } catch (const Error&) {
    }
  }
  EXPECT_GT(read, 100);
}

}  // namespace
}  // namespace lockstep
