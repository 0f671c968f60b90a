// Tests what a run leaves behind, how it is continued, and what is refused before anything is written.
#include "engine/run_folder.h"
#include "engine/atomic_file.h"
#include "engine/error.h"
#include "tests/engine/temporary_folder.h"

#include <cmath>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace lockstep {
namespace {

Settings example_config() {
  Settings config;
  config.set("seed", {std::int64_t{3}, "test"});
  config.set("planner.horizon", {std::int64_t{30}, "test"});
  config.set("task", {std::string("cartpole-swingup"), "test"});
  return config;
}

std::string content(const std::filesystem::path& file) {
  const std::vector<std::byte> bytes = read_file(file);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

RunState state_at(std::int64_t iteration) { return {iteration, 1.5, {std::byte{1}, std::byte{2}}}; }

RunFolder resume(const std::filesystem::path& folder) {
  return RunFolder::resume(folder, example_config(), [](const SavedRun&) {});
}

RunFolder new_run(const std::filesystem::path& folder) {
  return RunFolder::create(folder, example_config(), RunFolder::Existing::kRefuse);
}

TEST(RunFolder, GivesConfigurationAndStateBack) {
  const TemporaryFolder parent;
  new_run(parent / "run").save(state_at(7));
  const SavedRun saved = read_run(parent / "run");
  EXPECT_EQ(saved.config.to_toml(), example_config().to_toml());
  ASSERT_TRUE(saved.state.has_value());
  EXPECT_EQ(saved.state->iteration, 7);
  EXPECT_EQ(saved.state->wall_seconds, 1.5);
  EXPECT_EQ(saved.state->agent, state_at(7).agent);
}

TEST(RunFolder, HasEveryRowAsSoonAsItIsRecorded) {
  const TemporaryFolder parent;
  RunFolder run = new_run(parent / "run");
  run.record(1, {{"return", 0.1}, {"error", std::nan("")}});
  run.record(2, {{"return", 1e-300}, {"error", 2.0}});
  const MetricsTable table = run.metrics();
  EXPECT_EQ(table.names, (std::vector<std::string>{"iteration", "return", "error"}));
  EXPECT_EQ(*table.find("return"), (std::vector<double>{0.1, 1e-300}));
  EXPECT_TRUE(std::isnan(table.find("error")->front()));
  EXPECT_EQ(table.find("no such"), nullptr);
}

TEST(RunFolder, DropsRowsAfterTheCheckpointWhenResumed) {
  const TemporaryFolder parent;
  {
    RunFolder run = new_run(parent / "run");
    run.record(1, {{"return", 10}});
    run.save(state_at(1));
    run.record(2, {{"return", 20}});
  }
  RunFolder run = resume(parent / "run");
  EXPECT_EQ(run.saved().state->iteration, 1);
  run.record(2, {{"return", 21}});
  EXPECT_EQ(*run.metrics().find("return"), (std::vector<double>{10, 21}));
}

TEST(RunFolder, IsResumedFromTheBeginningWithoutACheckpoint) {
  const TemporaryFolder parent;
  new_run(parent / "run").record(1, {{"return", 10}});
  RunFolder run = resume(parent / "run");
  EXPECT_FALSE(run.saved().state.has_value());
  EXPECT_EQ(run.metrics().num_rows(), 0u);
}

TEST(RunFolder, RefusesOtherColumns) {
  const TemporaryFolder parent;
  RunFolder run = new_run(parent / "run");
  run.record(1, {{"return", 10}});
  EXPECT_THROW(run.record(2, {{"retrun", 10}}), Error);
}

TEST(RunFolder, IsLeftAloneWhenItsStateIsRefused) {
  const TemporaryFolder parent;
  {
    RunFolder run = new_run(parent / "run");
    run.save(state_at(0));
    run.record(1, {{"return", 10}});
  }
  const auto refuse = [](const SavedRun&) { throw Error("not mine", "", ""); };
  EXPECT_THROW((void)RunFolder::resume(parent / "run", {}, refuse), Error);
  EXPECT_EQ(content(parent.path() / "run" / "metrics.csv"), "iteration,return\n1,10\n");
  EXPECT_EQ(read_run(parent / "run").config.to_toml(), example_config().to_toml());
}

TEST(RunFolder, KeepsTheConfigurationItIsResumedWith) {
  const TemporaryFolder parent;
  new_run(parent / "run").save(state_at(1));
  Settings longer = example_config();
  longer.set("max_iterations", {std::int64_t{50}, "test"});
  {
    const RunFolder run = RunFolder::resume(parent / "run", longer, [](const SavedRun&) {});
  }
  EXPECT_EQ(read_run(parent / "run").config.to_toml(), longer.to_toml());
}

TEST(RunFolder, IsWrittenByOneProcessAtATime) {
  const TemporaryFolder parent;
  const RunFolder run = new_run(parent / "run");
  try {
    (void)resume(parent / "run");
    FAIL() << "expected Error";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find("another process"), std::string::npos);
  }
}

TEST(RunFolder, DoesNotReplaceARunUnasked) {
  const TemporaryFolder parent;
  new_run(parent / "run").save(state_at(7));
  EXPECT_THROW((void)new_run(parent / "run"), Error);
  EXPECT_EQ(read_run(parent / "run").state->iteration, 7);
}

TEST(RunFolder, ReplacesARunWhenAsked) {
  const TemporaryFolder parent;
  new_run(parent / "run").save(state_at(7));
  { const RunFolder run = RunFolder::create(parent / "run", example_config(), RunFolder::Existing::kOverwrite); }
  EXPECT_FALSE(read_run(parent / "run").state.has_value());
}

TEST(RunFolder, NeverReplacesAFolderWithOtherFiles) {
  const TemporaryFolder parent;
  std::filesystem::create_directory(parent / "thesis");
  std::ofstream(parent.path() / "thesis" / "thesis.tex") << "years of work";
  EXPECT_THROW((void)RunFolder::create(parent / "thesis", example_config(), RunFolder::Existing::kOverwrite), Error);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(parent / "thesis"), {}), 1);
}

TEST(RunFolder, RefusesToResumeWhatIsNoRun) {
  const TemporaryFolder parent;
  EXPECT_THROW((void)resume(parent.path()), Error);
  EXPECT_TRUE(std::filesystem::is_empty(parent.path()));
}

TEST(RunFolder, RefusesACheckpointThatWasCutShortAndLeavesTheRunAlone) {
  const TemporaryFolder parent;
  {
    RunFolder run = new_run(parent / "run");
    run.record(1, {{"return", 10}});
    run.save(state_at(1));
  }
  const auto checkpoint = parent.path() / "run" / "checkpoint.lockstep";
  std::filesystem::resize_file(checkpoint, std::filesystem::file_size(checkpoint) - 1);
  EXPECT_THROW((void)resume(parent / "run"), Error);
  EXPECT_EQ(content(parent.path() / "run" / "metrics.csv"), "iteration,return\n1,10\n");
}

TEST(FreeRunFolder, IsTheFirstThatDoesNotExist) {
  const TemporaryFolder parent;
  EXPECT_EQ(free_run_folder(parent.path(), "a"), parent / "a-1");
  std::filesystem::create_directory(parent / "a-1");
  EXPECT_EQ(free_run_folder(parent.path(), "a"), parent / "a-2");
}

TEST(ParseMetrics, LeavesOutHalfARow) { EXPECT_EQ(parse_metrics("a,b\n1,2\n3,", "test").num_rows(), 1u); }

TEST(ParseMetrics, SaysWhichLineIsWrong) {
  try {
    (void)parse_metrics("a,b\n1,2\n3,x\n", "metrics.csv");
    FAIL() << "expected Error";
  } catch (const Error& error) {
    EXPECT_EQ(error.where(), "metrics.csv, line 3");
    EXPECT_NE(error.problem().find("'x'"), std::string::npos);
  }
}

}  // namespace
}  // namespace lockstep
