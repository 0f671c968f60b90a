// Tests whole runs of the program: what a run leaves, that it is repeated from its own config.toml, and resumed.
#include "engine/atomic_file.h"
#include "engine/run_folder.h"
#include "tests/apps/child_process.h"
#include "tests/engine/temporary_folder.h"

#include <csignal>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace lockstep {
namespace {

std::vector<std::string> train(const std::vector<std::string>& words) {
  std::vector<std::string> all = {LOCKSTEP_PROGRAM, "train", "--no-view"};
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

std::vector<std::byte> agent_of(const std::filesystem::path& folder) { return read_run(folder).state.value().agent; }

TEST(Run, LeavesEverythingInItsFolderAndIsRepeatedFromItsConfiguration) {
  const TemporaryFolder folder;
  const ChildResult first =
      run_program(train({"cartpole-swingup", "--seed", "3", "--run-dir", "a", "--json", "-"}), folder.path());
  ASSERT_EQ(first.exit_code, 0) << first.err;
  for (const char* name :
       {"config.toml", "metrics.csv", "events.out.tfevents.lockstep", "checkpoint.lockstep", "report.html"})
    EXPECT_GT(std::filesystem::file_size(folder.path() / "a" / name), 0u) << name;
  const std::string last = first.out.substr(first.out.rfind('\n', first.out.size() - 2) + 1);
  const auto row = nlohmann::json::parse(last);
  EXPECT_EQ(row.at("task"), "cartpole-swingup");
  EXPECT_EQ(row.at("seed"), 3);
  EXPECT_TRUE(row.at("success").get<bool>());
  EXPECT_GT(row.at("return_mean").get<double>(), 800);
  EXPECT_LE(row.at("real_seconds").get<double>(), 60);

  const ChildResult exported =
      run_program({LOCKSTEP_PROGRAM, "export", "a", "--format", "c", "-o", "policy.h"}, folder.path());
  EXPECT_EQ(exported.exit_code, 2);
  EXPECT_NE(exported.err.find("sindy-mpc has no policy network"), std::string::npos) << exported.err;
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "policy.h"));

  const ChildResult second =
      run_program(train({"--config", "a/config.toml", "--run-dir", "b", "--no-video"}), folder.path());
  ASSERT_EQ(second.exit_code, 0) << second.err;
  EXPECT_EQ(agent_of(folder / "a"), agent_of(folder / "b"));
}

TEST(Run, ThatWasInterruptedGoesOnToTheSameAgent) {
  const TemporaryFolder folder;
  ASSERT_EQ(run_program(train({"cartpole-swingup", "--run-dir", "whole", "--no-video"}), folder.path()).exit_code, 0);
  ChildProcess child(train({"cartpole-swingup", "--run-dir", "cut", "--no-video"}), folder.path());
  while (!std::filesystem::exists(folder.path() / "cut" / "checkpoint.lockstep")) std::this_thread::yield();
  child.send(SIGINT);
  const ChildResult cut = child.wait();
  EXPECT_EQ(cut.exit_code, 130) << cut.err;
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "cut" / "report.html"));
  const ChildResult resumed = run_program(train({"--resume", "cut"}), folder.path());
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(agent_of(folder / "cut"), agent_of(folder / "whole"));
}

}  // namespace
}  // namespace lockstep
