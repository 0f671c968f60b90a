// Tests of data sets as users make them: episodes out of a run, into the replay of another, and refusals.
#include "engine/hdf5_episodes.h"
#include "envs/task_names.h"
#include "tests/apps/child_process.h"
#include "tests/engine/temporary_folder.h"

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace lockstep {
namespace {

constexpr int kCriterionNotMet = 1, kBadInput = 2;

ChildResult run(const TemporaryFolder& folder, std::vector<std::string> words) {
  words.insert(words.begin(), LOCKSTEP_PROGRAM);
  return run_program(words, folder.path());
}

// A run of two short iterations in folder/run.
void train_briefly(const TemporaryFolder& folder, const std::string& task, const std::vector<std::string>& more = {}) {
  std::vector<std::string> words = {"train",
                                    task,
                                    "--agent",
                                    "sac",
                                    "--agent-defaults",
                                    "--run-dir",
                                    "run",
                                    "--iterations",
                                    "2",
                                    "--no-view",
                                    "--no-video",
                                    "--set",
                                    "iteration_steps=50",
                                    "--set",
                                    "random_steps=20",
                                    "--set",
                                    "batch=8",
                                    "--set",
                                    "network.width=8",
                                    "--set",
                                    "evaluations=2",
                                    "--set",
                                    "evaluation_episodes=1"};
  words.insert(words.end(), more.begin(), more.end());
  const ChildResult done = run(folder, words);
  ASSERT_EQ(done.exit_code, kCriterionNotMet) << done.err;
}

std::vector<std::string> export_as(const std::string& format, const std::string& file) {
  return {"export", "run", "--format", format, "--episodes", "3", "--seed", "5", "--json", "-", "-o", file};
}

TEST(ExportedEpisodes, AreCountedAndBeginAnotherRunsReplay) {
  const TemporaryFolder folder, other;
  train_briefly(folder, "pendulum-v1");
  const ChildResult written = run(folder, export_as("hdf5", "data.h5"));
  ASSERT_EQ(written.exit_code, 0) << written.err;
  const auto row = nlohmann::json::parse(written.out);
  EXPECT_EQ(row.at("episodes"), 3);
  EXPECT_EQ(row.at("steps"), 600);
  EXPECT_EQ(row.at("left_out"), 0);
  EXPECT_LT(row.at("return_mean").get<double>(), 0);
  train_briefly(other, "pendulum-v1", {"--set", "initial_transitions=\"" + (folder / "data.h5").string() + "\""});
}

TEST(ExportedEpisodes, OfOneSeedAreTheSame) {
  const TemporaryFolder folder;
  train_briefly(folder, "pendulum-v1");
  const TaskSpec task = envs::task_spec("pendulum-v1");
  ASSERT_EQ(run(folder, export_as("minari", "a")).exit_code, 0);
  ASSERT_EQ(run(folder, export_as("minari", "b")).exit_code, 0);
  const StepTable a = read_steps(folder / "a", task), b = read_steps(folder / "b", task);
  EXPECT_EQ(a.observations, b.observations);
  EXPECT_EQ(a.actions, b.actions);
  EXPECT_EQ(a.rewards, b.rewards);
}

TEST(ExportedEpisodes, RefuseAFolderThatIsThere) {
  const TemporaryFolder folder;
  train_briefly(folder, "pendulum-v1");
  std::filesystem::create_directory(folder / "data");
  const ChildResult refused = run(folder, export_as("minari", "data"));
  EXPECT_EQ(refused.exit_code, kBadInput);
  EXPECT_NE(refused.err.find("it is there already"), std::string::npos) << refused.err;
}

TEST(ExportedEpisodes, OfAnotherTaskAreRefusedBeforeARunBegins) {
  const TemporaryFolder folder;
  train_briefly(folder, "pendulum-v1");
  ASSERT_EQ(run(folder, export_as("hdf5", "data.h5")).exit_code, 0);
  const ChildResult refused = run(folder, {"train", "half-cheetah-v5", "--agent", "sac", "--run-dir", "cheetah",
                                           "--no-view", "--set", "initial_transitions=data.h5"});
  EXPECT_EQ(refused.exit_code, kBadInput);
  EXPECT_NE(refused.err.find("its shape is [600, 3], [600, 17] is expected"), std::string::npos) << refused.err;
  EXPECT_FALSE(std::filesystem::exists(folder / "cheetah"));
}

}  // namespace
}  // namespace lockstep
