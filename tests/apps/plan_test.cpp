// Tests `lockstep plan` as its users run it.
#include "tests/apps/child_process.h"
#include "tests/engine/temporary_folder.h"

#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace lockstep {
namespace {

ChildResult plan(std::vector<std::string> words) {
  const TemporaryFolder folder;
  words.insert(words.begin(), {LOCKSTEP_PROGRAM, "plan"});
  return run_program(words, folder.path());
}

TEST(Plan, PrintsOneRowAnEpisode) {
  const ChildResult result = plan({"pendulum-v1", "--episodes", "2", "--seed", "7", "--json", "-"});
  EXPECT_NE(result.exit_code, 2) << result.err;
  const auto end = result.out.find('\n');
  const auto first = nlohmann::json::parse(result.out.substr(0, end));
  const auto second = nlohmann::json::parse(result.out.substr(end + 1));
  for (const char* key :
       {"task", "planner", "model", "seed", "cost", "return", "success", "rate_hz", "latency_p50_ms", "latency_p99_ms"})
    EXPECT_TRUE(first.contains(key)) << key;
  EXPECT_EQ(first["seed"], 7);
  EXPECT_EQ(second["seed"], 8);
  EXPECT_GT(first["rate_hz"], 50);
  // A pendulum that is left hanging for the 200 steps of an episode returns less than -1900.
  EXPECT_GT(first["return"], -1000);
}

TEST(Plan, RepeatsItsEpisodes) {
  const std::vector<std::string> words = {"pendulum-v1",        "--planner", "mppi", "--set",
                                          "planner.samples=32", "--json",    "-"};
  const auto first = nlohmann::json::parse(plan(words).out), second = nlohmann::json::parse(plan(words).out);
  EXPECT_EQ(first["return"], second["return"]);
  EXPECT_EQ(first["cost"], second["cost"]);
}

TEST(Plan, KeepsTimeWithAPlannerBesideTheSimulation) {
  const auto begun = std::chrono::steady_clock::now();
  const ChildResult result = plan({"pendulum-v1", "--planner", "mppi", "--set", "planner.samples=64", "--set",
                                   "mpc.horizon=30", "--asynchronous", "--speed", "10", "--json", "-"});
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  ASSERT_TRUE(result.exit_code == 0 || result.exit_code == 1) << result.err;
  const auto row = nlohmann::json::parse(result.out);
  EXPECT_GE(seconds, 0.995);  // 200 steps of 50 ms, the last of which is not waited for, ten times as fast
  // Left hanging it returns less than -1900; the plans are rough, and are acted on 50 ms late at least.
  EXPECT_GT(row["return"], -1200);
  EXPECT_GT(row["plans"], 20);
  EXPECT_GE(row["age_p50_ms"], 50);
  EXPECT_EQ(row["steps_without_plan"], 0);
  for (const char* key : {"rate_hz", "latency_p50_ms", "latency_p99_ms"}) EXPECT_GT(row[key], 0) << key;
  for (const char* key : {"age_p99_ms", "age_max_ms", "missed_deadlines", "late_steps"})
    EXPECT_TRUE(row.contains(key)) << key;
}

TEST(Plan, RefusesASpeedWithoutAClock) {
  const ChildResult result = plan({"pendulum-v1", "--speed", "2"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("--asynchronous"), std::string::npos) << result.err;
}

TEST(Plan, ListsPlannersWithTheirSettings) {
  const ChildResult result = plan({"--list", "--json", "-"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  std::vector<std::string> names;
  for (size_t at = 0; at < result.out.size();) {
    const auto end = result.out.find('\n', at);
    const auto row = nlohmann::json::parse(result.out.substr(at, end - at));
    names.push_back(row["name"]);
    EXPECT_TRUE(row["settings"].contains("iterations") || row["name"] == "lqr");
    at = end + 1;
  }
  EXPECT_EQ(names, (std::vector<std::string>{"lqr", "ilqr", "ddp", "fddp", "predictive-sampling", "cem", "icem", "mppi",
                                             "cma-es", "gradient", "gradient-cem", "tube-mppi", "feedback-mppi"}));
}

TEST(Plan, WorksWithEveryPlanner) {
  for (const char* name :
       {"ilqr", "ddp", "fddp", "predictive-sampling", "cem", "icem", "mppi", "cma-es", "gradient", "gradient-cem"}) {
    const ChildResult result = plan({"pendulum-v1", "--planner", name, "--set", "mpc.horizon=30", "--json", "-"});
    ASSERT_TRUE(result.exit_code == 0 || result.exit_code == 1) << name << ": " << result.err;
    // Hanging for the whole episode returns less than -1200 from most starts.
    EXPECT_GT(nlohmann::json::parse(result.out)["return"], -1000) << name;
  }
}

TEST(Plan, SaysThatATaskIsMissing) {
  const ChildResult result = plan({});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("no task was given"), std::string::npos) << result.err;
}

TEST(Plan, RefusesDiscreteActions) {
  const ChildResult result = plan({"cartpole-v1"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.out, "");
  EXPECT_NE(result.err.find("the actions of cartpole-v1 are discrete"), std::string::npos) << result.err;
}

TEST(Plan, RefusesSettingsOfOthers) {
  const ChildResult result = plan({"pendulum-v1", "--set", "model.degree=3"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("unknown key 'model.degree'"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("where: --set model.degree=3"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace lockstep
