// Tests of viewer/metrics_file.h: a metrics.csv that another process writes while it is read.
#include "viewer/metrics_file.h"
#include "tests/engine/temporary_folder.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::viewer {
namespace {

class GrowingMetrics : public testing::Test {
 protected:
  void append(const std::string& text) { std::ofstream(file_, std::ios::app) << text; }
  void replace(const std::string& text) {
    std::ofstream(file_) << text;
    std::filesystem::last_write_time(file_, std::filesystem::last_write_time(file_) + std::chrono::seconds(2));
  }

  TemporaryFolder folder_;
  std::filesystem::path file_ = folder_ / "metrics.csv";
  MetricsFile metrics_{folder_.path()};
};

TEST_F(GrowingMetrics, AHalfWrittenLineIsReadOnceItIsWhole) {
  append("iteration,return\n1,10\n2,2");
  EXPECT_TRUE(metrics_.refresh());
  EXPECT_EQ(*metrics_.table().find("return"), std::vector<double>({10}));
  append("0\n");
  EXPECT_TRUE(metrics_.refresh());
  EXPECT_EQ(*metrics_.table().find("return"), std::vector<double>({10, 20}));
  EXPECT_EQ(metrics_.problem(), "");
}

TEST_F(GrowingMetrics, AHalfWrittenHeadIsAnEmptyTable) {
  append("iteration,ret");
  EXPECT_TRUE(metrics_.refresh());
  EXPECT_EQ(metrics_.table().num_rows(), 0U);
  EXPECT_EQ(metrics_.problem(), "");
}

TEST_F(GrowingMetrics, AFileThatDidNotChangeIsNotReadAgain) {
  append("iteration,return\n1,10\n");
  EXPECT_TRUE(metrics_.refresh());
  for (int look = 0; look < 100; ++look) EXPECT_FALSE(metrics_.refresh());
  EXPECT_EQ(metrics_.times_read(), 1);
  append("2,20\n");
  EXPECT_TRUE(metrics_.refresh());
  EXPECT_EQ(metrics_.times_read(), 2);
}

TEST_F(GrowingMetrics, ARunThatTookTheFoldersPlaceBringsItsOwnColumns) {
  append("iteration,return\n1,10\n2,20\n");
  metrics_.refresh();
  replace("iteration,reward\n1,7.5\n2,8.5\n");  // of the same size
  EXPECT_TRUE(metrics_.refresh());
  EXPECT_EQ(metrics_.table().find("return"), nullptr);
  EXPECT_EQ(*metrics_.table().find("reward"), std::vector<double>({7.5, 8.5}));
}

TEST_F(GrowingMetrics, AMissingFileIsToldWithItsNameAndReadWhenItAppears) {
  EXPECT_TRUE(metrics_.refresh());
  EXPECT_NE(metrics_.problem().find(file_.string()), std::string::npos) << metrics_.problem();
  EXPECT_NE(metrics_.problem().find("lockstep train"), std::string::npos) << metrics_.problem();
  EXPECT_FALSE(metrics_.refresh()) << "nothing changed";
  append("iteration,return\n1,10\n");
  EXPECT_TRUE(metrics_.refresh());
  EXPECT_EQ(metrics_.problem(), "");
  EXPECT_EQ(metrics_.table().num_rows(), 1U);
  std::filesystem::remove(file_);
  EXPECT_TRUE(metrics_.refresh());
  EXPECT_EQ(metrics_.table().num_rows(), 0U);
}

TEST_F(GrowingMetrics, ADamagedFileIsToldAndTheLastTableStays) {
  append("iteration,return\n1,10\n");
  metrics_.refresh();
  append("2,x\n");
  EXPECT_TRUE(metrics_.refresh());
  EXPECT_NE(metrics_.problem().find("metrics.csv, line 3"), std::string::npos) << metrics_.problem();
  EXPECT_EQ(*metrics_.table().find("return"), std::vector<double>({10}));
}

TEST(StepsPerSecond, IsThatOfTheLastTenRows) {
  MetricsTable table{{"env_steps", "wall_seconds"}, {{}, {}}};
  EXPECT_EQ(steps_per_second(table), 0);
  for (int row = 0; row < 20; ++row) {  // 100 steps/s at first, then 50
    table.columns[0].push_back(100 * row);
    table.columns[1].push_back(row < 10 ? row : 9 + 2 * (row - 9));
  }
  EXPECT_DOUBLE_EQ(steps_per_second(table), 50);
  EXPECT_EQ(steps_per_second(MetricsTable{{"env_steps"}, {{1, 2}}}), 0);
}

}  // namespace
}  // namespace lockstep::viewer
