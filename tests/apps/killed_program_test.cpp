// Strikes the program by signals at random moments of a training run, resumes it, and compares with a run that nobody
// touched.
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

// Twenty iterations of a tenth of a second or two together: many saves for a signal to fall into.
const std::vector<std::string> kPpo = {"--agent", "ppo",      "--set", "worlds=16",
                                       "--set",   "steps=16", "--set", "epochs=4"};
// From a replay with priorities, which the checkpoint holds too.
const std::vector<std::string> kSac = {"--agent", "sac",
                                       "--set",   "worlds=4",
                                       "--set",   "iteration_steps=60",
                                       "--set",   "random_steps=200",
                                       "--set",   "batch=16",
                                       "--set",   "updates_per_step=0.5",
                                       "--set",   "priority_exponent=0.6"};
constexpr int kCriterionNotMet = 1;  // so few iterations solve nothing

struct Case {
  const char* name;
  const std::vector<std::string>& agent;
  int signal;
};

std::vector<std::string> new_run(const std::vector<std::string>& agent) {
  std::vector<std::string> words = {"pendulum-v1",
                                    "--agent-defaults",
                                    "--run-dir",
                                    "run",
                                    "--no-video",
                                    "--iterations",
                                    "20",
                                    "--set",
                                    "evaluations=2",
                                    "--set",
                                    "network.width=32"};
  words.insert(words.end(), agent.begin(), agent.end());
  return program(words);
}

std::vector<std::byte> agent_of(const std::filesystem::path& folder) { return read_run(folder).state.value().agent; }

// Runs `words` in `folder` and sends the signal so long after the start.
void strike(const std::vector<std::string>& words, const std::filesystem::path& folder, int signal,
            std::chrono::steady_clock::duration after) {
  ChildProcess child(words, folder);
  std::this_thread::sleep_for(after);  // which instruction this falls on does not matter to the claim
  child.send(signal);
  (void)child.wait();
}

class StruckProgram : public testing::TestWithParam<Case> {};

// The first strike falls anywhere into the run, the second into what is left of it.
TEST_P(StruckProgram, ResumedFromAnyOfThirtyRandomMomentsLearnsTheSameBits) {
  using Clock = std::chrono::steady_clock;
  const TemporaryFolder folder;
  const std::vector<std::string> whole_run = new_run(GetParam().agent), resume = program({"--resume", "run"});
  const auto start = Clock::now();
  ASSERT_EQ(run_program(whole_run, folder.path()).exit_code, kCriterionNotMet);
  const auto whole = Clock::now() - start;
  const std::vector<std::byte> expected = agent_of(folder / "run");
  int struck_in_training = 0;
  for (std::uint32_t moment = 0; moment < kMoments; ++moment) {
    const TemporaryFolder place;
    const auto next_words = [&] {
      return std::filesystem::exists(place.path() / "run" / "config.toml") ? resume : whole_run;
    };
    const double first = kernels::uniform<double>({kSeed, 0}, moment, 0),
                 second = (1 - first) * kernels::uniform<double>({kSeed, 0}, moment, 1);
    for (const double share : {first, second}) {
      strike(next_words(), place.path(), GetParam().signal, std::chrono::duration_cast<Clock::duration>(whole * share));
      const bool has_saved = std::filesystem::exists(place.path() / "run" / "checkpoint.lockstep");
      if (has_saved && agent_of(place / "run") != expected) ++struck_in_training;
    }
    const ChildResult resumed = run_program(next_words(), place.path());
    ASSERT_EQ(resumed.exit_code, kCriterionNotMet) << resumed.err;
    EXPECT_EQ(agent_of(place / "run"), expected) << "struck at " << first << " and after " << second << " of the run";
  }
  EXPECT_GE(struck_in_training, 10) << "hardly any signal fell into the training: make the run longer";
}
INSTANTIATE_TEST_SUITE_P(SignalsAndAgents, StruckProgram,
                         testing::Values(Case{"ppo_killed", kPpo, SIGKILL}, Case{"ppo_terminated", kPpo, SIGTERM},
                                         Case{"sac_killed", kSac, SIGKILL}, Case{"sac_terminated", kSac, SIGTERM}),
                         [](const auto& example) { return std::string(example.param.name); });

}  // namespace
}  // namespace lockstep
