// Kills the program at random moments of a training run, resumes it, and compares with a run that nobody touched.
#include "engine/run_folder.h"
#include "kernels/philox.h"
#include "tests/apps/child_process.h"
#include "tests/engine/temporary_folder.h"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep {
namespace {

constexpr int kMoments = 30;
constexpr std::uint64_t kSeed = 1;

std::vector<std::string> program(const std::vector<std::string>& words) {
  std::vector<std::string> all = {LOCKSTEP_PROGRAM, "train", "--no-view"};
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

// Twenty iterations of a tenth of a second together: many saves for a kill to fall into.
const std::vector<std::string> kNewRun =
    program({"pendulum-v1", "--agent", "ppo", "--agent-defaults", "--run-dir", "run", "--no-video", "--iterations",
             "20", "--set", "worlds=16", "--set", "steps=16", "--set", "epochs=4", "--set", "evaluations=2", "--set",
             "network.width=32"});
constexpr int kCriterionNotMet = 1;  // so few iterations solve nothing

std::vector<std::byte> agent_of(const std::filesystem::path& folder) { return read_run(folder).state.value().agent; }

TEST(KilledProgram, ResumedFromAnyOfThirtyRandomMomentsLearnsTheSameBits) {
  using Clock = std::chrono::steady_clock;
  const TemporaryFolder folder;
  const auto start = Clock::now();
  ASSERT_EQ(run_program(kNewRun, folder.path()).exit_code, kCriterionNotMet);
  const auto whole = Clock::now() - start;
  const std::vector<std::byte> expected = agent_of(folder / "run");
  int killed_in_training = 0;
  for (std::uint32_t moment = 0; moment < kMoments; ++moment) {
    const TemporaryFolder place;
    const double share = kernels::uniform<double>({kSeed, 0}, moment, 0);
    {
      ChildProcess child(kNewRun, place.path());
      // Which instruction this falls on does not matter to the claim.
      std::this_thread::sleep_for(std::chrono::duration_cast<Clock::duration>(whole * share));
      child.send(SIGKILL);
      (void)child.wait();
    }
    const bool has_begun = std::filesystem::exists(place.path() / "run" / "config.toml");
    const bool has_saved = std::filesystem::exists(place.path() / "run" / "checkpoint.lockstep");
    if (has_saved && agent_of(place / "run") != expected) ++killed_in_training;
    const ChildResult resumed = run_program(has_begun ? program({"--resume", "run"}) : kNewRun, place.path());
    ASSERT_EQ(resumed.exit_code, kCriterionNotMet) << resumed.err;
    EXPECT_EQ(agent_of(place / "run"), expected) << "killed at " << share << " of the run";
  }
  EXPECT_GE(killed_in_training, 5) << "hardly any kill fell into the training: make the run longer";
}

}  // namespace
}  // namespace lockstep
