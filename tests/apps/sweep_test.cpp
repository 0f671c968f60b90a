// Tests sweeps: every seed's bits are those of a single run, whatever the number of jobs and however often it stopped.
#include "apps/sweep.h"
#include "apps/interrupt.h"
#include "apps/sweep_report.h"
#include "engine/atomic_file.h"
#include "engine/error.h"
#include "envs/env.h"
#include "tests/apps/linear_search.h"
#include "tests/engine/temporary_folder.h"

#include <atomic>
#include <csignal>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace lockstep::apps {
namespace {

ResolvedRun resolved(std::uint64_t seed = 0) {
  Settings given;
  given.set("task", {std::string("pendulum-v1"), "test"});
  given.set("seed", {static_cast<std::int64_t>(seed), "test"});
  return resolve_run(given, [](const std::string&) { return kLinearSearch.defaults(); });
}

SweepRequest request_in(const std::filesystem::path& folder, std::vector<std::uint64_t> seeds) {
  SweepRequest request;
  request.run = resolved();
  request.seeds = std::move(seeds);
  request.folder = folder;
  return request;
}

SweepResult sweep(const SweepRequest& request, const SweepObserver& observer = {}) {
  return run_sweep(request, kLinearSearch, envs::make_environment, observer);
}

std::vector<std::byte> agent_of(const std::filesystem::path& folder) { return read_run(folder).state.value().agent; }

std::vector<std::byte> agent_of_single_run(std::uint64_t seed) {
  const TemporaryFolder folder;
  TrainRequest request{resolved(seed), folder / "run"};
  (void)train(request, kLinearSearch, envs::make_environment, {});
  return agent_of(folder / "run");
}

class SweepWithJobs : public testing::TestWithParam<int> {};

TEST_P(SweepWithJobs, LeavesTheBitsOfSingleRuns) {
  const TemporaryFolder folder;
  SweepRequest request = request_in(folder / "sweep", {0, 3, 4});
  request.jobs = GetParam();
  const SweepResult result = sweep(request);
  ASSERT_EQ(result.runs.size(), 3u);
  EXPECT_FALSE(result.is_interrupted);
  for (size_t k = 0; k < 3; ++k) {
    EXPECT_EQ(result.runs[k].seed, request.seeds[k]);
    EXPECT_EQ(agent_of(result.runs[k].request.folder), agent_of_single_run(request.seeds[k]));
  }
  EXPECT_NE(result.runs[0].result.returns.mean, result.runs[1].result.returns.mean);
}

INSTANTIATE_TEST_SUITE_P(Sweep, SweepWithJobs, testing::Values(1, 2, 8));

// A signal at a certain iteration of the whole sweep, wherever that falls.
class StruckSweep : public testing::TestWithParam<int> {};

TEST_P(StruckSweep, GoesOnWithWhatIsMissingToTheSameBits) {
  const TemporaryFolder folder;
  SweepRequest request = request_in(folder / "sweep", {1, 2, 5});
  request.jobs = 2;
  {
    const InterruptGuard guard;
    int calls = GetParam();
    SweepObserver observer;
    observer.iteration = [&](std::uint64_t, std::int64_t, const std::vector<agents::Metric>&) {
      if (--calls == 0) std::raise(SIGTERM);
    };
    EXPECT_TRUE(sweep(request, observer).is_interrupted);
  }
  request.resume = true;
  request.seeds = read_sweep(request.folder).seeds;
  const InterruptGuard guard;  // forgets the signal
  const SweepResult result = sweep(request);
  EXPECT_FALSE(result.is_interrupted);
  ASSERT_EQ(result.runs.size(), 3u);
  for (const SeedRun& run : result.runs) {
    EXPECT_EQ(run.result.iterations, 6);
    EXPECT_EQ(agent_of(run.request.folder), agent_of_single_run(run.seed));
  }
}

INSTANTIATE_TEST_SUITE_P(Sweep, StruckSweep, testing::Values(1, 7, 13, 17));

TEST(Sweep, KeepsItsSeedsAndSettings) {
  const TemporaryFolder folder;
  SweepRequest request = request_in(folder / "sweep", {2, 3, 4, 9});
  request.run.agent.set("wanted_iterations", {std::int64_t{1}, "test"});
  (void)sweep(request);
  const SavedSweep saved = read_sweep(request.folder);
  EXPECT_EQ(saved.seeds, request.seeds);
  EXPECT_EQ(saved.config.to_toml(), without_key(request.run.all(), "seed").to_toml());
}

TEST(Sweep, RefusesAgentSettingsBeforeAnythingIsWritten) {
  const TemporaryFolder parent;
  SweepRequest request = request_in(parent / "sweep", {0, 1});
  request.run.agent.set("noise", {-1.0, "--set noise=-1"});
  EXPECT_THROW((void)sweep(request), Error);
  EXPECT_TRUE(std::filesystem::is_empty(parent.path()));
}

TEST(Sweep, TakesThePlaceOfAnotherOnlyWhenTold) {
  const TemporaryFolder folder;
  SweepRequest request = request_in(folder / "sweep", {0, 1});
  request.run.agent.set("wanted_iterations", {std::int64_t{1}, "test"});
  (void)sweep(request);
  EXPECT_THROW((void)sweep(request), Error);
  request.overwrite = true;
  request.seeds = {1, 2};  // seed 0 would be left from the old one
  EXPECT_THROW((void)sweep(request), Error);
  request.seeds = {0, 1, 2};
  EXPECT_EQ(sweep(request).runs.size(), 3u);
}

TEST(Sweep, RefusesAFolderThatHoldsSomethingElse) {
  const TemporaryFolder folder;
  write_file(folder / "thesis.tex", "years of work");
  SweepRequest request = request_in(folder.path(), {0});
  request.overwrite = true;
  EXPECT_THROW((void)sweep(request), Error);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(Sweep, GoesOnWithOtherSeedsWhereOneFails) {
  const TemporaryFolder folder;
  SweepRequest request = request_in(folder / "sweep", {0, 1, 2});
  std::filesystem::create_directory(request.folder);
  std::filesystem::create_directory(request.folder / "seed-1");
  write_file(request.folder / "seed-1" / "config.toml", "no = = toml");
  write_file(request.folder / "sweep.toml", "seeds = \"0..2\"\n");
  request.resume = true;
  std::vector<std::uint64_t> failed;
  SweepObserver observer;
  observer.failure = [&](std::uint64_t seed, const std::exception&) { failed.push_back(seed); };
  const SweepResult result = sweep(request, observer);
  EXPECT_EQ(failed, (std::vector<std::uint64_t>{1}));
  EXPECT_THROW(std::rethrow_exception(result.failure), Error);
  ASSERT_EQ(result.runs.size(), 2u);
  EXPECT_EQ(result.runs[1].seed, 2u);
}

TEST(Sweep, SaysThatAFolderIsNone) {
  const TemporaryFolder folder;
  EXPECT_FALSE(is_sweep(folder.path()));
  EXPECT_THROW((void)read_sweep(folder.path()), Error);
  write_file(folder / "sweep.toml", "task = \"pendulum-v1\"\n");
  EXPECT_THROW((void)read_sweep(folder.path()), Error);
}

SeedRun ended_run(std::uint64_t seed, double value, bool is_success) {
  SeedRun run{seed, {}, {}};
  run.result.is_success = is_success;
  run.result.iterations = 2;
  run.result.env_steps = 100 + static_cast<std::int64_t>(seed);
  run.result.wall_seconds = 1.5;
  run.result.returns = {1, value, value, value, {}};
  run.result.metrics.names = {"iteration", "env_steps", "return"};
  run.result.metrics.columns = {{1, 2}, {50, 100}, {0, value}};
  return run;
}

SweepResult example() {
  SweepResult result;
  for (std::uint64_t seed = 1; seed <= 8; ++seed)
    result.runs.push_back(ended_run(seed, static_cast<double>(seed), seed != 8));
  return result;
}

TEST(SweepReport, WritesEverySeedAndStatisticsAsCsv) {
  const std::string csv = sweep_csv(example());
  EXPECT_TRUE(
      csv.starts_with("seed,return,env_steps,steps_to_success,iterations,seconds,success\n1,1,101,101,2,1.5,1\n"))
      << csv;
  EXPECT_NE(csv.find("\n8,8,108,,2,1.5,0\n"), std::string::npos) << csv;
  EXPECT_NE(csv.find("\nmean,4.5,104.5,104,2,1.5,0.875\n"), std::string::npos) << csv;
  EXPECT_NE(csv.find("\niqm,4.5,104.5,104,2,1.5,1\n"), std::string::npos) << csv;
}

TEST(SweepReport, GivesOneJsonRowForTheSweep) {
  SweepRequest request = request_in("somewhere", {1, 2, 3, 4, 5, 6, 7, 8});
  SweepResult result = example();
  const JsonRow row = sweep_row(request, result);
  EXPECT_EQ(row.at("seeds"), "1..8");
  EXPECT_EQ(row.at("return_iqm"), 4.5);
  EXPECT_LT(row.at("return_iqm_low"), row.at("return_iqm"));
  EXPECT_GT(row.at("return_iqm_high"), row.at("return_iqm"));
  for (SeedRun& run : result.runs) run.result.is_success = false;
  EXPECT_TRUE(sweep_row(request, result).at("steps_to_success_mean").is_null());
}

TEST(SweepReport, DrawsACurveForEverySeedAndTheirBand) {
  SweepReport report{{}, request_in("somewhere", {1, 2, 3, 4, 5, 6, 7, 8}), example(), {}};
  report.task.success_return = 6;
  const std::string html = sweep_html(report);
  const auto count = [&html](const std::string& part) {
    size_t found = 0;
    for (size_t at = html.find(part); at != std::string::npos; at = html.find(part, at + 1)) ++found;
    return found;
  };
  EXPECT_EQ(count("<path class=\"line c1 thin\""), 8u);
  EXPECT_EQ(count("<path class=\"line c0 thick\" d=\"M62.0"), 1u);
  EXPECT_EQ(count("<path class=\"band c0\""), 1u);
  EXPECT_EQ(count("success: 6"), 1u);
  EXPECT_EQ(count("href=\"seed-8/report.html\""), 1u);
  EXPECT_EQ(count("7 of 8"), 1u);
  EXPECT_EQ(count("nan"), 0u);
}

TEST(SweepReport, IsWrittenForASweepThatWasInterruptedBeforeAnything) {
  const SweepReport report{{}, request_in("somewhere", {1}), {.is_interrupted = true, .runs = {}, .failure = {}}, {}};
  EXPECT_NE(sweep_html(report).find("interrupted"), std::string::npos);
  EXPECT_NE(sweep_csv(report.result).find("\nmean,,,,,,\n"), std::string::npos);
  EXPECT_NE(sweep_table(report.result).find("IQM"), std::string::npos);
}

}  // namespace
}  // namespace lockstep::apps
