// Tests that a run which was interrupted or killed goes on to the bit-same result as one that was not.
#include "apps/training.h"
#include "apps/interrupt.h"
#include "engine/atomic_file.h"
#include "engine/error.h"
#include "envs/env.h"
#include "tests/apps/child_process.h"
#include "tests/apps/linear_search.h"
#include "tests/engine/temporary_folder.h"

#include <csignal>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

namespace lockstep {
namespace {

constexpr const char* kProgram = LOCKSTEP_TRAINING_PROGRAM;

// What has to be the same: the agent's bytes, and every column of the metrics but the wall clock's.
struct Outcome {
  std::int64_t iteration = 0;
  std::vector<std::byte> agent;
  std::vector<std::vector<double>> columns;
  bool operator==(const Outcome&) const = default;
};

Outcome outcome_of(const std::filesystem::path& folder) {
  const SavedRun saved = read_run(folder);
  if (!saved.state) return {};
  const std::vector<std::byte> csv = read_file(folder / "metrics.csv");
  MetricsTable table = parse_metrics({reinterpret_cast<const char*>(csv.data()), csv.size()}, "metrics.csv");
  Outcome outcome{saved.state->iteration, saved.state->agent, {}};
  for (size_t k = 0; k < table.names.size(); ++k)
    if (table.names[k] != "wall_seconds") outcome.columns.push_back(table.columns[k]);
  return outcome;
}

Outcome uninterrupted() {
  const TemporaryFolder folder;
  EXPECT_EQ(run_program({kProgram, "new", "run"}, folder.path()).exit_code, 0);
  return outcome_of(folder / "run");
}

struct Strike {
  int signal;
  int progress_calls;  // 60 in each of 6 iterations, then the evaluation's
};

class StruckTraining : public testing::TestWithParam<Strike> {};

TEST_P(StruckTraining, GoesOnToTheSameResult) {
  const TemporaryFolder folder;
  const ChildResult struck = run_program(
      {kProgram, "new", "run", std::to_string(GetParam().signal), std::to_string(GetParam().progress_calls)},
      folder.path());
  if (GetParam().signal == SIGKILL) {
    EXPECT_EQ(struck.signal, SIGKILL);
  } else {
    EXPECT_EQ(struck.exit_code, 130) << struck.err;
    EXPECT_TRUE(read_run(folder / "run").state.has_value());
  }
  const ChildResult resumed = run_program({kProgram, "resume", "run"}, folder.path());
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  const Outcome expected = uninterrupted();
  EXPECT_EQ(expected.iteration, 6);
  EXPECT_EQ(outcome_of(folder / "run"), expected);
}

INSTANTIATE_TEST_SUITE_P(Signals, StruckTraining,
                         testing::Values(Strike{SIGKILL, 1}, Strike{SIGKILL, 60}, Strike{SIGKILL, 61},
                                         Strike{SIGKILL, 200}, Strike{SIGKILL, 400}, Strike{SIGINT, 1},
                                         Strike{SIGINT, 150}, Strike{SIGTERM, 300}, Strike{SIGINT, 370}),
                         [](const auto& example) {
                           return std::string(example.param.signal == SIGKILL  ? "Kill"
                                              : example.param.signal == SIGINT ? "Interrupt"
                                                                               : "Terminate") +
                                  std::to_string(example.param.progress_calls);
                         });

// Kills from outside fall on any instruction: inside a save, between the metrics and the checkpoint, before either.
TEST(KilledTraining, GoesOnToTheSameResultFromAnyMoment) {
  const auto start = std::chrono::steady_clock::now();
  const Outcome expected = uninterrupted();
  const auto whole = std::chrono::steady_clock::now() - start;
  for (int moment = 0; moment < 20; ++moment) {
    const TemporaryFolder folder;
    ChildProcess child({kProgram, "new", "run"}, folder.path());
    std::this_thread::sleep_for(whole * moment / 20);  // which instruction this falls on does not matter to the claim
    child.send(SIGKILL);
    (void)child.wait();
    const bool has_begun = std::filesystem::exists(folder.path() / "run" / "config.toml");
    const ChildResult resumed = run_program({kProgram, has_begun ? "resume" : "new", "run"}, folder.path());
    ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
    EXPECT_EQ(outcome_of(folder / "run"), expected) << "killed at " << moment << " / 20 of the run";
  }
}

apps::TrainRequest request_in(const std::filesystem::path& folder) {
  Settings given;
  given.set("task", {std::string("pendulum-v1"), "test"});
  apps::TrainRequest request;
  request.run = apps::resolve_run(given, [](const std::string&) { return kLinearSearch.defaults(); });
  request.folder = folder;
  return request;
}

TEST(Training, WritesNothingWhereAnAgentRefusesItsSettings) {
  const TemporaryFolder parent;
  apps::TrainRequest request = request_in(parent / "run");
  request.run.agent.set("noise", {-1.0, "--set noise=-1"});
  EXPECT_THROW((void)apps::train(request, kLinearSearch, envs::make_environment, {}), Error);
  EXPECT_TRUE(std::filesystem::is_empty(parent.path()));
}

TEST(Training, StopsAtItsMostIterationsWithoutSuccess) {
  const TemporaryFolder parent;
  apps::TrainRequest request = request_in(parent / "run");
  request.run.config.max_iterations = 2;
  const apps::TrainResult result = apps::train(request, kLinearSearch, envs::make_environment, {});
  EXPECT_FALSE(result.is_success);
  EXPECT_EQ(result.iterations, 2);
  EXPECT_EQ(result.env_steps, 120);
  EXPECT_EQ(result.metrics.num_rows(), 2u);
  EXPECT_EQ(result.returns.episodes, 1);
}

TEST(Training, IsNotResumedFromACheckpointThatWasCutShort) {
  const TemporaryFolder parent;
  apps::TrainRequest request = request_in(parent / "run");
  (void)apps::train(request, kLinearSearch, envs::make_environment, {});
  const auto checkpoint = parent.path() / "run" / "checkpoint.lockstep";
  std::filesystem::resize_file(checkpoint, std::filesystem::file_size(checkpoint) / 2);
  request.resume = true;
  EXPECT_THROW((void)apps::train(request, kLinearSearch, envs::make_environment, {}), Error);
}

TEST(Training, EvaluatesTheSavedAgentToTheSameReturns) {
  const TemporaryFolder parent;
  const apps::TrainRequest request = request_in(parent / "run");
  const apps::TrainResult result = apps::train(request, kLinearSearch, envs::make_environment, {});
  const auto agent = apps::load_agent(read_run(request.folder), request.run, kLinearSearch, envs::make_environment, {});
  EXPECT_EQ(apps::evaluate(*agent, 1).front().states, result.episodes.front().states);
}

TEST(InterruptGuard, RemembersASignalAndGivesTheUsualEffectBack) {
  {
    const apps::InterruptGuard guard;
    EXPECT_FALSE(apps::is_interrupted());
    std::raise(SIGTERM);
    EXPECT_TRUE(apps::is_interrupted());
    EXPECT_THROW(apps::stop_if_interrupted(), apps::Interrupted);
  }
  EXPECT_EXIT(std::raise(SIGTERM), testing::KilledBySignal(SIGTERM), "");
}

}  // namespace
}  // namespace lockstep
